/*
 * What an operator writes, tried before anybody needs it: every mail of a contract in every language, rendered once
 * with sample data and formatted; every page template of its AnshinTemplateDir; the texts of its AnshinTextDir; its
 * AnshinNotice.
 *
 * Configtest and start refuse what does not pass, the worker and `htanshin check` tell of it with the rights that they
 * have themselves (a file that only root can read fails there).
 */
#ifndef ANSHIN_CORE_MAIL_TRIAL_H
#define ANSHIN_CORE_MAIL_TRIAL_H

#include "core/config/config.h"

/* trouble: what cannot be rendered and why, with its file. */
typedef void anshin_trial_tell_fn(void *baton, const anshin_contract_t *contract, const anshin_error_t *trouble);

/* How many troubles there are; each is told. */
int anshin_trial_contract(const anshin_config_t *config, const anshin_contract_t *contract, anshin_trial_tell_fn *tell,
                          void *baton, apr_pool_t *pool);

/* The same for every contract. */
int anshin_trial_all(const anshin_config_t *config, anshin_trial_tell_fn *tell, void *baton, apr_pool_t *pool);

#endif
