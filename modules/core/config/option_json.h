/*
 * Options as JSON.
 */
#ifndef ANSHIN_CORE_CONFIG_OPTION_JSON_H
#define ANSHIN_CORE_CONFIG_OPTION_JSON_H

#include <jansson.h>

#include "core/config/option.h"

/* To and from a JSON object {"AnshinPasswordMinLength": "8", "AnshinTerminalKinds": ["pc"], ...}: values as written, so
 * that one parser serves; kinds that take several arguments are arrays; "" and [] stand for "not given". New reference
 * out, NULL when memory ran out. From: unknown keys and bad values are ANSHIN_EINVALID. */
json_t *anshin_options_to_json(const void *structure, const anshin_option_t *options, apr_pool_t *pool);
apr_status_t anshin_options_from_json(void *structure, const anshin_option_t *options, json_t *json,
                                      anshin_error_t *err, apr_pool_t *pool);

#endif
