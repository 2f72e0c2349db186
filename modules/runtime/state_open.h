/*
 * Files of the state directory, opened for reading by a process that may be root.
 */
#ifndef ANSHIN_RUNTIME_STATE_OPEN_H
#define ANSHIN_RUNTIME_STATE_OPEN_H

#include "core/base/anshin.h"

/* Open a file for reading. One that lies below STATE is reached from its descriptor, name by name, and no link is
 * followed: ca/ is the signer's, whom root must not follow (S36). Any other lies where the operator says. APR_SUCCESS
 * with *fd; ANSHIN_ENOTFOUND (err is set too); ANSHIN_EINVALID (a link below STATE, or no regular file); ANSHIN_EFAULT.
 */
apr_status_t anshin_state_open(int *fd, const char *state_dir, const char *path, anshin_error_t *err, apr_pool_t *pool);

#endif
