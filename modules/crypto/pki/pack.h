/*
 * PKCS#12 files (RFC 7292): a user's key and certificate with the CA's, under a password. Linked into the worker alone.
 */
#ifndef ANSHIN_CRYPTO_PACK_H
#define ANSHIN_CRYPTO_PACK_H

#include "crypto/pki/key.h"

typedef enum anshin_pack_profile_t {
    ANSHIN_PACK_MODERN, /* AES-256-CBC with PBKDF2-HMAC-SHA-256, MAC with SHA-256; 10,000 iterations */
    ANSHIN_PACK_COMPAT  /* 3DES with SHA-1, MAC with SHA-1; 2,048 iterations: for older Apple and Android systems */
} anshin_pack_profile_t;

/* What a file holds, and how it is closed. */
typedef struct anshin_pack_facts_t {
    anshin_pack_profile_t profile;
    const char *password;      /* 8 to 64 characters of ASCII without control characters (Java opens no others), random
                                * with at least 60 bits (CRT-2), which is why few iterations do */
    const char *friendly_name; /* UTF-8, shown by the system that imports it */
    const anshin_key_t *key;
    const anshin_bytes_t *certificate; /* DER */
    const anshin_bytes_t *ca_chain;    /* DER, the issuer first */
    apr_size_t ca_count;               /* at least one */
} anshin_pack_facts_t;

/* Pack. The octets are in pool and hold the key: pool's cleanup wipes them. Copies are the caller's to wipe.
 * APR_SUCCESS; ANSHIN_EINVALID (password, certificate or chain; the key is not that of the certificate); ANSHIN_EFAULT.
 * Thread safe. */
apr_status_t anshin_pack(anshin_bytes_t *file, const anshin_pack_facts_t *facts, anshin_error_t *err, apr_pool_t *pool);

#endif
