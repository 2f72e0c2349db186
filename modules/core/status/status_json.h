/*
 * The state of the system for programs.
 */
#ifndef ANSHIN_CORE_STATUS_STATUS_JSON_H
#define ANSHIN_CORE_STATUS_STATUS_JSON_H

#include <jansson.h>

#include "core/status/status.h"

/* A new reference; NULL: no memory. */
json_t *anshin_status_json(const anshin_status_t *status);

#endif
