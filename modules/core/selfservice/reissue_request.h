/*
 * Requests for a link to a reissue or to a lost device: queued by the page, looked into by the worker.
 */
#ifndef ANSHIN_CORE_SELFSERVICE_REISSUE_REQUEST_H
#define ANSHIN_CORE_SELFSERVICE_REISSUE_REQUEST_H

#include "core/mail/job.h"
#include "core/selfservice/reissue.h"

#define ANSHIN_REISSUE_PAUSE \
    apr_time_from_sec(300) /* between two mails to one user, unless the first one's link was used */

/* Queue a request; the answer is the same whatever was typed. APR_SUCCESS; ANSHIN_EDENIED (this address must wait,
 * LCK-4); ANSHIN_EBUSY (too many requests wait), ANSHIN_EFAULT. */
apr_status_t anshin_reissue_request(anshin_op_t *op, anshin_reissue_kind_t kind, const char *user, const char *address);

/* The worker's half: mail the link when ID and address belong to an account that may have it, and finish the job.
 * Answers of anshin_job_finish(); a request that leads nowhere is a success. */
apr_status_t anshin_reissue_process(anshin_op_t *op, const anshin_job_t *job, const char *key, const char *worker);

/* What was last mailed to an account of this kind, in a transaction of any mode: when, and the key of the token that
 * the mail leads to. APR_SUCCESS, ANSHIN_ENOTFOUND, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_reissue_mailed(anshin_op_t *op, anshin_txn_t *txn, anshin_reissue_kind_t kind,
                                   const anshin_account_t *account, anshin_fact_t *fact);

/* That token has another key from now on; inside a write transaction. Same answers. */
apr_status_t anshin_reissue_mailed_moved(anshin_op_t *op, anshin_txn_t *txn, anshin_reissue_kind_t kind,
                                         const anshin_account_t *account, const char *key);

/* 1: what was typed into this request is that user's ID, or one of the addresses (of const char *). 0 also for one that
 * cannot be opened, which says nothing of anybody. */
int anshin_reissue_request_names(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job, const char *user,
                                 const apr_array_header_t *addresses);

#endif
