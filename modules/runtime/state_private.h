/*
 * What the files of state_dir.h share. Private to modules/runtime.
 */
#ifndef ANSHIN_RUNTIME_STATE_PRIVATE_H
#define ANSHIN_RUNTIME_STATE_PRIVATE_H

#include <sys/stat.h>

#include "runtime/state_dir.h"

typedef struct walk_t {
    const char *path;
    int fd; /* of STATE */
    anshin_state_act_t act;
    int root;
    const anshin_state_owners_t *owners;
    apr_array_header_t *done;
    anshin_error_t *err;
    apr_pool_t *pool;
} walk_t;

/* The path of a name in STATE, for messages; "": of STATE. */
const char *anshin_state_path(const walk_t *walk, const char *name);

/* Put down what was changed, or left. */
void anshin_state_tell(const walk_t *walk, const char *text);

/* The failure that errno tells: ANSHIN_EFAULT, or ANSHIN_EDENIED where somebody else only looks. */
apr_status_t anshin_state_failed(const walk_t *walk, const char *what, const char *name);

/* Give it its owner (-1: keep), the group and this mode, by descriptor; nothing where we only look. */
apr_status_t anshin_state_set(const walk_t *walk, int fd, const char *name, const struct stat *seen, uid_t uid,
                              mode_t mode);

/* state_files.c: seal key and configuration of STATE. */
apr_status_t anshin_state_files(const walk_t *walk);

/* state_mend.c: all that lies in a directory of STATE. signers: it is the CA's. */
apr_status_t anshin_state_mend(const walk_t *walk, int directory, const char *name, int signers);

#endif
