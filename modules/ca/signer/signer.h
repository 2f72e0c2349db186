/*
 * What the signer has in hand, request after request.
 */
#ifndef ANSHIN_CA_SIGNER_H
#define ANSHIN_CA_SIGNER_H

#include "ca/wire.h"
#include "crypto/apple/sign_apple.h"
#include "crypto/pki/sign_crl.h"
#include "crypto/pki/sign_ocsp.h"

/* For OCSP answers (ocsp.h). */
typedef struct anshin_signer_ocsp_t {
    anshin_ocsp_key_t *key; /* NULL before the first answer */
    apr_pool_t *pool;       /* of it */
} anshin_signer_ocsp_t;

typedef struct anshin_signer_ca_t {
    const anshin_ca_t *ca; /* NULL: it could not be opened */
    const char *why;       /* it could not; NULL: it could */
    anshin_signer_ocsp_t ocsp;
} anshin_signer_ca_t;

/* For Apple profiles (apple.h). */
typedef struct anshin_signer_apple_t {
    const anshin_apple_signer_t *signer; /* NULL: no certificate is configured, or none that can be used */
    const char *why;                     /* it cannot be used; NULL: it can, or none is configured */
    int told;                            /* 1: it was told that the certificate is not in its time */
} anshin_signer_apple_t;

typedef struct anshin_signer_t {
    apr_array_header_t *cas; /* of anshin_signer_ca_t, as the signer was started with them */
    anshin_crl_t *crl;       /* that is being filled; NULL: none is */
    apr_size_t entries;      /* in it */
    anshin_bytes_t list;     /* the one that was ended last, until another one is begun */
    apr_pool_t *crl_pool;    /* of both; NULL before the first */
    anshin_signer_apple_t apple;
} anshin_signer_t;

/* Read the first part of a request, the id of a CA. APR_SUCCESS; ANSHIN_EINVALID: it is malformed, or of none of
 * these. */
apr_status_t anshin_signer_get_ca(anshin_signer_ca_t **ca, const anshin_signer_t *signer, anshin_wire_t *request,
                                  anshin_error_t *err, apr_pool_t *pool);

/* A request that cannot be read: ANSHIN_EINVALID. */
apr_status_t anshin_signer_malformed(anshin_error_t *err);

#endif
