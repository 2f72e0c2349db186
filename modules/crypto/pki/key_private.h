/*
 * What key.c, ca.c and pack.c share of anshin_key_t. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_KEY_PRIVATE_H
#define ANSHIN_CRYPTO_KEY_PRIVATE_H

#include <openssl/evp.h>

#include "crypto/pki/key.h"

struct anshin_key_t {
    EVP_PKEY *pkey;
};

/* A new key pair, the caller's to free. NULL: OpenSSL's queue has the reason. */
EVP_PKEY *anshin_pkey_make(anshin_key_type_t type);

#endif
