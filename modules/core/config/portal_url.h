/*
 * The address of a contract's portal, taken apart once so that links, cookies and redirects agree on it.
 */
#ifndef ANSHIN_CORE_CONFIG_PORTAL_URL_H
#define ANSHIN_CORE_CONFIG_PORTAL_URL_H

#include "core/base/anshin.h"

/* Take apart an absolute https URL (RFC 3986) without user, query and fragment. *origin: "https://host[:port]", host in
 * lower case, the port left out when it is 443. *base: path without trailing slash, "" for the root; of unreserved
 * characters and '/', without empty, "." or ".." segments. In pool. 1, or 0 when url is no such thing. */
int anshin_portal_url_split(const char *url, const char **origin, const char **base, apr_pool_t *pool);

/* The https origin of what a request names as its host, written as anshin_portal_url_split() writes it. host: a name or
 * an address, IPv6 without brackets; NULL: none was sent, which is no origin (""). port: 0: none was sent. In pool. */
const char *anshin_portal_origin(const char *host, int port, apr_pool_t *pool);

#endif
