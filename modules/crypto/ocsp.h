/*
 * OCSP requests (RFC 6960) from strangers. What is answered is signed elsewhere: pki/sign_ocsp.h.
 */
#ifndef ANSHIN_CRYPTO_OCSP_H
#define ANSHIN_CRYPTO_OCSP_H

#include "core/base/ocsp.h"

/* For the crypto table: see core/base/crypto.h. */
apr_status_t anshin_ocsp_read(void *ctx, anshin_ocsp_request_t *request, const void *der, apr_size_t length,
                              anshin_error_t *err, apr_pool_t *pool);

/* How a request names a CA (issuer in it); certificate: of the CA, in DER. In pool. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_ocsp_issuer(const char **issuer, int sha256, const anshin_bytes_t *certificate, anshin_error_t *err,
                                apr_pool_t *pool);

#endif
