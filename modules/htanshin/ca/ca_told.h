/*
 * Who has done what with a CA, told to the trail (AUD-1). Private to this folder.
 */
#ifndef ANSHIN_HTANSHIN_CA_CA_TOLD_H
#define ANSHIN_HTANSHIN_CA_CA_TOLD_H

#include "core/keeping/outside.h"
#include "htanshin/command.h"

/* Open what hears of it, before anything is done: the store, once httpd has been started here; before that there is
 * none. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_ca_hear(anshin_call_t *call);

/* Tell of an act with the CA of a name, and do it, as anshin_outside_tell(); without a store do it alone. */
apr_status_t anshin_ca_tell(anshin_call_t *call, anshin_act_t act, const char *name, anshin_outside_fn *effect,
                            void *baton);

#endif
