/*
 * What a process may do: users, limits, descriptors (S30).
 */
#ifndef ANSHIN_CA_PROCESS_H
#define ANSHIN_CA_PROCESS_H

#include <sys/types.h>

#include "core/anshin.h"

/* An entry of the user database. name is the caller's text. */
typedef struct anshin_process_user_t {
    const char *name;
    uid_t uid;
    gid_t gid; /* primary group */
} anshin_process_user_t;

/* APR_SUCCESS; ANSHIN_EINVALID (there is no such user or group, or it is root, or root's); ANSHIN_EFAULT. For
 * single-threaded times. */
apr_status_t anshin_process_find_user(anshin_process_user_t *user, const char *name, anshin_error_t *err);
apr_status_t anshin_process_find_group(gid_t *gid, const char *name, anshin_error_t *err);

/* Become the user, in this group; supplementary 1: with the groups that the user database gives it, 0: with none.
 * For good: that there is no way back is tried. APR_SUCCESS or ANSHIN_EFAULT, after which the process must end. */
apr_status_t anshin_process_become(const anshin_process_user_t *user, gid_t gid, int supplementary,
                                   anshin_error_t *err);

/* No core dump and no debugger may show a key; call it after anshin_process_become(), which undoes a part.
 * APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_process_hide(anshin_error_t *err);

/* Programs that are started from now on gain no rights by set-user-ID. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_process_confine(anshin_error_t *err);

/* From now on: no file is opened, no socket, no other program or process begun, no other process looked into; each
 * is refused with EPERM (seccomp(2); on x86-64 and AArch64, elsewhere nothing happens). anshin_process_confine()
 * comes first. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_process_enclose(anshin_error_t *err);

/* Whatever the parent left open beyond the standard three is closed. */
void anshin_process_close_inherited(void);

#endif
