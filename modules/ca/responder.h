/*
 * The responder: a thread of the worker that answers OCSP requests which httpd hands on (core/certificate/responder.h),
 * and makes those anew that are kept, before they end (CRT-6).
 */
#ifndef ANSHIN_CA_RESPONDER_H
#define ANSHIN_CA_RESPONDER_H

#include "ca/work.h"

typedef struct anshin_responder_t anshin_responder_t;

/* Bind STATE/run/ocsp.sock, mode 0660, in place of one that a worker left behind, and begin. work lives as long. Ended
 * by anshin_responder_end(), which waits for the answer in hand. Without it httpd answers by what is kept, and "try
 * later". APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_responder_start(anshin_responder_t **responder, const anshin_work_t *work, anshin_error_t *err,
                                    apr_pool_t *pool);

/* responder may be NULL. */
void anshin_responder_end(anshin_responder_t *responder);

#endif
