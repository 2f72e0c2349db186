/*
 * Seal key and configuration of the state directory.
 */
#ifndef ANSHIN_RUNTIME_STATE_FILES_H
#define ANSHIN_RUNTIME_STATE_FILES_H

#include "runtime/state_walk.h"

/* Make or check them, as the walk is to do. A seal key that is missing though the store holds something is never
 * replaced. APR_SUCCESS, ANSHIN_EINVALID, ANSHIN_EDENIED, ANSHIN_EFAULT as of anshin_state_dir(). */
apr_status_t anshin_state_files(const anshin_state_walk_t *walk);

#endif
