/*
 * The signer's request about OCSP: an answer is signed with a key that the signer makes for it and keeps to itself.
 */
#ifndef ANSHIN_CA_SIGNER_OCSP_H
#define ANSHIN_CA_SIGNER_OCSP_H

#include "ca/signer/signer.h"
#include "ca/wire.h"

#define ANSHIN_SIGNER_OCSP_LIFE_MAX apr_time_from_sec(86400)

/* Handler of the table in request.c. APR_SUCCESS; ANSHIN_EINVALID (malformed, out of bounds); ANSHIN_EDENIED
 * (the CA is not valid now); ANSHIN_EFAULT. */
apr_status_t anshin_signer_ocsp(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer, apr_time_t now,
                                anshin_error_t *err, apr_pool_t *pool);

#endif
