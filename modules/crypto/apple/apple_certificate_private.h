/*
 * The certificate that Apple profiles are signed with, as OpenSSL has it. Private to this folder.
 */
#ifndef ANSHIN_CRYPTO_APPLE_CERTIFICATE_PRIVATE_H
#define ANSHIN_CRYPTO_APPLE_CERTIFICATE_PRIVATE_H

#include <openssl/x509.h>

#include "crypto/apple/apple_certificate.h"

typedef struct anshin_apple_chain_t {
    X509 *own;
    STACK_OF(X509) * above; /* to be sent along */
    anshin_apple_validity_t validity;
} anshin_apple_chain_t;

/* Read it by its name; pool's cleanup frees. Answers of anshin_apple_validity(), and ANSHIN_ENOTFOUND,
 * ANSHIN_EFAULT. */
apr_status_t anshin_apple_chain_read(anshin_apple_chain_t *chain, const char *file, anshin_error_t *err,
                                     apr_pool_t *pool);

#endif
