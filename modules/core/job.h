/*
 * Jobs for the CA worker: a durable queue, filled in the transaction of the change that causes the work.
 *
 * Numbers rise; a job stays under its number, its key, until it is done, given up, or put back to be tried again later.
 * Done exactly once: the worker commits its results and the removal of the job in one transaction, and a job that was
 * begun by a worker that died is begun again. Adding, claiming and finishing cost the same however many jobs wait.
 * What strangers ask for, requests for a reissue, is claimed only while none of the other jobs is due.
 */
#ifndef ANSHIN_CORE_JOB_H
#define ANSHIN_CORE_JOB_H

#include "core/op.h"

/* On disk, never renumbered. */
typedef enum anshin_job_kind_t {
    ANSHIN_JOB_ISSUE = 1,
    ANSHIN_JOB_MAIL = 2,
    ANSHIN_JOB_PASSWORD_REQUEST = 3,
    ANSHIN_JOB_CERTIFICATE_REQUEST = 4,
    ANSHIN_JOB_LOCK_NOTICE = 5 /* an account was locked, or something that looks like one (core/lock.h) */
} anshin_job_kind_t;

/* Then a mail is failed; waits between tries double from 10 s to 1 h (of an issue: to 1 min, for ever). */
#define ANSHIN_JOB_TRIES 12

/* Then a claim ends by itself: longer than any job takes. A worker that died is noticed earlier, at the next one's
 * start. */
#define ANSHIN_JOB_CLAIM_LIFE apr_time_from_sec(600)

/* Queue inside a write transaction; sets op->jobs_queued. contract, times and tries are filled in. */
apr_status_t anshin_job_add(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job);

/* Claim the first job that is due and not in another worker's hands: write transaction of its own. *key names it.
 * A worker has one in hand at a time: one that it could not put back, since the disk was full say, it gets again.
 * ANSHIN_ENOTFOUND: nothing to do; *wake then is the time of the next job that waits, 0 for none. */
apr_status_t anshin_job_claim(anshin_op_t *op, const char *worker, anshin_job_t *job, const char **key,
                              apr_time_t *wake);

/* At start, with the worker lock held: claims left by a worker that died are free again. Looks at every job. */
apr_status_t anshin_jobs_release(anshin_op_t *op, int *released);

/* Inside the write transaction that commits the results: ANSHIN_ENOTFOUND when the job is gone, ANSHIN_ECONFLICT
 * when another worker has it; otherwise it is removed. */
apr_status_t anshin_job_finish(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *worker);

/* Remove one inside a write transaction whoever has it in hand, who then finds that it is gone (ANSHIN_ENOTFOUND); one
 * that is not there is no failure. */
apr_status_t anshin_job_remove(anshin_op_t *op, anshin_txn_t *txn, const char *key);

/* The same answers, but the job stays in this worker's hands. */
apr_status_t anshin_job_keep(anshin_txn_t *txn, const char *key, const char *worker);

/* anshin_job_finish() in a transaction of its own, for a job that there is nothing to do about. Also ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_job_drop(anshin_op_t *op, const char *key, const char *worker);

/* Put it back after a failure, to be tried again later: inside a write transaction, with the answers of
 * anshin_job_finish(), or in a transaction of its own. */
apr_status_t anshin_job_retry_in(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *worker,
                                 const char *why);
apr_status_t anshin_job_retry(anshin_op_t *op, const char *key, const char *worker, const char *why);

/* How many wait, in all. */
apr_status_t anshin_jobs_count(anshin_op_t *op, anshin_txn_t *txn, apr_int64_t *waiting);

/* How many of op->contract wait that strangers asked for. */
apr_status_t anshin_jobs_requests(anshin_op_t *op, anshin_txn_t *txn, apr_int64_t *waiting);

/* The doorbell: a datagram to STATE/run/ca.sock tells the worker that work waits. Never blocks, never fails: the
 * worker polls as well. Call after the commit when op->jobs_queued. */
void anshin_job_ring(const anshin_op_t *op);

#endif
