/*
 * The list of those revoked, signed by the CA (RFC 5280). Linked into the signer alone (CRT-7).
 */
#ifndef ANSHIN_CRYPTO_SIGN_CRL_H
#define ANSHIN_CRYPTO_SIGN_CRL_H

#include "crypto/pki/sign.h"

/* CRLReason (RFC 5280 5.3.1): 0 unspecified (not written), 1 to 6, 8 to 10. */

typedef struct anshin_crl_t anshin_crl_t;

typedef struct anshin_crl_facts_t {
    apr_int64_t number; /* grows with each CRL */
    apr_time_t this_update;
    apr_time_t next_update; /* when the next one is out at the latest */
} anshin_crl_facts_t;

/* A CRL (version 2, with AKI and CRL number), in steps, since it may be long: begin, add each revoked certificate in
 * any order, finish. It belongs to pool.
 * begin: APR_SUCCESS; ANSHIN_EINVALID (number below 0, next_update not behind this_update); ANSHIN_EFAULT.
 * add: APR_SUCCESS; ANSHIN_EINVALID (serial as above, reason, time); ANSHIN_EFAULT. A serial twice is the caller's
 * mistake.
 * finish: APR_SUCCESS with the DER in pool; ANSHIN_EINVALID (the CA may not sign CRLs); ANSHIN_EFAULT. Then it is over.
 */
apr_status_t anshin_crl_begin(anshin_crl_t **crl, const anshin_ca_t *ca, const anshin_crl_facts_t *facts,
                              anshin_error_t *err, apr_pool_t *pool);
apr_status_t anshin_crl_add(anshin_crl_t *crl, const anshin_bytes_t *serial, apr_time_t revoked_at, int reason,
                            anshin_error_t *err);
apr_status_t anshin_crl_finish(anshin_bytes_t *der, anshin_crl_t *crl, anshin_error_t *err);

#endif
