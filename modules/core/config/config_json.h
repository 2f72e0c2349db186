/*
 * The effective configuration as JSON: httpd writes it, worker and command read it.
 */
#ifndef ANSHIN_CORE_CONFIG_CONFIG_JSON_H
#define ANSHIN_CORE_CONFIG_CONFIG_JSON_H

#include <jansson.h>

#include "core/config/config.h"

/* The snapshot: {"version":1,"server":{...},"contracts":[{"name":...,"preset":...,"policy":{...}}]},
 * "httpd_uid", and "inside" and "findings" where there is something to tell. New reference. */
json_t *anshin_config_to_json(const anshin_config_t *config, apr_pool_t *pool);

/* Read it back, checked like directives. ANSHIN_EINVALID names what is wrong. */
apr_status_t anshin_config_from_json(anshin_config_t **config, json_t *json, anshin_error_t *err, apr_pool_t *pool);

#endif
