/*
 * What follows a lock: see lock.h.
 */
#include "core/lock.h"

#include "core/job.h"
#include "core/notice.h"
#include "core/session.h"

#define NOBODY "~" /* starts no user ID: the worker finds no such account */

static apr_status_t queue(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *number)
{
    anshin_job_t job = {.kind = ANSHIN_JOB_LOCK_NOTICE, .user = user, .account = number, .address = op->address};

    return ANSHIN_HAS(op->contract->policy.notices, ANSHIN_NOTICE_LOCK) ? anshin_job_add(op, txn, &job) : APR_SUCCESS;
}

apr_status_t anshin_lock_follow(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account,
                                anshin_lock_origin_t origin)
{
    static const anshin_session_match_t every = {0};
    apr_status_t rv;

    account->locked_at = op->now;
    rv = anshin_account_put(op, txn, account);
    if (rv == APR_SUCCESS && origin == ANSHIN_LOCK_WITHIN) {
        rv = anshin_sessions_end(op, txn, account->user, &every, NULL);
    }
    return rv == APR_SUCCESS ? queue(op, txn, account->user, account->number) : rv;
}

apr_status_t anshin_lock_follow_phantom(anshin_op_t *op, anshin_txn_t *txn)
{
    return queue(op, txn, NOBODY, NULL);
}

/* The mail tells when and from where it was locked, not when the worker came to it. */
static apr_status_t tell_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job)
{
    anshin_account_t account;
    anshin_op_t then = *op;
    apr_status_t rv = anshin_account_get_owner(op, txn, job->user, job->account, job->created_at, &account);

    if (rv != APR_SUCCESS) {
        return rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv;
    }
    then.now = job->created_at;
    then.address = job->address;
    rv = anshin_notice_add(&then, txn, ANSHIN_NOTICE_LOCK, "locked", &account, NULL, NULL);
    op->jobs_queued |= then.jobs_queued;
    if (then.error.status != APR_SUCCESS) {
        op->error = then.error;
    }
    return rv;
}

apr_status_t anshin_lock_tell(anshin_op_t *op, const anshin_job_t *job, const char *key, const char *worker)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = tell_in(op, txn, job);
    if (rv == APR_SUCCESS) {
        rv = anshin_job_finish(op, txn, key, worker);
    }
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}
