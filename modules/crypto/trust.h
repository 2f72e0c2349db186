/*
 * What x509.c and tls.c share of anshin_trust_t. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_TRUST_H
#define ANSHIN_CRYPTO_TRUST_H

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "crypto/x509.h"

struct anshin_trust_t {
    X509_STORE *store;
    STACK_OF(X509_NAME) * names; /* of the CAs, to be named in a CertificateRequest */
    apr_time_t end;              /* of the one that ends last */
    unsigned char id[32];        /* SHA-256 of the CA certificates, in order */
    /* SSL_CTX * that anshin_tls_ask() has set up; a reference is held, or another one at the same address could pass
     * for it once it was freed. */
    apr_array_header_t *asking;
};

#endif
