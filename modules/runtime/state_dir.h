/*
 * The state directory: who may touch what of it (S31, S36).
 *
 *   STATE        root:GROUP 0750    names in it are root's alone
 *   STATE/ca     SIGNER:GROUP 0750  the signer's
 *   STATE/store, slots, run, mail, crl
 *                root:GROUP 2770    the group's: httpd's children, the CA worker, the command
 *   STATE/seal.key, config.json     root:GROUP 0640
 *
 * Where nobody is root, all of it is one user's. Everything is reached by descriptor, and no link is followed.
 */
#ifndef ANSHIN_RUNTIME_STATE_DIR_H
#define ANSHIN_RUNTIME_STATE_DIR_H

#include <sys/types.h>

#include "core/config.h"

/* Whose it is, where root asks; else neither counts. */
typedef struct anshin_state_owners_t {
    gid_t group;
    uid_t signer;
} anshin_state_owners_t;

/* The owners that the configuration names. APR_SUCCESS; ANSHIN_EINVALID (no such group or user, with the command that
 * makes it); ANSHIN_EFAULT. */
apr_status_t anshin_state_owners_find(anshin_state_owners_t *owners, const anshin_server_t *server,
                                      anshin_error_t *err);

typedef enum anshin_state_act_t {
    ANSHIN_STATE_LOOK, /* change nothing; what is not there yet is no mistake, but for a seal key that was lost */
    ANSHIN_STATE_MAKE, /* make what is missing; a STATE that its group could write is closed once */
    ANSHIN_STATE_MEND  /* and give everything its owner and mode, after a restore for instance */
} anshin_state_act_t;

/* Open a file for reading. One that lies below STATE is reached from its descriptor, name by name, and no link is
 * followed: ca/ is the signer's, whom root must not follow (S36). Any other lies where the operator says. APR_SUCCESS
 * with *fd; ANSHIN_ENOTFOUND (err is set too); ANSHIN_EINVALID (a link below STATE, or no regular file); ANSHIN_EFAULT.
 */
apr_status_t anshin_state_open(int *fd, const char *state_dir, const char *path, anshin_error_t *err, apr_pool_t *pool);

/* Look at the directory, or make it right. done: texts of what was changed, for people; NULL where nobody asks.
 * A seal key that is missing though the store holds something is never replaced by a new one.
 * APR_SUCCESS; ANSHIN_EINVALID (something is wrong that only the operator can judge: open to the world, another's, a
 * link, a lost seal key; the error says what to do); ANSHIN_EDENIED (we may not look); ANSHIN_EFAULT. */
apr_status_t anshin_state_dir(const char *state_dir, const anshin_state_owners_t *owners, anshin_state_act_t act,
                              apr_array_header_t *done, anshin_error_t *err, apr_pool_t *pool);

#endif
