/*
 * What the signer does with a request: one table of types, each with its checks and its handler (CRT-7, S30).
 */
#ifndef ANSHIN_CA_SIGNER_REQUEST_H
#define ANSHIN_CA_SIGNER_REQUEST_H

#include "ca/signer/signer.h"
#include "ca/wire.h"

/* The longest validity that the signer gives, whatever it is asked for. */
#define ANSHIN_SIGNER_LIFETIME_MAX apr_time_from_sec(157680000)

/* Answer one request at the time now. answer is always filled: with what was asked for, or with a refusal that
 * names the cause. APR_SUCCESS: it was done; a cause in err is to be logged all the same. ANSHIN_EINVALID,
 * ANSHIN_EDENIED, ANSHIN_EFAULT: it was refused, err says why (to be logged). */
apr_status_t anshin_signer_answer(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer,
                                  apr_time_t now, anshin_error_t *err, apr_pool_t *pool);

#endif
