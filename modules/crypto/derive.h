/*
 * The keys that a process opens with, and what is derived from each.
 *
 * Keys derived from the seal key, one for each use and purpose (HKDF-SHA-256, RFC 5869), kept once made: deriving one
 * costs several microseconds in OpenSSL 3.0. Private to modules/crypto.
 */
#ifndef ANSHIN_CRYPTO_DERIVE_H
#define ANSHIN_CRYPTO_DERIVE_H

#include <openssl/evp.h>

#include "core/base/crypto.h"
#include "crypto/keyfile.h"

#define ANSHIN_PURPOSE_MAX 48 /* longest purpose, without NUL */

typedef enum anshin_use_t { ANSHIN_USE_MAC, ANSHIN_USE_SEAL } anshin_use_t;

typedef struct anshin_derived_t anshin_derived_t;

/* One derived key. Read only, so threads share it. */
typedef struct anshin_derived_key_t {
    unsigned char key[32];
    EVP_MAC_CTX *hmac; /* ANSHIN_USE_MAC: HMAC-SHA-256 that has the key already; duplicate it, never use it itself */
} anshin_derived_key_t;

/* seal_key is copied. pool's cleanup wipes it and everything derived. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_derived_create(anshin_derived_t **derived, const unsigned char seal_key[ANSHIN_SEAL_KEY_BYTES],
                                   anshin_error_t *err, apr_pool_t *pool);

/* The key of a purpose; it lives as long as derived. Purposes are constants of the program: the table is bounded, and
 * one too many is ANSHIN_EFAULT, as is an empty or overlong purpose. Thread safe; without a lock once the key is there.
 */
apr_status_t anshin_derived_get(const anshin_derived_key_t **key, anshin_derived_t *derived, anshin_use_t use,
                                const char *purpose);

/* What is kept of a key that has gone (core/base/crypto.h). */
apr_status_t anshin_derived_keep(anshin_derived_t *derived, unsigned char kept[ANSHIN_KEPT_BYTES]);
apr_status_t anshin_derived_recall(anshin_derived_t **derived, const unsigned char kept[ANSHIN_KEPT_BYTES],
                                   anshin_error_t *err, apr_pool_t *pool);

/* The seal keys of an installation: the present one, one that is announced, one that was before, and what is kept of
 * those that have gone (keyfile.h). Whoever is to use a key looks first whether the files are otherwise by now, where
 * that was looked at longer than ANSHIN_RING_LOOK ago: so who announces a key, and waits for twice as long, knows that
 * it is known. Thread safe. */
#define ANSHIN_RING_LOOK apr_time_from_msec(500)
typedef struct anshin_ring_t anshin_ring_t;

/* The directory of the key file stays open, and the names are looked for there alone. Answers of
 * anshin_seal_key_read(). */
apr_status_t anshin_ring_open(anshin_ring_t **ring, const char *key_file, anshin_error_t *err, apr_pool_t *pool);

/* The key of a purpose under the nth seal key, 0: the present one; the younger, the lower. It lives as long as the
 * ring. ANSHIN_ENOTFOUND: there is no nth one, of this purpose; ANSHIN_EFAULT: also where the present key is another
 * one by now and cannot be read. Where another file than that cannot be read, all that is at hand stays. */
apr_status_t anshin_ring_get(const anshin_derived_key_t **key, anshin_ring_t *ring, int n, anshin_use_t use,
                             const char *purpose);

/* The keys as they are now, for whoever asks for more than one: the nth one of these stays that, while the files may
 * change. They live as long as the ring. NULL: the files are otherwise by now and cannot be read. */
typedef struct anshin_keys_t anshin_keys_t;
const anshin_keys_t *anshin_ring_keys(anshin_ring_t *ring);

/* Why what the files hold is not all at hand, in pool: one that cannot be read, or the key file is not there. NULL: it
 * is. */
const char *anshin_ring_trouble(anshin_ring_t *ring, apr_pool_t *pool);

/* As anshin_ring_get(). */
apr_status_t anshin_keys_get(const anshin_derived_key_t **key, const anshin_keys_t *keys, int n, anshin_use_t use,
                             const char *purpose);

/* keep and recall of anshin_crypto_t. */
apr_status_t anshin_ring_keep(anshin_ring_t *ring, unsigned char kept[ANSHIN_KEPT_BYTES], int n);
apr_status_t anshin_ring_recall(anshin_ring_t *ring, const unsigned char kept[ANSHIN_KEPT_BYTES]);

#endif
