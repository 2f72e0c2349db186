/*
 * The addresses and networks of AnshinTrustedProxy, when the configuration is checked (APP-2).
 */
#ifndef ANSHIN_AUTH_PROXIES_H
#define ANSHIN_AUTH_PROXIES_H

#include <httpd.h>

#include "core/base/anshin.h"

/* *networks: of apr_ipsubnet_t *. APR_SUCCESS or ANSHIN_EINVALID. */
apr_status_t anshin_proxies_read(apr_array_header_t **networks, const apr_array_header_t *addresses,
                                 anshin_error_t *err, apr_pool_t *pconf);

/* At configtest and start: warn of what makes them weaker or useless, networks (S22) and a missing mod_remoteip
 * (LCK-4). */
void anshin_proxies_warn(const apr_array_header_t *addresses, server_rec *server);

#endif
