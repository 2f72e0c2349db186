/*
 * The state directory: who may touch what of it (S31, S36).
 *
 *   STATE        root:GROUP 0750    names in it are root's alone
 *   STATE/ca     SIGNER:GROUP 0750  the signer's
 *   STATE/store, slots, run, mail, crl
 *                root:GROUP 2770    the group's: httpd's children, the CA worker, the command
 *   STATE/audit  WORKER:GROUP 0750  the CA worker's: the group reads
 *   STATE/seal.key, seal.key.new, seal.key.old, config.json
 *                root:GROUP 0640
 *
 * Where nobody is root, all of it is one user's. Everything is reached by descriptor, and no link is followed.
 */
#ifndef ANSHIN_RUNTIME_STATE_DIR_H
#define ANSHIN_RUNTIME_STATE_DIR_H

#include "core/config/config.h"
#include "runtime/state_walk.h"

/* The owners that the configuration names. APR_SUCCESS; ANSHIN_EINVALID (no such group or user, with the command that
 * makes it); ANSHIN_EFAULT. */
apr_status_t anshin_state_owners_find(anshin_state_owners_t *owners, const anshin_server_t *server,
                                      anshin_error_t *err);

/* Look at the directory, or make it right. done: texts of what was changed, for people; NULL where nobody asks.
 * A seal key that is missing though the store holds something is never replaced by a new one.
 * APR_SUCCESS; ANSHIN_EINVALID (something is wrong that only the operator can judge: open to the world, another's, a
 * link, a lost seal key; the error says what to do); ANSHIN_EDENIED (we may not look); ANSHIN_EFAULT. */
apr_status_t anshin_state_dir(const char *state_dir, const anshin_state_owners_t *owners, anshin_state_act_t act,
                              apr_array_header_t *done, anshin_error_t *err, apr_pool_t *pool);

#endif
