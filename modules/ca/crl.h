/*
 * The list of revoked certificates (RFC 5280): made with the signer, written into files.
 */
#ifndef ANSHIN_CA_CRL_H
#define ANSHIN_CA_CRL_H

#include "ca/signer_client.h"
#include "core/certificate/revoked.h"

typedef struct anshin_crl_order_t {
    const anshin_revoked_ca_t *ca;
    apr_int64_t number;
    apr_interval_time_t life;          /* until the next one is out at the latest */
    const apr_array_header_t *entries; /* of anshin_revoked_entry_t; those of other CAs are passed over */
} anshin_crl_order_t;

/* Have a CRL made, in pool. The signer is asked in many small steps, between which it issues. Answers as of
 * anshin_signer_client_issue(). One thread at a time. */
apr_status_t anshin_crl_make(anshin_bytes_t *der, anshin_signer_client_t *signer_client,
                             const anshin_crl_order_t *order, anshin_error_t *err, apr_pool_t *pool);

typedef struct anshin_crl_file_t {
    const char *directory;
    const char *name;
    apr_time_t at; /* that the files are given: not later than the list's own time */
    anshin_bytes_t der;
} anshin_crl_file_t;

/* Put it into the directory: NAME.crl in DER, NAME.crl.pem in PEM, for everybody to read (0644), each in place of the
 * one before in one step; durable when this returns. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_crl_write(const anshin_crl_file_t *crl, anshin_error_t *err, apr_pool_t *pool);

#endif
