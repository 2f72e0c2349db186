/*
 * The state of the system for programs that collect numbers.
 */
#ifndef ANSHIN_CORE_STATUS_STATUS_OPENMETRICS_H
#define ANSHIN_CORE_STATUS_STATUS_OPENMETRICS_H

#include "core/status/status.h"

/* OpenMetrics 1.0, in pool. */
#define ANSHIN_OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
const char *anshin_status_openmetrics(const anshin_status_t *status, apr_pool_t *pool);

#endif
