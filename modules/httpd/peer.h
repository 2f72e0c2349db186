/*
 * The client certificate of a connection (LOG-2, LOG-3, S20): asked for on the virtual host, judged once a connection,
 * and held as of now. mod_ssl runs the connection and tells of it by two optional hooks; without mod_ssl nobody has a
 * certificate.
 */
#ifndef ANSHIN_HTTPD_PEER_H
#define ANSHIN_HTTPD_PEER_H

#include <httpd.h>

#include "core/peer.h"
#include "core/session.h"
#include "httpd/config.h"

/* In register_hooks. */
void anshin_peer_hooks(void);

/* The certificate of a request's connection as of now; never NULL. */
const anshin_peer_t *anshin_peer_of(request_rec *r);

/* What the TLS connection remembers of the last session (core/session.h), for the time of one look; NULL when there is
 * nothing or another request of the same HTTP/2 connection has it just now. To be given back. */
anshin_session_memo_t *anshin_peer_memo_take(const request_rec *r);
void anshin_peer_memo_give_back(const request_rec *r, anshin_session_memo_t *memo);

/* Requests on a TLS connection that is not for their host: 421. unasked: the host asks for certificates, and this
 * connection was never asked. strays: the host does not ask, and this connection has shown a certificate to one that
 * does; it must not count where mod_ssl may verify by rules of its own (S33). */
int anshin_peer_unasked(const request_rec *r);
int anshin_peer_strays(const request_rec *r);

/* 1 when this TLS connection was asked for a certificate by us. */
int anshin_peer_asked(const request_rec *r);

/* 1 when the request came by HTTP/2 over TLS 1.2 with a certificate that is not good: mod_ssl's state cannot be kept
 * true there, and the request must be sent again by HTTP/1.1 (RFC 9113 section 7, HTTP_1_1_REQUIRED), which browsers do
 * by themselves. */
int anshin_peer_needs_http1(const request_rec *r);

/* The connection that the client opened ends after the answer to r (env.h, anshin_auth_close). */
void anshin_peer_close(request_rec *r);

#endif
