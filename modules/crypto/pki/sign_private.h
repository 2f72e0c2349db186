/*
 * What sign.c, sign_crl.c and sign_ocsp.c share of anshin_ca_t. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_SIGN_PRIVATE_H
#define ANSHIN_CRYPTO_SIGN_PRIVATE_H

#include <openssl/x509.h>

#include "core/config/ca_line.h"
#include "crypto/pki/sign.h"

struct anshin_ca_t {
    X509 *certificate;
    EVP_PKEY *key; /* borrowed of its anshin_ca_key_t, which has the same pool */
    int on_token;
    const EVP_MD *digest; /* to sign with; NULL: the key brings its own */
    anshin_bytes_t der;   /* of the certificate */
    char id[ANSHIN_CA_ID_LENGTH + 1];
    apr_time_t not_before;
    apr_time_t not_after;
};

#endif
