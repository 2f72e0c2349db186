/*
 * OCSP (RFC 6960) in words that need no OpenSSL: what a request asks, what is said of a certificate, an answer.
 */
#ifndef ANSHIN_CORE_BASE_OCSP_H
#define ANSHIN_CORE_BASE_OCSP_H

#include "core/base/anshin.h"

#define ANSHIN_OCSP_REQUEST_MAX 8192   /* octets of a request that is read */
#define ANSHIN_OCSP_RESPONSE_MAX 16384 /* octets of an answer */
#define ANSHIN_OCSP_ASKED_MAX 8        /* certificates in a request */
#define ANSHIN_OCSP_NONCE_MAX 128      /* octets of a nonce (RFC 9654, 2.1) */

typedef struct anshin_ocsp_request_t {
    const char *issuer;   /* whose certificates it is about: 64 hexadecimal digits, as the request names the CA */
    int sha256;           /* ... by SHA-256; 0: by SHA-1 */
    anshin_bytes_t nonce; /* 1 to ANSHIN_OCSP_NONCE_MAX octets, or length 0: none */
    apr_size_t count;     /* 1 to ANSHIN_OCSP_ASKED_MAX */
    const char *asked[ANSHIN_OCSP_ASKED_MAX]; /* serials, as in the certificate record */
} anshin_ocsp_request_t;

/* What is said of one certificate. */
typedef enum anshin_ocsp_status_t { ANSHIN_OCSP_GOOD, ANSHIN_OCSP_REVOKED, ANSHIN_OCSP_UNKNOWN } anshin_ocsp_status_t;

typedef struct anshin_ocsp_state_t {
    anshin_ocsp_status_t status;
    apr_time_t revoked_at; /* ANSHIN_OCSP_REVOKED only, like reason */
    int reason;            /* CRLReason */
} anshin_ocsp_state_t;

/* OCSPResponseStatus of answers without content (RFC 6960, 4.2.1). */
typedef enum anshin_ocsp_refusal_t {
    ANSHIN_OCSP_MALFORMED = 1,
    ANSHIN_OCSP_INTERNAL = 2,
    ANSHIN_OCSP_TRY_LATER = 3,
    ANSHIN_OCSP_UNAUTHORIZED = 6
} anshin_ocsp_refusal_t;

/* What goes to the client. */
typedef struct anshin_ocsp_response_t {
    anshin_bytes_t der;     /* OCSPResponse */
    apr_time_t this_update; /* both 0: for this one client, and for now */
    apr_time_t next_update; /* until then anybody may have it who asks the same */
} anshin_ocsp_response_t;

#endif
