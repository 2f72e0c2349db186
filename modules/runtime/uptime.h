/*
 * For how long this machine has run: the second clock of housekeeping (core/context/agreed.h).
 */
#ifndef ANSHIN_RUNTIME_UPTIME_H
#define ANSHIN_RUNTIME_UPTIME_H

#include "core/context/op.h"

/* APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_uptime_open(const anshin_uptime_t **uptime, anshin_error_t *err, apr_pool_t *pool);

#endif
