/*
 * Jobs for the CA worker: durable, made in the transaction of the change that causes the work.
 *
 * A job keeps its key until it is done or given up. Done exactly once: the worker commits its results and the removal
 * of the job in one transaction, and a job that was begun by a worker that died is begun again. Adding, claiming and
 * finishing cost the same however many jobs wait, and no two jobs share a record or a number. What strangers ask for,
 * requests for a reissue, is claimed only while none of ours is due; so is what comes by the thousand and nobody waits
 * for (job.many: renewals, whose old certificate still works, and reminders), so that a user's own request is next
 * however many of those wait. Where strangers and many both wait, they take turns, a second each: neither can keep the
 * other waiting.
 *
 * Workers of several machines may work on one store: a claim carries the node (op->env->node).
 */
#ifndef ANSHIN_CORE_MAIL_JOB_H
#define ANSHIN_CORE_MAIL_JOB_H

#include "core/context/op.h"
#include "core/mail/job_kind.h"

/* Then a mail is failed; waits between tries double from 10 s to 1 h (of an issue: to 1 min, for ever). */
#define ANSHIN_JOB_TRIES 12

/* Then a claim ends by itself: longer than any job takes. A worker that died is noticed earlier, at the next one's
 * start. */
#define ANSHIN_JOB_CLAIM_LIFE apr_time_from_sec(600)

/* Queue inside a write transaction; sets op->jobs_queued. contract, times and tries are filled in. */
apr_status_t anshin_job_add(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job);

/* Claim the first job that is due and not in another worker's hands, for ANSHIN_JOB_CLAIM_LIFE: write transaction of
 * its own. *key names it. ANSHIN_ENOTFOUND: nothing to do; *wake then is the time of the next job that waits, 0 for
 * none. */
apr_status_t anshin_job_claim(anshin_op_t *op, const char *worker, anshin_job_t *job, const char **key,
                              apr_time_t *wake);

/* Take up again one that this worker could not put back, because the disk was full for example: write transaction of
 * its own, which begins the claim anew. ANSHIN_ENOTFOUND, ANSHIN_ECONFLICT: it is not this worker's any more. */
apr_status_t anshin_job_resume(anshin_op_t *op, const char *worker, const char *key, anshin_job_t *job);

/* At start, with the worker lock held: claims left by a worker of this node that died are free again, a transaction
 * each. Looks at every job that waits. */
apr_status_t anshin_jobs_release(anshin_op_t *op, int *released);

/* The same of another node that is gone (core/context/nodes.h), but for what is bound to it: that waits for it. */
apr_status_t anshin_jobs_take_over(anshin_op_t *op, const char *node, int *released);

/* Inside the write transaction that commits the results: ANSHIN_ENOTFOUND when the job is gone, ANSHIN_ECONFLICT
 * when another worker has it; otherwise it is removed. */
apr_status_t anshin_job_finish(anshin_txn_t *txn, const char *key, const char *worker);

/* Remove one inside a write transaction whoever has it in hand, who then finds that it is gone (ANSHIN_ENOTFOUND); one
 * that is not there is no failure. */
apr_status_t anshin_job_remove(anshin_txn_t *txn, const char *key);

/* The same answers, but the job stays in this worker's hands, and from here on nobody but its node can go on with it:
 * what was begun lies on that machine. */
apr_status_t anshin_job_bind(anshin_txn_t *txn, const char *key, const char *worker);

/* anshin_job_finish() in a transaction of its own, for a job that there is nothing to do about. Also ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_job_drop(anshin_op_t *op, const char *key, const char *worker);

/* Put it back after a failure, to be tried again later: inside a write transaction, with the answers of
 * anshin_job_finish(), or in a transaction of its own. */
apr_status_t anshin_job_retry_in(anshin_op_t *op, anshin_txn_t *txn, const char *key, const char *worker,
                                 const char *why);
apr_status_t anshin_job_retry(anshin_op_t *op, const char *key, const char *worker, const char *why);

/* The same of one that could not even be tried, since its contract is not declared: that counts as no try, and it is
 * looked at again in a minute, the longer it has waited the later, at most in an hour. */
apr_status_t anshin_job_put_off(anshin_op_t *op, const char *key, const char *worker, const char *why);

/* How many of op->contract there are that strangers asked for, as far as limit. */
apr_status_t anshin_jobs_requests(anshin_op_t *op, anshin_txn_t *txn, int limit, apr_int64_t *waiting);

/* Is the job of that mail in a worker's hands just now? 1 or 0 into *in_hand; looks at every job that waits. */
apr_status_t anshin_job_of_mail(anshin_op_t *op, anshin_txn_t *txn, const char *mail, int *in_hand);

/* For core/admin/old_due.c and job_node.c: give a job of an older store, or one that waits for a machine that is
 * gone, a key of today and its turn, for any machine; nobody has it in hand. Inside a write transaction.
 * ANSHIN_ENOTFOUND: it is gone. */
apr_status_t anshin_job_adopt(anshin_op_t *op, anshin_txn_t *txn, const char *key);

/* The doorbell: a datagram to STATE/run/ca.sock tells the worker that work waits. Never blocks, never fails: the
 * worker polls as well. Call after the commit when op->jobs_queued. */
void anshin_job_ring(const anshin_op_t *op);

#endif
