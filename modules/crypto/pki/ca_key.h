/*
 * The private key of a CA, from wherever it is kept. Private to modules/crypto.
 *
 * The one function that opens it: for the signer (sign.h) and for the command that makes certificates and requests of
 * the CA itself (ca.h).
 */
#ifndef ANSHIN_CRYPTO_CA_KEY_H
#define ANSHIN_CRYPTO_CA_KEY_H

#include <openssl/evp.h>

#include "core/config/config.h" /* anshin_key_type_t */
#include "crypto/pki/ca_key_source.h"

typedef struct anshin_ca_key_t {
    EVP_PKEY *pkey; /* borrowed */
    int on_token;   /* it cannot be read, only used; using it may fail */
} anshin_ca_key_t;

/* Open it. pool's cleanup wipes it, or logs out. APR_SUCCESS; ANSHIN_ENOTFOUND (no such file); ANSHIN_EINVALID (a file
 * that is wider than 0600, holds no key or one that the passphrase does not open; a key that is too weak; a wrong
 * URI); ANSHIN_EDENIED (a token does not take the PIN, or has not taken one before: to try again would use
 * up its tries); ANSHIN_EFAULT (program, module or token fail). The error names the directive and the rule. For
 * single-threaded times. */
apr_status_t anshin_ca_key_open(anshin_ca_key_t **key, const anshin_ca_key_source_t *source, anshin_error_t *err,
                                apr_pool_t *pool);

/* Make a new one and write its file, mode 0600, encrypted with what the program says (PBES2, AES-256-CBC), plain where
 * there is none; durable after anshin_file_sync_directory(). Not on a token: a key is made there by the token's own
 * means. pool's cleanup wipes it. APR_SUCCESS; ANSHIN_ECONFLICT (there is such a file; it is left alone); ANSHIN_EFAULT
 * (no file is left behind). */
apr_status_t anshin_ca_key_make(anshin_ca_key_t **key, const anshin_ca_key_source_t *source, anshin_key_type_t type,
                                anshin_error_t *err, apr_pool_t *pool);

/* Sign something that is no certificate, and verify it by the public key. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_ca_key_try(EVP_PKEY *key, EVP_PKEY *public_key, anshin_error_t *err);

#endif
