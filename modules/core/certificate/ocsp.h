/*
 * OCSP (CRT-6): what is said of certificates, and answers that are kept for whoever asks next.
 *
 * An answer without nonce about one certificate is kept in the store, where every machine finds it. The worker's
 * responder makes it ahead, within its round of 5 s, when a certificate is issued and when it is revoked; and anew
 * before it ends, for a week after somebody has asked. It counts only while the certificate's record says the same: a
 * revocation ends it at once.
 *
 * Not all are made anew for ever: of 100,000 certificates that nobody asks about, each answer has 1 to 1.5 KB in the
 * store, and four times a day all of it would be written again.
 */
#ifndef ANSHIN_CORE_CERTIFICATE_OCSP_H
#define ANSHIN_CORE_CERTIFICATE_OCSP_H

#include "core/certificate/revoked.h"

#define ANSHIN_OCSP_LIFE apr_time_from_sec(43200)         /* for so long an answer counts */
#define ANSHIN_OCSP_MEMORY apr_time_from_sec(7 * 86400LL) /* for so long it is made anew after somebody asked */
#define ANSHIN_OCSP_KEEPS(request) ((request)->count == 1 && (request)->nonce.length == 0)

/* What the store knows of the certificates that a request names, one for one; one of another CA than this is
 * unknown. op needs no contract, here and below. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_ocsp_look_up(anshin_op_t *op, const anshin_ocsp_request_t *request, const anshin_revoked_ca_t *ca,
                                 anshin_ocsp_state_t states[ANSHIN_OCSP_ASKED_MAX]);

/* Inside the write transaction that issues or revokes a certificate: its answer is to be made ahead. As SHA-1 names the
 * CA (RFC 5019, 2.1.1). Behind all of a user's records. */
apr_status_t anshin_ocsp_ahead(anshin_op_t *op, anshin_txn_t *txn, const char *serial);

/* An answer to a request of which ANSHIN_OCSP_KEEPS(), about a certificate that is not unknown. */
typedef struct anshin_ocsp_keep_t {
    const anshin_ocsp_request_t *request;
    const anshin_ocsp_state_t *state;
    const anshin_ocsp_response_t *response;
    int asked; /* 1: somebody wanted it; 0: it is made ahead */
    int ahead; /* 1: anshin_ocsp_ahead() is served by it */
} anshin_ocsp_keep_t;

/* Keep it, in place of one before. A lazy write. Answers of anshin_op_write(). */
apr_status_t anshin_ocsp_keep(anshin_op_t *op, const anshin_ocsp_keep_t *keep);

/* The answer to such a request that is kept, while it counts. ANSHIN_ENOTFOUND: none does; ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_ocsp_kept(anshin_op_t *op, const anshin_ocsp_request_t *request, anshin_ocsp_response_t *response);

/* Those that are to be made by now, at most ANSHIN_OCSP_TAKE: *aging is an array of anshin_ocsp_aging_t. Each is
 * kept anew or forgotten, or it comes again. */
#define ANSHIN_OCSP_TAKE 50
typedef struct anshin_ocsp_aging_t {
    anshin_ocsp_request_t request; /* issuer NULL: by anshin_ocsp_ahead(), and it is still to be found by ca */
    const char *ca;                /* then the certificate's record names it so; or NULL */
    int wanted;                    /* 1: then; or somebody has asked within ANSHIN_OCSP_MEMORY */
} anshin_ocsp_aging_t;
apr_status_t anshin_ocsp_aging(anshin_op_t *op, apr_array_header_t **aging);
apr_status_t anshin_ocsp_forget(anshin_op_t *op, const anshin_ocsp_request_t *request);

/* An answer without content, in pool. */
anshin_ocsp_response_t anshin_ocsp_refuse(anshin_ocsp_refusal_t refusal, apr_pool_t *pool);

#endif
