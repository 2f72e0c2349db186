/*
 * What anshin_trust_t is, for x509.c and tls.c. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_TRUST_PRIVATE_H
#define ANSHIN_CRYPTO_TRUST_PRIVATE_H

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "crypto/pki/trust.h"

/* One of its CAs; it holds a reference to the certificate. */
typedef struct anshin_trusted_t {
    X509 *certificate;
    const char *id;
} anshin_trusted_t;

struct anshin_trust_t {
    apr_pool_t *pool;
    X509_STORE *store;
    STACK_OF(X509_NAME) * names; /* of the CAs, to be named in a CertificateRequest */
    apr_array_header_t *cas;     /* of anshin_trusted_t */
    unsigned char id[32];        /* made of the CA certificates, in order */
    /* SSL_CTX * that anshin_tls_ask() has set up; a reference is held, or another one at the same address could pass
     * for it once it was freed. */
    apr_array_header_t *asking;
};

#endif
