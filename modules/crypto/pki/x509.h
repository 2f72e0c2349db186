/*
 * The judgement of client certificates (RFC 5280 section 6; no CRL: what was revoked the store knows).
 */
#ifndef ANSHIN_CRYPTO_X509_H
#define ANSHIN_CRYPTO_X509_H

#include "core/base/presented.h"
#include "crypto/pki/trust.h"

struct x509_st;

/* Judge a certificate in DER at the time `now`; the result is facts->state, its texts are in pool. Intermediate
 * certificates come from trust alone, so the judgement is the same for new and resumed connections.
 * APR_SUCCESS, also for octets that are no certificate (state ANSHIN_PRESENTED_FOREIGN, other members empty);
 * ANSHIN_EFAULT with state ANSHIN_PRESENTED_FAULT. */
apr_status_t anshin_x509_check(anshin_presented_t *facts, anshin_bytes_t der, const anshin_trust_t *trust,
                               apr_time_t now, anshin_error_t *err, apr_pool_t *pool);

typedef struct anshin_x509_judgement_t {
    anshin_presented_t facts;
    int verify_result; /* what OpenSSL calls the outcome: X509_V_OK for a good one only */
} anshin_x509_judgement_t;

/* The same for a certificate that OpenSSL has read; it is borrowed. For modules/crypto. */
apr_status_t anshin_x509_judge(anshin_x509_judgement_t *judgement, struct x509_st *certificate,
                               const anshin_trust_t *trust, apr_time_t now, anshin_error_t *err, apr_pool_t *pool);

#endif
