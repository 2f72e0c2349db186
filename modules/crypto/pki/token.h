/*
 * Keys on tokens: smart cards and HSMs, by a PKCS#11 module. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_TOKEN_H
#define ANSHIN_CRYPTO_TOKEN_H

#include <openssl/evp.h>

#include "core/base/anshin.h"
#include "crypto/pki/ca_key_source.h"

/* Load the module, find the token and its key, log in with at most one PIN. The key is the caller's to free, before
 * pool is cleared: pool's cleanup logs out and unloads. Answers as of anshin_ca_key_open(). */
apr_status_t anshin_token_open(EVP_PKEY **key, const anshin_ca_key_source_t *source, anshin_error_t *err,
                               apr_pool_t *pool);

#endif
