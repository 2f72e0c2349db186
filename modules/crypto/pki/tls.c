/*
 * Client certificates of TLS connections: see tls.h.
 *
 * SECURITY: between the handshake and anshin_tls_presented() the connection says "verified" of any certificate whatever
 * (mod_ssl ends a connection that says otherwise). Nothing may run a request in between. What the session keeps of the
 * result is never looked at: each connection, resumed or not, is judged anew. Then the certificate is made
 * nameless: mod_ssl and what asks it (SSLUserName, FakeBasicAuth, SSLRequire, expressions) read names without asking
 * whether, by whom and for what they were verified (S33).
 */
#include "crypto/pki/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "crypto/cause.h"
#include "crypto/pki/trust_private.h"

/* 1 while a connection is in its first handshake, whose certificate anshin_tls_presented() judges. Whoever asks for
 * another one later, or insists on one, is mod_ssl, for a place of its own. */
static int is_ours(const SSL *ssl)
{
    char octet;

    return (SSL_get_verify_mode(ssl) & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) == 0 &&
           SSL_get_peer_finished(ssl, &octet, sizeof(octet)) == 0;
}

/* Takes the place of OpenSSL's verification for the whole SSL_CTX. Not a verify callback: mod_ssl's SNI callback sets
 * that anew on the connection, and OpenSSL would build a chain only to have us ignore it. */
static int let_through(X509_STORE_CTX *ctx, void *data)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());

    (void)data;
    if (ssl == NULL || !is_ours(ssl)) {
        return X509_verify_cert(ctx);
    }
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
}

static int asks(const SSL_CTX *ctx, const anshin_trust_t *trust)
{
    for (int i = 0; i < trust->asking->nelts; i++) {
        if (APR_ARRAY_IDX(trust->asking, i, SSL_CTX *) == ctx) {
            return 1;
        }
    }
    return 0;
}

apr_status_t anshin_tls_ask(struct ssl_ctx_st *ctx, anshin_trust_t *trust, anshin_error_t *err)
{
    STACK_OF(X509_NAME) * names;

    if (asks(ctx, trust)) {
        return APR_SUCCESS;
    }
    if (SSL_CTX_get_verify_mode(ctx) != SSL_VERIFY_NONE) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0440",
                           "client certificates are verified already: leave SSLVerifyClient out where Anshin asks");
    }
    names = SSL_dup_CA_list(trust->names);
    /* OpenSSL refuses to resume sessions with client certificates that belong to no context; mod_ssl sets one for each
     * connection, and this stands for servers that do not. */
    if (names == NULL || !SSL_CTX_set_session_id_context(ctx, trust->id, sizeof(trust->id)) || !SSL_CTX_up_ref(ctx)) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0441", "asking for client certificates");
    }
    SSL_CTX_set_client_CA_list(ctx, names); /* owns them now */
    SSL_CTX_set_cert_verify_callback(ctx, let_through, NULL);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    APR_ARRAY_PUSH(trust->asking, SSL_CTX *) = ctx;
    return APR_SUCCESS;
}

static apr_status_t let_go(void *ssl)
{
    SSL_free(ssl);
    return APR_SUCCESS;
}

apr_status_t anshin_tls_keep(struct ssl_st *ssl, apr_pool_t *pool)
{
    if (!SSL_up_ref(ssl)) {
        return ANSHIN_EFAULT;
    }
    apr_pool_cleanup_register(pool, ssl, let_go, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

int anshin_tls_was_asked(const struct ssl_st *ssl, const anshin_trust_t *trust)
{
    return asks(SSL_get_SSL_CTX(ssl), trust) && (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) != 0;
}

apr_status_t anshin_tls_presented(anshin_presented_t *facts, struct ssl_st *ssl, const anshin_trust_t *trust,
                                  apr_time_t now, anshin_error_t *err, apr_pool_t *pool)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    anshin_x509_judgement_t judgement;
    apr_status_t status;

    if (certificate == NULL) {
        *facts =
            (anshin_presented_t){.state = ANSHIN_PRESENTED_NONE, .serial = "", .fingerprint = "", .name = "", .ca = ""};
        return APR_SUCCESS;
    }
    status = anshin_x509_judge(&judgement, certificate, trust, now, err, pool);
    *facts = judgement.facts;
    SSL_set_verify_result(ssl, judgement.verify_result);
    return status;
}

static apr_status_t let_go_of_certificate(void *certificate)
{
    X509_free(certificate);
    return APR_SUCCESS;
}

const struct x509_st *anshin_tls_certificate(const struct ssl_st *ssl, apr_pool_t *pool)
{
    X509 *certificate = SSL_get1_peer_certificate(ssl);

    if (certificate != NULL) {
        apr_pool_cleanup_register(pool, certificate, let_go_of_certificate, apr_pool_cleanup_null);
    }
    return certificate;
}

/* 1 when nothing in it tells any more who its holder says to be. */
static int make_nameless(X509 *certificate)
{
    X509_NAME *name = X509_NAME_new();
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    int made = name != NULL && serial != NULL && X509_set_subject_name(certificate, name) &&
               X509_set_issuer_name(certificate, name) && X509_set_serialNumber(certificate, serial);

    while (made && X509_get_ext_count(certificate) > 0) {
        X509_EXTENSION_free(X509_delete_ext(certificate, 0));
    }
    X509_NAME_free(name);
    ASN1_INTEGER_free(serial);
    return made;
}

apr_status_t anshin_tls_hide(struct ssl_st *ssl, anshin_error_t *err)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);

    while (chain != NULL && sk_X509_num(chain) > 0) {
        X509_free(sk_X509_pop(chain));
    }
    if (certificate != NULL && !make_nameless(certificate)) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0442", "hiding a client certificate");
    }
    return APR_SUCCESS;
}

int anshin_tls_is_replaced(const struct ssl_st *ssl, const struct x509_st *certificate)
{
    return SSL_get0_peer_certificate(ssl) != certificate;
}

int anshin_tls_insists(const struct ssl_st *ssl)
{
    return (SSL_get_verify_mode(ssl) & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) != 0;
}

int anshin_tls_is_forgetful(const struct ssl_st *ssl)
{
    return SSL_version(ssl) < TLS1_3_VERSION;
}

long anshin_tls_result(const struct ssl_st *ssl)
{
    return SSL_get_verify_result(ssl);
}

void anshin_tls_restate(struct ssl_st *ssl, long result)
{
    SSL_set_verify_result(ssl, result);
}
