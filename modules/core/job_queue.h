/*
 * How jobs lie in the store; for job.c.
 *
 * There are two lanes, one for our own work and one for what strangers ask for. In each there is one queue for what
 * can be done at once, and one for each length of wait between tries. A job that has to wait is moved to the end of
 * the queue of its wait, so that each is in the order of time by itself: looking for work ends at the first job of each
 * that is not due, however many wait behind it, and a mail that is refused for hours leaves no trail of gaps.
 *
 * A job lies under its number in its queue; the queue's sequence record says where it begins and which number comes
 * next, so that no walk over the store is needed. Numbers of jobs that are done are gaps. How many jobs there are in
 * all stands in the first sequence, how many strangers' requests of a contract in a record of the contract's own.
 *
 * Every verb answers APR_SUCCESS, ANSHIN_EBUSY or ANSHIN_EFAULT, and works inside the caller's transaction.
 */
#ifndef ANSHIN_CORE_JOB_QUEUE_H
#define ANSHIN_CORE_JOB_QUEUE_H

#include "core/job.h"

typedef enum anshin_lane_t { ANSHIN_LANE_OURS, ANSHIN_LANE_STRANGERS, ANSHIN_LANES } anshin_lane_t;

#define ANSHIN_QUEUES 12      /* of a lane; the index is the number of the wait */
#define ANSHIN_QUEUE_NOWAIT 0 /* for what can be done at once */

/* The lane of a new job, and the one of a job that is there: it never changes. */
anshin_lane_t anshin_lane_for(apr_int64_t kind);
anshin_lane_t anshin_lane_of(const char *key);

/* Which wait comes before try number tries (counted from 1; 0 or less: ANSHIN_QUEUE_NOWAIT), and how long it is. */
int anshin_queue_after(const anshin_job_t *job, apr_int64_t tries);
apr_interval_time_t anshin_queue_wait(int queue);

/* The sequence record; all zero of a queue that never had a job. */
apr_status_t anshin_queue_get(anshin_op_t *op, anshin_txn_t *txn, anshin_lane_t lane, int queue,
                              anshin_sequence_t *sequence);
apr_status_t anshin_queue_put(anshin_op_t *op, anshin_txn_t *txn, anshin_lane_t lane, int queue,
                              const anshin_sequence_t *sequence);

/* The key of a job; in op's pool. */
const char *anshin_queue_key(const anshin_op_t *op, anshin_lane_t lane, int queue, apr_int64_t number);

/* Put a job at the end of a queue. It is not counted: it may come from another one. */
apr_status_t anshin_queue_append(anshin_op_t *op, anshin_txn_t *txn, anshin_lane_t lane, int queue,
                                 const anshin_job_t *job);

/* There is one job more (1) or less (-1) in a lane. */
apr_status_t anshin_queue_count(anshin_op_t *op, anshin_txn_t *txn, anshin_lane_t lane, const char *contract, int more);

/* How many strangers' requests of a contract there are. */
apr_status_t anshin_queue_requests(anshin_op_t *op, anshin_txn_t *txn, const char *contract, apr_int64_t *count);

#endif
