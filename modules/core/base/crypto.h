/*
 * What the core needs of cryptography, as a table that modules/crypto fills and the edges hand in at start.
 * The core includes no openssl header, and unit tests may hand in the same real table.
 *
 * Every function is safe to call from several threads at once. ctx is crypto->ctx.
 */
#ifndef ANSHIN_CORE_BASE_CRYPTO_H
#define ANSHIN_CORE_BASE_CRYPTO_H

#include "core/base/ocsp.h"

#define ANSHIN_DIGEST_BYTES 32
#define ANSHIN_KEPT_BYTES (3 * 32)
/* Who waits for a hash (S37). Those whose browser or certificate is known are served before all others; the others are
 * so many of one address at most, as soon as there is a crowd. */
typedef struct anshin_hash_place_t {
    const char *known;   /* NULL: nobody we know; otherwise the account, of which one attempt waits before the others */
    const char *address; /* network of a stranger; NULL: not told */
} anshin_hash_place_t;

/* What the comparison of a secret with its hash has shown. */
typedef struct anshin_verdict_t {
    int match; /* 1: it is the secret; otherwise 0 */
    int stale; /* 1: the hash has other parameters than the server's, so hash anew */
} anshin_verdict_t;

/* Password hashes that other systems made, called imported ones here (IMP-2). */
typedef enum anshin_scheme_t {
#define WORD(member, value, name) ANSHIN_SCHEME_##member = (value),
#include "core/base/scheme.def"
#undef WORD
    ANSHIN_SCHEMES
} anshin_scheme_t;

/* What one costs to check, in units of its scheme: rounds of bcrypt (two to the power of its cost) and of SHA-crypt,
 * iterations times blocks of PBKDF2, KiB times passes of argon2; 1 where there is nothing to set. */
typedef struct anshin_imported_t {
    anshin_scheme_t scheme;
    apr_uint32_t work;
    apr_uint32_t memory; /* of argon2: KiB; otherwise 0 */
    int weak;            /* 1: it is cheaper to guess by than what the server makes */
    const char *text;    /* the hash as it is kept: of at most ANSHIN_IMPORTED_MAX octets, in the pool of who asked */
} anshin_imported_t;

#define ANSHIN_IMPORTED_MAX 400

/* What every attempt pays besides argon2 while imported hashes remain, so that time does not tell whose these are. */
typedef struct anshin_toll_t {
    apr_uint32_t work[ANSHIN_SCHEMES]; /* 0: none remains of that scheme */
    apr_uint32_t memory;               /* of the costliest argon2 among them */
} anshin_toll_t;

#define ANSHIN_PHC_MAX 160 /* longest argon2id PHC string that we write, with its NUL */

