/*
 * A walk through the state directory: what is asked of it, and how one thing in it is judged, told of and changed.
 */
#ifndef ANSHIN_RUNTIME_STATE_WALK_H
#define ANSHIN_RUNTIME_STATE_WALK_H

#include <sys/stat.h>

#include <apr_tables.h>

#include "core/base/anshin.h"

/* Whose it is, where root asks; else neither counts. */
typedef struct anshin_state_owners_t {
    gid_t group;
    uid_t signer;
    uid_t worker; /* (uid_t)-1: not known yet */
} anshin_state_owners_t;

typedef enum anshin_state_act_t {
    ANSHIN_STATE_LOOK, /* change nothing; what is not there yet is no mistake, but for a seal key that was lost */
    ANSHIN_STATE_MAKE, /* make what is missing; a STATE that its group could write is closed once */
    ANSHIN_STATE_MEND  /* and give everything its owner and mode, after a restore for instance */
} anshin_state_act_t;

typedef struct anshin_state_walk_t {
    const char *path;
    int fd; /* of STATE */
    anshin_state_act_t act;
    int root;
    const anshin_state_owners_t *owners;
    apr_array_header_t *done;
    anshin_error_t *err;
    apr_pool_t *pool;
} anshin_state_walk_t;

/* The path of a name in STATE, for messages; "": of STATE. */
const char *anshin_state_path(const anshin_state_walk_t *walk, const char *name);

/* Put down what was changed, or left. */
void anshin_state_tell(const anshin_state_walk_t *walk, const char *text);

/* The failure that errno tells: ANSHIN_EFAULT, or ANSHIN_EDENIED where somebody else only looks. */
apr_status_t anshin_state_failed(const anshin_state_walk_t *walk, const char *what, const char *name);

/* Give it its owner (-1: keep), the group and this mode, by descriptor; nothing where we only look. */
apr_status_t anshin_state_set(const anshin_state_walk_t *walk, int fd, const char *name, const struct stat *seen,
                              uid_t uid, mode_t mode);

#endif
