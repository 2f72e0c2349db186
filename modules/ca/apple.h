/*
 * The Apple profile of a certificate that was just made (CRT-3), by the signer.
 */
#ifndef ANSHIN_CA_APPLE_H
#define ANSHIN_CA_APPLE_H

#include "ca/signer_client.h"

/* Have it made of the file that Apple's systems read, in pool; whoever has it wipes it. *profile of length 0: none is
 * wanted, or there is nothing to sign with, or the signer refuses, which is logged: the certificate can be had without.
 * APR_SUCCESS; ANSHIN_EBUSY (the signer is not there: try again). */
apr_status_t anshin_apple_ask(anshin_signer_client_t *signer_client, const anshin_issue_order_t *order,
                              const anshin_bytes_t *pkcs12, anshin_bytes_t *profile, anshin_error_t *err,
                              apr_pool_t *pool);

#endif
