/*
 * MACs and sealed values: verbs of the table, as documented in core/base/crypto.h. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_SEAL_H
#define ANSHIN_CRYPTO_SEAL_H

#include "core/base/crypto.h"

/* mac, mac_by, seal, unseal, sealed_by, seal_under and unseal_under of anshin_crypto_t. */
apr_status_t anshin_crypto_mac(void *ctx, unsigned char out[ANSHIN_DIGEST_BYTES], const char *purpose, const void *data,
                               apr_size_t length);
apr_status_t anshin_crypto_mac_by(void *ctx, unsigned char out[ANSHIN_DIGEST_BYTES], int n, const char *purpose,
                                  const void *data, apr_size_t length);
apr_status_t anshin_crypto_seal(void *ctx, anshin_bytes_t *sealed, const char *purpose, const char *bound,
                                anshin_bytes_t data, apr_pool_t *pool);
apr_status_t anshin_crypto_unseal(void *ctx, anshin_bytes_t *data, const char *purpose, const char *bound,
                                  anshin_bytes_t sealed, apr_pool_t *pool);
apr_status_t anshin_crypto_sealed_by(void *ctx, int *n, const char *purpose, const char *bound, anshin_bytes_t sealed,
                                     apr_pool_t *pool);
apr_status_t anshin_crypto_seal_under(void *ctx, anshin_bytes_t *sealed, const unsigned char *key, const char *bound,
                                      anshin_bytes_t data, apr_pool_t *pool);
apr_status_t anshin_crypto_unseal_under(void *ctx, anshin_bytes_t *data, const unsigned char *key, const char *bound,
                                        anshin_bytes_t sealed, apr_pool_t *pool);

#endif
