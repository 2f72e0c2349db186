/*
 * Attempts: see attempt.h.
 *
 * SECURITY: the order is what protects (LCK-1). No check without a place that every process sees; no outcome that is
 * told before it is in the store; no secret that outlives its check.
 */
#include "core/account/attempt.h"

#include <string.h>

#include "core/context/rehearsal.h"
#include "core/context/secret.h"

#define BUSY_PAUSE apr_time_from_msec(20)
#define BUSY_LIMIT apr_time_from_sec(5)

static anshin_attempt_outcome_t outcome_of(int right)
{
    return right ? ANSHIN_ATTEMPT_SUCCEEDED : ANSHIN_ATTEMPT_FAILED;
}

/* --- in one transaction ----------------------------------------------------------------------------------------- */

static apr_status_t check_typed(anshin_op_t *op, anshin_txn_t *txn, const anshin_attempt_facts_t *facts, int *right)
{
    const char *secret = anshin_secret_normalise(facts->typed, op->pool);
    apr_status_t status = facts->check(facts->baton, op, txn, secret, right);

    anshin_secret_wipe(op, secret);
    return status;
}

apr_status_t anshin_attempt_run_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_attempt_facts_t *facts,
                                   anshin_attempt_t *attempt)
{
    int right = anshin_rehearsing(op); /* it would not count */
    apr_status_t status = anshin_attempt_reserve(op, txn, facts->kind, facts->subject, attempt);

    if (status == ANSHIN_EDENIED && attempt->locked) {
        return APR_SUCCESS;
    }
    if (status != APR_SUCCESS || (!right && (status = check_typed(op, txn, facts, &right)) != APR_SUCCESS)) {
        return status;
    }
    return anshin_attempt_settle(op, txn, attempt, outcome_of(right));
}

/* --- in two ----------------------------------------------------------------------------------------------------- */

int anshin_attempt_wait(anshin_op_t *op, apr_interval_time_t *waited)
{
    if (op->error.status != APR_SUCCESS || *waited >= BUSY_LIMIT) {
        return 0;
    }
    if (!anshin_limit_enter(op->env->waiting)) {
        return 0;
    }
    apr_sleep(BUSY_PAUSE);
    anshin_limit_leave(op->env->waiting);
    *waited += BUSY_PAUSE;
    op->now = op->env->now(op->env->now_baton);
    return 1;
}

/* One on its way. */
typedef struct run_t {
    const anshin_attempt_steps_t *steps;
    void *baton; /* of the steps */
    anshin_attempt_t *attempt;
    anshin_attempt_t place; /* the attempt with its place, as each run of the last step finds it */
    int right;
    apr_status_t why; /* no check could be made */
} run_t;

static apr_status_t reserve_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const run_t *run = baton;

    memset(run->attempt, 0, sizeof(*run->attempt));
    return run->steps->reserve(run->baton, op, txn, run->attempt);
}

static apr_status_t reserve(anshin_op_t *op, run_t *run)
{
    apr_interval_time_t waited = 0;
    apr_status_t status;

    do {
        status = anshin_op_write(op, ANSHIN_LAZY, reserve_in, run);
        run->attempt->reserved = run->attempt->reserved && status == APR_SUCCESS;
    } while (status == ANSHIN_EBUSY && anshin_attempt_wait(op, &waited));
    run->place = *run->attempt;
    return status;
}

static apr_status_t give_back_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const run_t *run = baton;
    apr_status_t status = APR_SUCCESS;

    *run->attempt = run->place;
    if (run->attempt->reserved) {
        status = anshin_attempt_settle(op, txn, run->attempt, ANSHIN_ATTEMPT_NOT_MADE);
    }
    return status == APR_SUCCESS && run->steps->give_back != NULL ? run->steps->give_back(run->baton, op, txn, run->why)
                                                                  : status;
}

/* The first cause is what counts; a place that stays is free in time. */
static void give_back(const anshin_op_t *of, run_t *run)
{
    anshin_op_t op = *of;

    anshin_error_clear(&op.error);
    if (run->attempt->reserved || run->steps->give_back != NULL) {
        (void)anshin_op_write(&op, ANSHIN_LAZY, give_back_in, run);
    }
}

static apr_status_t settle_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const run_t *run = baton;

    *run->attempt = run->place;
    return run->steps->settle(run->baton, op, txn, run->attempt, run->right);
}

apr_status_t anshin_attempt_run(anshin_op_t *op, const anshin_attempt_steps_t *steps, void *baton,
                                anshin_attempt_t *attempt)
{
    run_t run = {.steps = steps, .baton = baton, .attempt = attempt};
    apr_status_t status = reserve(op, &run);

    if (status == APR_SUCCESS) {
        status = steps->check(baton, op, attempt, &run.right);
    }
    steps->wipe(baton, op);
    if (status != APR_SUCCESS) {
        run.why = status;
        give_back(op, &run);
        return status;
    }
    op->now = op->env->now(op->env->now_baton); /* the check took its time */
    return attempt->reserved ? anshin_op_write(op, ANSHIN_DURABLE, settle_in, &run) : APR_SUCCESS;
}
