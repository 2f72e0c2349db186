/*
 * Whom a process becomes: users, groups and root left for good (S30).
 */
#ifndef ANSHIN_RUNTIME_PRIVILEGE_H
#define ANSHIN_RUNTIME_PRIVILEGE_H

#include <sys/types.h>

#include "core/base/anshin.h"

/* An entry of the user database. name is the caller's text. */
typedef struct anshin_unix_user_t {
    const char *name;
    uid_t uid;
    gid_t gid; /* primary group */
} anshin_unix_user_t;

/* APR_SUCCESS; ANSHIN_EINVALID (there is no such user or group, or it is root, or root's); ANSHIN_EFAULT. For
 * single-threaded times. */
apr_status_t anshin_unix_user_find(anshin_unix_user_t *user, const char *name, anshin_error_t *err);
apr_status_t anshin_unix_group_find(gid_t *gid, const char *name, anshin_error_t *err);

/* Become the user, in this group; supplementary 1: with the groups that the user database gives it, 0: with none.
 * For good: that there is no way back is tried. APR_SUCCESS or ANSHIN_EFAULT, after which the process must end. */
apr_status_t anshin_privilege_drop(const anshin_unix_user_t *user, gid_t gid, int supplementary, anshin_error_t *err);

/* Root works as the user, in this group and no other, until anshin_privilege_resume(): for one small step in a
 * directory that others may write. Who is not root stays who it is. APR_SUCCESS or ANSHIN_EFAULT, after which the
 * process must end. */
apr_status_t anshin_privilege_lend(uid_t uid, gid_t gid, anshin_error_t *err);
apr_status_t anshin_privilege_resume(anshin_error_t *err);

/* For good, and in no other group: whom the process works as. For a child of one that was lent to somebody. Root that
 * was lent to nobody stays root, and who is not root stays who it is. That there is no way back is tried. APR_SUCCESS
 * or ANSHIN_EFAULT, after which the process must end. */
apr_status_t anshin_privilege_settle(anshin_error_t *err);

#endif
