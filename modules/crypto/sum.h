/*
 * SHA-256 (FIPS 180-4) of something that comes in pieces, and keys that are derived by it.
 */
#ifndef ANSHIN_CRYPTO_SUM_H
#define ANSHIN_CRYPTO_SUM_H

#include "core/base/anshin.h"

#define ANSHIN_SUM_TEXT 64 /* digits of one, without NUL */

typedef struct anshin_sum_t anshin_sum_t;

/* One that is used again and again; pool's cleanup frees it. ANSHIN_EFAULT: it is not available. */
apr_status_t anshin_sum_create(anshin_sum_t **sum, anshin_error_t *err, apr_pool_t *pool);

/* Begin anew; add; the sum so far as lower-case hexadecimal, with NUL. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_sum_begin(anshin_sum_t *sum);
apr_status_t anshin_sum_add(anshin_sum_t *sum, const void *data, apr_size_t length);
apr_status_t anshin_sum_end(anshin_sum_t *sum, char text[ANSHIN_SUM_TEXT + 1]);

typedef struct anshin_hkdf_t {
    anshin_bytes_t key;
    anshin_bytes_t salt; /* length 0: none (RFC 5869 2.2: as many zeros as the hash is long) */
    anshin_bytes_t info;
} anshin_hkdf_t;

/* HKDF-SHA-256, RFC 5869: length octets. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_hkdf(unsigned char *out, apr_size_t length, const anshin_hkdf_t *from);

#endif
