/*
 * AnshinTrustedProxy and AnshinClientCertHeader, when the configuration is checked (APP-2). A virtual host has its own
 * of each, or that of the main server.
 */
#ifndef ANSHIN_AUTH_PROXIES_H
#define ANSHIN_AUTH_PROXIES_H

#include <httpd.h>

#include "core/config/config.h"
#include "core/web/client_cert.h"

/* Whose header with the client's certificate a host believes, and which that is (auth/trusted_proxy.h). */
typedef struct anshin_proxies_t {
    apr_array_header_t *networks; /* of apr_ipsubnet_t *: AnshinTrustedProxy */
    const char *header;           /* AnshinClientCertHeader */
    anshin_client_cert_format_t format;
} anshin_proxies_t;

/* 1: a virtual host may have the option of its own. */
int anshin_proxies_is_of_host(const anshin_option_t *option);

/* Of a host. own: what it has of its own, or NULL. given: what the main server has. APR_SUCCESS or ANSHIN_EINVALID. */
apr_status_t anshin_proxies_read(anshin_proxies_t **proxies, const anshin_server_t *own, const anshin_server_t *given,
                                 anshin_error_t *err, apr_pool_t *pconf);

/* Has the header another name than Client-Cert, which is dropped in any case? */
int anshin_proxies_is_named(const anshin_proxies_t *proxies);

/* At configtest and start: warn of what makes own, that of a host, weaker or useless: networks (S22), and, where no
 * host believes anybody, a header. What the first says is among the configuration's sightings as well. */
void anshin_proxies_warn(const anshin_config_t *config, const anshin_server_t *own, int any, server_rec *server);

/* Where some host believes a proxy: warn of a missing mod_remoteip (LCK-4), also among the sightings. */
void anshin_proxies_warn_addresses(const anshin_config_t *config, server_rec *server);

#endif
