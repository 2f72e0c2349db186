/*
 * All that lies in a directory of the state directory, given its group and mode.
 */
#ifndef ANSHIN_RUNTIME_STATE_MEND_H
#define ANSHIN_RUNTIME_STATE_MEND_H

#include "runtime/state_walk.h"

/* Whose a directory is, and all that lies in it. */
typedef enum anshin_state_keeper_t {
    ANSHIN_KEEPER_GROUP,  /* nobody's alone */
    ANSHIN_KEEPER_SIGNER, /* the group reads certificates */
    ANSHIN_KEEPER_WORKER  /* the group reads */
} anshin_state_keeper_t;

/* Its user; (uid_t)-1: whoever it is, or it is not known. */
uid_t anshin_state_keeper(const anshin_state_walk_t *walk, anshin_state_keeper_t keeper);

/* directory: open, and called name. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_state_mend(const anshin_state_walk_t *walk, int directory, const char *name,
                               anshin_state_keeper_t keeper);

#endif
