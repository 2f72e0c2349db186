/*
 * Texts of password hashes that other systems made, taken apart. Private to modules/crypto.
 *
 *   bcrypt          $2a$10$SALT-AND-HASH, $2b$, $2y$ (53 characters of ./A-Za-z0-9 behind the cost)
 *   apr1            $apr1$SALT$HASH (htpasswd)
 *   sha1            {SHA}BASE64
 *   ssha            {SSHA}BASE64 of hash and salt
 *   SHA-crypt       $5$[rounds=N$]SALT$HASH, $6$ (crypt(3))
 *   PBKDF2          $pbkdf2-sha256$N$SALT$HASH, {PBKDF2-SHA256}N$SALT$HASH (salt and hash in base64, + or . in it);
 *                   pbkdf2_sha256$N$SALT$HASH (the salt as it stands); the same with 512
 *   argon2          $argon2id$v=19$m=65536,t=2,p=1$SALT$HASH, argon2i, argon2d, version 16
 *
 * {CRYPT} may stand before what crypt(3) makes, {ARGON2} before argon2, in any case of letters.
 */
#ifndef ANSHIN_CRYPTO_IMPORTED_READ_H
#define ANSHIN_CRYPTO_IMPORTED_READ_H

#include "crypto/argon.h"

/* Bounds of what a check costs; each is a second or so of one processor. */
#define ANSHIN_BCRYPT_MIN 4
#define ANSHIN_BCRYPT_MAX 14
#define ANSHIN_SHA_CRYPT_MIN 1000
#define ANSHIN_SHA_CRYPT_DEFAULT 5000
#define ANSHIN_SHA_CRYPT_MAX 1000000
#define ANSHIN_PBKDF2_MAX 2000000               /* iterations times blocks */
#define ANSHIN_IMPORTED_MEMORY_MAX (256 * 1024) /* of argon2: KiB, */
#define ANSHIN_IMPORTED_ARGON_MAX (1024 * 1024) /* and KiB times passes */

#define ANSHIN_IMPORTED_BYTES_MAX 64 /* of a salt or hash that is not text */

typedef struct anshin_imported_hash_t {
    anshin_scheme_t scheme;
    apr_uint32_t work;
    const char *text; /* of bcrypt, apr1 and SHA-crypt: the whole as their functions make it; part of what was read */
    anshin_argon_t kind; /* of argon2 */
    anshin_phc_t phc;    /* salt and hash of those that are not text; of argon2 also its parameters, of PBKDF2 the
                          * iterations as passes */
} anshin_imported_hash_t;

/* Read one. APR_SUCCESS; ANSHIN_EINVALID: err (which may be NULL) tells why. */
apr_status_t anshin_imported_hash_read(anshin_imported_hash_t *hash, const char *text, anshin_error_t *err);

/* imported_read of anshin_crypto_t. */
apr_status_t anshin_crypto_imported_read(void *ctx, anshin_imported_t *imported, const char *text, anshin_error_t *err,
                                         apr_pool_t *pool);

#endif
