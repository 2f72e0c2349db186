/*
 * What a virtual host would agree to: see tls_facts.h. All is asked of a connection that is never made, since versions,
 * security level and certificates narrow what stands in the list of ciphers.
 */
#include "crypto/tls/tls_facts.h"

#include <string.h>
#include <time.h>

#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#define SOON_MOST apr_time_from_sec(30 * 86400)

#define BITS_LEAST 128 /* RFC 9325 4.1 */

/* From level 1 on OpenSSL 3 speaks none of the versions before TLS 1.2, whatever is asked for. */
static int speaks_old(SSL *ssl)
{
    int least = (int)SSL_get_min_proto_version(ssl);
    unsigned long left_out = SSL_get_options(ssl);

    return SSL_get_security_level(ssl) == 0 && ((least <= SSL3_VERSION && (left_out & SSL_OP_NO_SSLv3) == 0) ||
                                                (least <= TLS1_VERSION && (left_out & SSL_OP_NO_TLSv1) == 0) ||
                                                (least <= TLS1_1_VERSION && (left_out & SSL_OP_NO_TLSv1_1) == 0));
}

static int speaks_13(SSL *ssl)
{
    int most = (int)SSL_get_max_proto_version(ssl);

    return (most == 0 || most >= TLS1_3_VERSION) && (SSL_get_options(ssl) & SSL_OP_NO_TLSv1_3) == 0;
}

static apr_time_t time_of(const ASN1_TIME *time)
{
    struct tm parts = {.tm_sec = 0};

    return ASN1_TIME_to_tm(time, &parts) ? apr_time_from_sec((apr_time_t)timegm(&parts)) : 0;
}

/* Certificates of six days are renewed after three, those of 90 after 60. */
static apr_time_t soon(const X509 *certificate, apr_time_t end)
{
    const apr_time_t begin = time_of(X509_get0_notBefore(certificate));
    const apr_interval_time_t third = begin < end ? (end - begin) / 3 : 0;

    return end - (third < SOON_MOST ? third : SOON_MOST);
}

/* *rsa: 1 when one of them has a key that a static exchange works with. */
static void look_at_certificates(SSL *ssl, anshin_tls_facts_t *facts, int *rsa)
{
    for (long found = SSL_set_current_cert(ssl, SSL_CERT_SET_FIRST); found == 1;
         found = SSL_set_current_cert(ssl, SSL_CERT_SET_NEXT)) {
        X509 *certificate = SSL_get_certificate(ssl);
        EVP_PKEY *key = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;
        apr_time_t end = certificate != NULL ? time_of(X509_get0_notAfter(certificate)) : 0;

        *rsa |= key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
        if (end != 0 && (facts->ends == 0 || end < facts->ends)) {
            facts->ends = end;
            facts->soon = soon(certificate, end);
        }
    }
}

static void look_at_ciphers(SSL *ssl, anshin_tls_facts_t *facts, int rsa, apr_pool_t *pool)
{
    STACK_OF(SSL_CIPHER) *ciphers = SSL_get1_supported_ciphers(ssl);

    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);

        if (facts->weak == NULL &&
            (SSL_CIPHER_get_bits(cipher, NULL) < BITS_LEAST || SSL_CIPHER_get_auth_nid(cipher) == NID_auth_null)) {
            facts->weak = apr_pstrdup(pool, SSL_CIPHER_get_name(cipher));
        }
        if (facts->fixed == NULL && rsa && SSL_CIPHER_get_kx_nid(cipher) == NID_kx_rsa) {
            facts->fixed = apr_pstrdup(pool, SSL_CIPHER_get_name(cipher));
        }
    }
    sk_SSL_CIPHER_free(ciphers);
}

apr_status_t anshin_tls_facts(anshin_tls_facts_t *facts, struct ssl_ctx_st *ctx, apr_pool_t *pool)
{
    SSL *ssl = SSL_new(ctx);
    int rsa = 0;

    memset(facts, 0, sizeof(*facts));
    if (ssl == NULL) {
        ERR_clear_error();
        return ANSHIN_EFAULT;
    }
    facts->old_versions = speaks_old(ssl);
    facts->tls13 = speaks_13(ssl);
    facts->unsafe = (SSL_get_options(ssl) & SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION) != 0;
    look_at_certificates(ssl, facts, &rsa);
    look_at_ciphers(ssl, facts, rsa, pool);
    SSL_free(ssl);
    ERR_clear_error();
    return APR_SUCCESS;
}
