/*
 * OCSP answers (RFC 6960), signed with a key that the CA has made for that. Linked into the signer alone (CRT-7).
 */
#ifndef ANSHIN_CRYPTO_SIGN_OCSP_H
#define ANSHIN_CRYPTO_SIGN_OCSP_H

#include "core/base/ocsp.h"
#include "crypto/pki/sign.h"

typedef struct anshin_ocsp_single_t {
    anshin_bytes_t serial;
    anshin_ocsp_state_t state;
} anshin_ocsp_single_t;

/* What an answer shall say. */
typedef struct anshin_ocsp_answer_t {
    const anshin_ocsp_single_t *singles;
    apr_size_t count;     /* 1 to ANSHIN_OCSP_ASKED_MAX */
    int sha256;           /* the certificates are named by SHA-256, as the request did; 0: by SHA-1 */
    anshin_bytes_t nonce; /* of the request, 1 to ANSHIN_OCSP_NONCE_MAX octets; length 0: none */
    apr_time_t this_update;
    apr_time_t next_update;
} anshin_ocsp_answer_t;

/* A key for answers (P-256), with a certificate of the CA that lets it do that alone. The CA's own key signs it, and no
 * answer. It is made anew before it ends, and lives in memory only. */
typedef struct anshin_ocsp_key_t anshin_ocsp_key_t;

#define ANSHIN_OCSP_KEY_LIFE apr_time_from_sec(7 * 86400LL)
#define ANSHIN_OCSP_KEY_REST apr_time_from_sec(3 * 86400LL) /* of its life when the next one takes its place */

/* Make one that counts from about now on, not longer than the CA. It belongs to pool, whose cleanup wipes it. ca lives
 * as long. APR_SUCCESS; ANSHIN_EDENIED (the CA's certificate is not valid now); ANSHIN_EFAULT. */
apr_status_t anshin_ocsp_key_make(anshin_ocsp_key_t **key, const anshin_ca_t *ca, apr_time_t now, anshin_error_t *err,
                                  apr_pool_t *pool);

/* 1: it serves at this time; 0: make another one. */
int anshin_ocsp_key_serves(const anshin_ocsp_key_t *key, apr_time_t now);

/* When it ends: no answer should count longer. */
apr_time_t anshin_ocsp_key_end(const anshin_ocsp_key_t *key);

/* An answer, with the key's certificate in it. APR_SUCCESS with the whole OCSPResponse in DER; ANSHIN_EINVALID (count,
 * serials, nonce, times); ANSHIN_EFAULT. Thread safe. */
apr_status_t anshin_ocsp_sign(anshin_bytes_t *response, const anshin_ocsp_key_t *key,
                              const anshin_ocsp_answer_t *answer, anshin_error_t *err, apr_pool_t *pool);

#endif
