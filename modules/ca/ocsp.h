/*
 * OCSP answers, made with the signer.
 */
#ifndef ANSHIN_CA_OCSP_H
#define ANSHIN_CA_OCSP_H

#include "ca/signer_client.h"
#include "core/base/ocsp.h"

typedef struct anshin_ocsp_order_t {
    const char *ca; /* id */
    const anshin_ocsp_request_t *request;
    const anshin_ocsp_state_t *states; /* of the certificates that it asks about, one for one */
    apr_time_t until;                  /* by the uptime: not worth making later */
} anshin_ocsp_order_t;

/* Have an answer made, in pool, when the signer has nothing to issue. About a certificate that is not known it is for
 * this client alone, and so it is with a nonce. Answers as of anshin_signer_client_issue(). */
apr_status_t anshin_ocsp_make(anshin_ocsp_response_t *response, anshin_signer_client_t *signer_client,
                              const anshin_ocsp_order_t *order, anshin_error_t *err, apr_pool_t *pool);

#endif
