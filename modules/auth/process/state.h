/*
 * The state directory, as httpd starts.
 */
#ifndef ANSHIN_AUTH_STATE_H
#define ANSHIN_AUTH_STATE_H

#include <httpd.h>

#include "core/config/config.h"

/* Looked at by configtest; and made, with what httpd writes into it (S31). *group: whom it belongs to, where root
 * starts httpd. APR_SUCCESS, or the cause in err. */
apr_status_t anshin_state_check(const anshin_config_t *config, anshin_error_t *err, apr_pool_t *ptemp);
apr_status_t anshin_state_prepare(const anshin_config_t *config, gid_t *group, server_rec *server, anshin_error_t *err,
                                  apr_pool_t *ptemp);

#endif
