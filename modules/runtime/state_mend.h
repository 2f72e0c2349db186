/*
 * All that lies in a directory of the state directory, given its group and mode.
 */
#ifndef ANSHIN_RUNTIME_STATE_MEND_H
#define ANSHIN_RUNTIME_STATE_MEND_H

#include "runtime/state_walk.h"

/* directory: open, and called name. signers: 1 when it is the CA's. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_state_mend(const anshin_state_walk_t *walk, int directory, const char *name, int signers);

#endif
