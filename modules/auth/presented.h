/*
 * The client certificate of a connection (LOG-2, LOG-3, S20): asked for on the virtual host, judged once a connection,
 * and held as of now. mod_ssl runs the connection and tells of it by two optional hooks; without mod_ssl nobody has a
 * certificate.
 */
#ifndef ANSHIN_AUTH_PRESENTED_H
#define ANSHIN_AUTH_PRESENTED_H

#include <httpd.h>

#include "auth/connection_cache.h"
#include "core/base/presented.h"
#include "auth/config/config.h"

/* In register_hooks. */
void anshin_presented_hooks(void);

/* The certificate of a request's connection as of now; never NULL. */
const anshin_presented_t *anshin_presented_of(request_rec *r);

/* What it is for a contract: one of another contract's CA is foreign, and one that may be of a CA that could not be
 * read cannot be judged. presented may be from anywhere; contract NULL: as it is. */
const anshin_presented_t *anshin_presented_for(const anshin_contract_t *contract, const anshin_presented_t *presented,
                                               apr_pool_t *pool);

/* What the TLS connection remembers of the last session, for the time of one look; NULL when there is nothing or
 * another request of the same HTTP/2 connection has it just now. To be given back. */
anshin_connection_cache_t *anshin_presented_cache_take(const request_rec *r);
void anshin_presented_cache_give_back(const request_rec *r, anshin_connection_cache_t *cache);

/* Requests on a TLS connection that is not for their host: 421. unasked: the host asks for certificates, and this
 * connection was never asked. strays: the host does not ask, and this connection has shown a certificate to one that
 * does; it must not count where mod_ssl may verify by rules of its own (S33). */
int anshin_presented_unasked(const request_rec *r);
int anshin_presented_strays(const request_rec *r);

/* 1 when this TLS connection was asked for a certificate by us. */
int anshin_presented_asked(const request_rec *r);

/* 1 when the request came by HTTP/2 over TLS 1.2 with a certificate that is not good: mod_ssl's state cannot be kept
 * true there, and the request must be sent again by HTTP/1.1 (RFC 9113 section 7, HTTP_1_1_REQUIRED), which browsers do
 * by themselves. */
int anshin_presented_needs_http1(const request_rec *r);

/* The connection that the client opened ends after the answer to r (env.h, anshin_auth_close). */
void anshin_presented_close(request_rec *r);

#endif
