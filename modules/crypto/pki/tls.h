/*
 * What the module needs of a TLS connection that mod_ssl runs: to ask for a client certificate, and to know what came
 * of it. OpenSSL's types are named here, not included.
 *
 * Why it is done this way: a certificate must be asked for by the virtual host (TLS 1.3 and HTTP/2 have no
 * renegotiation), and one that is expired or foreign must not end the handshake, or no page could explain it. So every
 * certificate passes the handshake, and is judged here, before any request runs; the truth is then written back to the
 * connection.
 */
#ifndef ANSHIN_CRYPTO_TLS_H
#define ANSHIN_CRYPTO_TLS_H

#include "core/base/presented.h"
#include "crypto/pki/x509.h"

struct ssl_st;
struct ssl_ctx_st;
struct x509_st;

/* At start, for the SSL_CTX of a virtual host (mod_ssl's hook init_server): ask every client for a certificate of these
 * CAs and let whatever it shows through the first handshake. A later one (renegotiation, post-handshake authentication)
 * is a place's that verifies by itself, and OpenSSL verifies there as it does without us. trust keeps a reference to
 * the SSL_CTX until its pool is cleared, and must live as long as connections are made. Not thread safe. APR_SUCCESS,
 * also when asked again with the same trust; ANSHIN_EINVALID (the SSL_CTX verifies clients already, by SSLVerifyClient
 * or for another trust: two answers to one question); ANSHIN_EFAULT. */
apr_status_t anshin_tls_ask(struct ssl_ctx_st *ctx, anshin_trust_t *trust, anshin_error_t *err);

/* Keep the connection's SSL until the pool is cleared. mod_ssl frees its own as soon as a handshake fails or a
 * connection breaks, and whoever remembers it from the hook pre_handshake would read freed memory then.
 * APR_SUCCESS or ANSHIN_EFAULT: it is not kept. */
apr_status_t anshin_tls_keep(struct ssl_st *ssl, apr_pool_t *pool);

/* 1 when this connection was asked for a certificate of this trust: the SSL_CTX it ended at (after SNI) is one that
 * anshin_tls_ask() has set up. Resumed sessions count: mod_ssl binds a session to the virtual host that it began at.
 * 0 is answered with 421 (Misdirected Request, RFC 9110 15.5.20). Thread safe. */
int anshin_tls_was_asked(const struct ssl_st *ssl, const anshin_trust_t *trust);

/* Judge the certificate of a connection, once, after the handshake and before its first request, and write the true
 * result back (SSL_set_verify_result), so that SSL_CLIENT_VERIFY and `Require ssl-verify-client` tell it as well.
 * Answers as anshin_x509_check(); without a certificate the state is ANSHIN_PRESENTED_NONE. */
apr_status_t anshin_tls_presented(anshin_presented_t *facts, struct ssl_st *ssl, const anshin_trust_t *trust,
                                  apr_time_t now, anshin_error_t *err, apr_pool_t *pool);

/* The certificate that the connection has now, kept until the pool is cleared; NULL: none. To be compared, not read. */
const struct x509_st *anshin_tls_certificate(const struct ssl_st *ssl, apr_pool_t *pool);

/* Of a certificate that was judged: take names, serial and extensions out of it, and all of the chain that came with
 * it, so that nobody else who reads them off the connection takes them for his own proof. Key, dates and the result
 * stay: SSL_CLIENT_VERIFY tells the truth. APR_SUCCESS or ANSHIN_EFAULT: the connection must not serve a request. */
apr_status_t anshin_tls_hide(struct ssl_st *ssl, anshin_error_t *err);

/* 1 when the connection has another certificate than this one by now: it came by a later handshake. */
int anshin_tls_is_replaced(const struct ssl_st *ssl, const struct x509_st *certificate);

/* 1 when a place of mod_ssl's has made the connection insist on a certificate (SSLVerifyClient require). */
int anshin_tls_insists(const struct ssl_st *ssl);

/* mod_ssl puts the result back to "verified" at every request of a connection older than TLS 1.3, so that it has to be
 * written anew behind it. is_forgetful: 1 for such a connection. result: what anshin_tls_presented() has written. */
int anshin_tls_is_forgetful(const struct ssl_st *ssl);
long anshin_tls_result(const struct ssl_st *ssl);
void anshin_tls_restate(struct ssl_st *ssl, long result);

#endif
