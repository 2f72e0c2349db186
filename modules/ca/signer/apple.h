/*
 * The signer's request about Apple profiles (CRT-3).
 */
#ifndef ANSHIN_CA_SIGNER_APPLE_H
#define ANSHIN_CA_SIGNER_APPLE_H

#include "ca/signer/signer.h"
#include "ca/wire.h"

#define ANSHIN_SIGNER_PKCS12_MAX 16384 /* octets */

/* Handler of the table in request.c. APR_SUCCESS, also where there is nothing to sign with: then the answer is empty,
 * and the first time err says why. ANSHIN_EINVALID (malformed, or the reasons of anshin_apple_sign()). */
apr_status_t anshin_signer_apple(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer, apr_time_t now,
                                 anshin_error_t *err, apr_pool_t *pool);

#endif
