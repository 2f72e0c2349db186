/*
 * Key pairs of users' certificates. The private key never leaves the process but inside a PKCS#12 file (pack.h).
 */
#ifndef ANSHIN_CRYPTO_KEY_H
#define ANSHIN_CRYPTO_KEY_H

#include "core/config/config.h" /* anshin_key_type_t */

typedef struct anshin_key_t anshin_key_t;

/* Make one. It belongs to pool, whose cleanup wipes it: a key that is kept for later has a pool of its own. RSA takes a
 * tenth of a second and more. APR_SUCCESS or ANSHIN_EFAULT. Thread safe. */
apr_status_t anshin_key_make(anshin_key_t **key, anshin_key_type_t type, anshin_error_t *err, apr_pool_t *pool);

/* Its public half as SubjectPublicKeyInfo in DER (RFC 5280 4.1.2.7), for the signer. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_key_public(anshin_bytes_t *spki, const anshin_key_t *key, anshin_error_t *err, apr_pool_t *pool);

#endif
