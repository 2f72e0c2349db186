/*
 * The signer's requests about CRLs: a list is begun, filled and ended by several of them, and read in parts.
 */
#ifndef ANSHIN_CA_SIGNER_CRL_H
#define ANSHIN_CA_SIGNER_CRL_H

#include "ca/signer/signer.h"
#include "ca/wire.h"

#define ANSHIN_SIGNER_CRL_MAX 2000000 /* entries of a list */
#define ANSHIN_SIGNER_CRL_LIFE_MAX apr_time_from_sec(2592000)

/* Handlers of the table in request.c. APR_SUCCESS; ANSHIN_EINVALID (malformed, out of bounds, or none is begun);
 * ANSHIN_EFAULT. One that is begun takes the place of the one before, ended or not. */
apr_status_t anshin_signer_crl_begin(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer,
                                     apr_time_t now, anshin_error_t *err, apr_pool_t *pool);
apr_status_t anshin_signer_crl_add(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer,
                                   apr_time_t now, anshin_error_t *err, apr_pool_t *pool);
apr_status_t anshin_signer_crl_end(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer,
                                   apr_time_t now, anshin_error_t *err, apr_pool_t *pool);
apr_status_t anshin_signer_crl_read(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer,
                                    apr_time_t now, anshin_error_t *err, apr_pool_t *pool);

#endif