typedef struct anshin_crypto_t {
    void *ctx;

    /* CSPRNG bytes (RAND_bytes). APR_SUCCESS or ANSHIN_EFAULT. */
    apr_status_t (*random)(void *ctx, void *buffer, apr_size_t length);

    /* SHA-256 (FIPS 180-4). APR_SUCCESS or ANSHIN_EFAULT. */
    apr_status_t (*digest)(void *ctx, unsigned char out[ANSHIN_DIGEST_BYTES], const void *data, apr_size_t length);

    /* HMAC-SHA-256 (RFC 2104) under a key derived (HKDF, RFC 5869) from the installation's seal key and the purpose,
     * so that a MAC made for one purpose never serves another. purpose: short ASCII such as "token".
     * APR_SUCCESS or ANSHIN_EFAULT. */
    apr_status_t (*mac)(void *ctx, unsigned char out[ANSHIN_DIGEST_BYTES], const char *purpose, const void *data,
                        apr_size_t length);

    /* The same under the nth of the seal keys at hand, 0: the present one, else one that was (core/keeping/rotation.h);
     * the younger, the lower. ANSHIN_ENOTFOUND: there is no nth one. Of a key that has gone only what tells of the
     * audit trail is kept, so that every other purpose ends before it. */
    apr_status_t (*mac_by)(void *ctx, unsigned char out[ANSHIN_DIGEST_BYTES], int n, const char *purpose,
                           const void *data, apr_size_t length);

    /* AES-256-GCM (NIST SP 800-38D) under a key derived from the seal key and the purpose; bound: further data that
     * must be the same at unseal (NULL: none). The sealed form is version byte, 96-bit random nonce, ciphertext, tag.
     * APR_SUCCESS or ANSHIN_EFAULT. */
    apr_status_t (*seal)(void *ctx, anshin_bytes_t *sealed, const char *purpose, const char *bound, anshin_bytes_t data,
                         apr_pool_t *pool);

    /* The reverse, by whichever of the seal keys it was sealed with. APR_SUCCESS, ANSHIN_EDENIED (not sealed by us for
     * this purpose, or changed), ANSHIN_EFAULT.
     * The clear text is in pool with one NUL behind it that is not counted. */
    apr_status_t (*unseal)(void *ctx, anshin_bytes_t *data, const char *purpose, const char *bound,
                           anshin_bytes_t sealed, apr_pool_t *pool);

    /* *n: which of the seal keys that was. Answers of unseal. */
    apr_status_t (*sealed_by)(void *ctx, int *n, const char *purpose, const char *bound, anshin_bytes_t sealed,
                              apr_pool_t *pool);

    /* What is kept of the nth seal key when it goes: what the audit trail was written with, and nothing that opens
     * anything else. The caller wipes it. Answers of mac_by. */
    apr_status_t (*keep)(void *ctx, unsigned char kept[ANSHIN_KEPT_BYTES], int n);

    /* And back, in every process. APR_SUCCESS, also when it is known; ANSHIN_EFAULT. */
    apr_status_t (*recall)(void *ctx, const unsigned char kept[ANSHIN_KEPT_BYTES]);

    /* seal and unseal under a key of the caller's own, of ANSHIN_DIGEST_BYTES octets: who forgets it has lost the
     * text. */
    apr_status_t (*seal_under)(void *ctx, anshin_bytes_t *sealed, const unsigned char *key, const char *bound,
                               anshin_bytes_t data, apr_pool_t *pool);
    apr_status_t (*unseal_under)(void *ctx, anshin_bytes_t *data, const unsigned char *key, const char *bound,
                                 anshin_bytes_t sealed, apr_pool_t *pool);

    /* argon2id (RFC 9106) into a PHC string with a fresh 128-bit salt, under the server's parameters. Waits a bounded
     * time for one of the slots that all processes share (S4), before strangers: who sets a secret has proven much.
     * APR_SUCCESS, ANSHIN_EBUSY (no slot in time), ANSHIN_EFAULT. */
    apr_status_t (*password_hash)(void *ctx, char phc[ANSHIN_PHC_MAX], const char *secret, apr_size_t length);

    /* Compare in constant time. phc NULL: a dummy of the same cost that never matches (unknown users, S8). place NULL:
     * before strangers. Answers as above. */
    apr_status_t (*password_verify)(void *ctx, anshin_verdict_t *verdict, const char *phc, const char *secret,
                                    apr_size_t length, const anshin_hash_place_t *place);

    /* What a hash of another system is: bcrypt ($2a$, $2b$, $2y$), $apr1$, {SHA}, {SSHA}, SHA-crypt ($5$, $6$),
     * PBKDF2 (of Python's passlib, OpenLDAP and Django) and argon2 (PHC string), each also behind {CRYPT} or {ARGON2}
     * where directories write that. Its cost is bounded so that a check takes a second or so at most. APR_SUCCESS;
     * ANSHIN_EINVALID: err tells why, and holds nothing of the hash but its cost. */
    apr_status_t (*imported_read)(void *ctx, anshin_imported_t *imported, const char *text, anshin_error_t *err,
                                  apr_pool_t *pool);

    /* Compare with such a hash, in one of the slots, and do what is missing to the toll: the same work whatever the
     * hash is. text NULL: all of the toll, and nothing matches; toll NULL: the hash alone. Always stale. Answers of
     * password_verify; ANSHIN_EFAULT also for a hash that imported_read would refuse. */
    apr_status_t (*imported_verify)(void *ctx, anshin_verdict_t *verdict, const char *text, const anshin_toll_t *toll,
                                    const char *secret, apr_size_t length, const anshin_hash_place_t *place);

    /* HOTP value (RFC 4226 5.3; HMAC-SHA-1, 6 digits) of a counter. APR_SUCCESS or ANSHIN_EFAULT. */
    apr_status_t (*hotp)(void *ctx, char code[7], const void *secret, apr_size_t length, apr_uint64_t counter);

    /* Read an OCSP request (RFC 6960) of anybody, into pool. APR_SUCCESS; ANSHIN_EINVALID (not a request, too long, too
     * many certificates, a nonce or serial out of bounds: answer malformedRequest); ANSHIN_EDENIED (about several CAs,
     * or named in a way that is not ours: answer unauthorized). A signature of the requestor is not looked at. */
    apr_status_t (*ocsp_read)(void *ctx, anshin_ocsp_request_t *request, const void *der, apr_size_t length,
                              anshin_error_t *err, apr_pool_t *pool);

    /* 1 when equal, in time that depends on length alone. */
    int (*equal)(void *ctx, const void *a, const void *b, apr_size_t length);

    /* Overwrite so that no compiler removes it. */
    void (*wipe)(void *ctx, void *buffer, apr_size_t length);
} anshin_crypto_t;

#endif
