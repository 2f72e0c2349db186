/*
 * One worker at a time: the lock in the state directory.
 */
#ifndef ANSHIN_CA_INSTANCE_LOCK_H
#define ANSHIN_CA_INSTANCE_LOCK_H

#include "core/base/anshin.h"

/* Wait for our turn: STATE/run/ca.lock, held until the process ends. Ends early when a signal comes (signals, a
 * signalfd) or lifeline (-1: none) closes. Not to be called as root. APR_SUCCESS; APR_EOF (told to end);
 * ANSHIN_EFAULT. */
apr_status_t anshin_instance_lock_take(const char *state_dir, int signals, int lifeline, anshin_error_t *err,
                                       apr_pool_t *pool);

#endif
