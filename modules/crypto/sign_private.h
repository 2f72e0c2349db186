/*
 * What sign.c, sign_crl.c and sign_ocsp.c share of anshin_ca_t. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_SIGN_PRIVATE_H
#define ANSHIN_CRYPTO_SIGN_PRIVATE_H

#include <openssl/x509.h>

#include "crypto/sign.h"

struct anshin_ca_t {
    X509 *certificate;
    EVP_PKEY *key;
    const EVP_MD *digest; /* to sign with; NULL: the key brings its own */
    anshin_bytes_t der;   /* of the certificate */
    apr_time_t not_before;
    apr_time_t not_after;
};

#endif
