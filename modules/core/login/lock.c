/*
 * What follows a lock: see lock.h.
 */
#include "core/login/lock.h"

#include "core/account/lockout.h"
#include "core/account/session.h"
#include "core/mail/event.h"
#include "core/mail/mail_render.h"
#include "core/mail/job.h"
#include "core/mail/notice.h"

#define NOBODY "~" /* starts no user ID: the worker finds no such account */

static apr_status_t queue(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *number)
{
    anshin_job_t job = {.kind = ANSHIN_JOB_LOCK_NOTICE, .user = user, .account = number, .address = op->actor.address};

    return ANSHIN_HAS(op->contract->policy.notices, ANSHIN_NOTICE_LOCK) ? anshin_job_add(op, txn, &job) : APR_SUCCESS;
}

apr_status_t anshin_lock_follow(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account,
                                anshin_lock_origin_t origin)
{
    static const anshin_session_match_t every = {0};
    apr_status_t status;

    account->locked_at = op->now;
    status = anshin_account_put(op, txn, account);
    if (status == APR_SUCCESS && origin == ANSHIN_LOCK_WITHIN) {
        status = anshin_sessions_end_in(op, txn, account->user, &every, NULL);
    }
    return status == APR_SUCCESS ? queue(op, txn, account->user, account->number) : status;
}

apr_status_t anshin_lock_follow_phantom(anshin_op_t *op, anshin_txn_t *txn)
{
    return queue(op, txn, NOBODY, NULL);
}

typedef struct telling_t {
    const anshin_job_t *job;
    const char *key;
    const char *worker;
} telling_t;

/* What the user entered wrongly, by the counter that is full. */
static const struct {
    anshin_counter_kind_t kind;
    const char *flag; /* of the template */
} causes[] = {
    {ANSHIN_COUNTER_PASSWORD, "by_password"}, {ANSHIN_COUNTER_CODE, "by_code"}, {ANSHIN_COUNTER_ANSWER, "by_answer"}};

/* When and from where it was locked, not when the worker came to it; by what, and until when, if it still is. */
static apr_status_t gather(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job, json_t **data)
{
    anshin_lock_t lock;
    apr_status_t status = anshin_lock_get(op, txn, ANSHIN_COUNTER_PASSWORD, job->user, &lock);
    int broken;

    if (status != APR_SUCCESS) {
        return status;
    }
    *data = json_pack("{s:I, s:s*}", "when", anshin_mail_moment(job->created_at), "where", job->address);
    broken = *data == NULL;
    for (apr_size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
        if (lock.kinds & (1u << causes[i].kind)) {
            broken |= json_object_set_new(*data, causes[i].flag, json_true()) != 0;
        }
    }
    if (lock.unlock_at != 0) {
        broken |= json_object_set_new(*data, "unlock_text", json_integer(anshin_mail_moment(lock.unlock_at))) != 0;
    }
    return broken ? anshin_fail(&op->error, ANSHIN_EFAULT, "AN1176", "notice of a lock: out of memory") : APR_SUCCESS;
}

static apr_status_t add_notice(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job)
{
    anshin_account_t account;
    anshin_event_t event = {.act = ANSHIN_ACT_LOCK_TOLD, .account = &account};
    apr_status_t status = anshin_account_get_owner(op, txn, job->user, job->account, job->created_at, &account);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    status = gather(op, txn, job, &event.data);
    status = status == APR_SUCCESS ? anshin_event(op, txn, &event) : status;
    json_decref(event.data);
    return status;
}

static apr_status_t tell_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const telling_t *telling = baton;
    apr_status_t status = add_notice(op, txn, telling->job);

    return status == APR_SUCCESS ? anshin_job_finish(txn, telling->key, telling->worker) : status;
}

apr_status_t anshin_lock_tell(anshin_op_t *op, const anshin_job_t *job, const char *key, const char *worker)
{
    telling_t telling = {job, key, worker};

    return anshin_op_write(op, ANSHIN_DURABLE, tell_in, &telling);
}
