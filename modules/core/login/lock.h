/*
 * What follows when an attempt has locked (LCK-2, S-12).
 *
 * The request that locks does the same for somebody who exists and for nobody: it queues one job. The worker renders
 * the notice, or drops the job, so that neither the time of the answer nor an operator's template has a part in it.
 */
#ifndef ANSHIN_CORE_LOGIN_LOCK_H
#define ANSHIN_CORE_LOGIN_LOCK_H

#include "core/account/account.h"

typedef enum anshin_lock_origin_t {
    ANSHIN_LOCK_AT_LOGIN, /* sessions live on: who cannot log in must not end what runs */
    ANSHIN_LOCK_WITHIN    /* from within a session, or behind a mailed link: all sessions end */
} anshin_lock_origin_t;

/* An account that this transaction has locked; it is written. Answers of anshin_job_add(). */
apr_status_t anshin_lock_follow(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account,
                                anshin_lock_origin_t origin);

/* The counter of strangers at an ID (LCK-3, LCK-4) that this transaction has locked: the same work, of which nobody
 * hears. */
apr_status_t anshin_lock_follow_phantom(anshin_op_t *op, anshin_txn_t *txn);

/* The worker: queue the notice and finish the job, in one transaction. Answers of anshin_job_finish() and
 * anshin_event(). */
apr_status_t anshin_lock_tell(anshin_op_t *op, const anshin_job_t *job, const char *key, const char *worker);

#endif
