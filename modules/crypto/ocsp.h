/*
 * OCSP requests (RFC 6960) from strangers, and the answers that need no signature. The signed ones: sign.h.
 */
#ifndef ANSHIN_CRYPTO_OCSP_H
#define ANSHIN_CRYPTO_OCSP_H

#include "core/anshin.h"

#define ANSHIN_OCSP_REQUEST_MAX 8192 /* octets of a request that is read */
#define ANSHIN_OCSP_ASKED_MAX 8      /* certificates in it */

typedef struct anshin_ocsp_request_t {
    int sha256;           /* the certificates are named by SHA-256; 0: by SHA-1 */
    anshin_bytes_t nonce; /* 1 to 32 octets (RFC 8954), or length 0: none */
    apr_size_t count;     /* 1 to ANSHIN_OCSP_ASKED_MAX */
    struct {
        anshin_bytes_t serial; /* octets as the signer takes them, without leading zero */
        const char *hex;       /* the same as in the certificate record */
    } asked[ANSHIN_OCSP_ASKED_MAX];
} anshin_ocsp_request_t;

/* Read a request; everything is in pool. ca: certificate of the CA in DER that the request must be about.
 * APR_SUCCESS; ANSHIN_EINVALID (not a request, too long, too many certificates, a nonce or serial out of bounds: answer
 * malformedRequest); ANSHIN_EDENIED (about another CA, or named in another way: answer unauthorized); ANSHIN_EFAULT
 * (answer internalError). A signature of the requestor is not looked at. Thread safe. */
apr_status_t anshin_ocsp_read(anshin_ocsp_request_t *request, const void *der, apr_size_t length,
                              const anshin_bytes_t *ca, anshin_error_t *err, apr_pool_t *pool);

/* OCSPResponseStatus of answers without content (RFC 6960, 4.2.1). */
typedef enum anshin_ocsp_refusal_t {
    ANSHIN_OCSP_MALFORMED = 1,
    ANSHIN_OCSP_INTERNAL = 2,
    ANSHIN_OCSP_TRY_LATER = 3,
    ANSHIN_OCSP_UNAUTHORIZED = 6
} anshin_ocsp_refusal_t;

/* Such an answer in DER, in pool. */
anshin_bytes_t anshin_ocsp_refuse(anshin_ocsp_refusal_t refusal, apr_pool_t *pool);

#endif
