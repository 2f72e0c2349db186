/*
 * What the files of modules/crypto share behind anshin_crypto_t. Private to this folder.
 */
#ifndef ANSHIN_CRYPTO_CONTEXT_H
#define ANSHIN_CRYPTO_CONTEXT_H

#include <openssl/evp.h>

#include "crypto/crypto.h"
#include "crypto/derive.h"
#include "crypto/slot.h"

typedef struct context_t {
    EVP_MD *sha256;
    EVP_CIPHER *gcm;
    anshin_derived_t *derived; /* the seal key lives in here */
    anshin_slots_t *slots;
    apr_uint32_t memory;
    apr_uint32_t passes;
    apr_uint32_t lanes;
} context_t;

/* The verbs of the table, as documented in core/crypto.h. */
apr_status_t anshin_crypto_mac(void *ctx, unsigned char out[ANSHIN_DIGEST_BYTES], const char *purpose, const void *data,
                               apr_size_t length);
apr_status_t anshin_crypto_seal(void *ctx, anshin_bytes_t *sealed, const char *purpose, const char *bound,
                                const void *data, apr_size_t length, apr_pool_t *pool);
apr_status_t anshin_crypto_unseal(void *ctx, anshin_bytes_t *data, const char *purpose, const char *bound,
                                  const void *sealed, apr_size_t length, apr_pool_t *pool);
apr_status_t anshin_crypto_password_hash(void *ctx, char phc[ANSHIN_PHC_MAX], const char *secret, apr_size_t length);
apr_status_t anshin_crypto_password_verify(void *ctx, int *match, int *stale, const char *phc, const char *secret,
                                           apr_size_t length, const anshin_hash_place_t *place);

#endif
