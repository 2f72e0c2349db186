/*
 * Attempts: see attempt.h.
 *
 * SECURITY: the order is what protects (LCK-1). No check without a place that every process sees; no outcome that is
 * told before it is in the store; no secret that outlives its check.
 */
#include "core/attempt.h"

#include <string.h>

#include "core/secret.h"

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
    apr_status_t rv = facts->check(facts->baton, op, txn, secret, right);

    anshin_secret_wipe(op, secret);
    return rv;
}

apr_status_t anshin_attempt_run_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_attempt_facts_t *facts,
                                   anshin_attempt_t *attempt)
{
    int right = 0;
    apr_status_t rv = anshin_attempt_reserve(op, txn, facts->kind, facts->subject, attempt);

    if (rv == ANSHIN_EDENIED && attempt->locked) {
        return APR_SUCCESS;
    }
    if (rv != APR_SUCCESS || (rv = check_typed(op, txn, facts, &right)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_attempt_settle(op, txn, attempt, outcome_of(right));
}

/* --- in two ----------------------------------------------------------------------------------------------------- */

int anshin_attempt_wait(anshin_op_t *op, apr_interval_time_t *waited)
{
    if (op->error.status != APR_SUCCESS || *waited >= BUSY_LIMIT) {
        return 0;
    }
    if (!anshin_gate_enter(op->env->waiting)) {
        return 0;
    }
    apr_sleep(BUSY_PAUSE);
    anshin_gate_leave(op->env->waiting);
    *waited += BUSY_PAUSE;
    op->now = op->env->now(op->env->now_baton);
    return 1;
}

static apr_status_t reserve(anshin_op_t *op, const anshin_attempt_steps_t *steps, void *baton,
                            anshin_attempt_t *attempt)
{
    apr_interval_time_t waited = 0;
    anshin_txn_t *txn;
    apr_status_t rv;

    do {
        memset(attempt, 0, sizeof(*attempt));
        rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        rv = anshin_txn_end(txn, steps->reserve(baton, op, txn, attempt), ANSHIN_LAZY);
        attempt->reserved = attempt->reserved && rv == APR_SUCCESS;
    } while (rv == ANSHIN_EBUSY && anshin_attempt_wait(op, &waited));
    return rv;
}

/* The first cause is what counts; a place that stays is free in time. */
static void give_back(const anshin_op_t *of, const anshin_attempt_steps_t *steps, void *baton,
                      anshin_attempt_t *attempt, apr_status_t why)
{
    anshin_op_t op = *of;
    anshin_txn_t *txn;
    apr_status_t rv = APR_SUCCESS;

    anshin_error_clear(&op.error);
    if ((!attempt->reserved && steps->give_back == NULL) ||
        anshin_op_begin(&op, ANSHIN_TXN_WRITE, &txn) != APR_SUCCESS) {
        return;
    }
    if (attempt->reserved) {
        rv = anshin_attempt_settle(&op, txn, attempt, ANSHIN_ATTEMPT_NOT_MADE);
    }
    if (rv == APR_SUCCESS && steps->give_back != NULL) {
        rv = steps->give_back(baton, &op, txn, why);
    }
    (void)anshin_txn_end(txn, rv, ANSHIN_LAZY);
}

static apr_status_t settle(anshin_op_t *op, const anshin_attempt_steps_t *steps, void *baton, anshin_attempt_t *attempt,
                           int right)
{
    anshin_txn_t *txn;
    apr_status_t rv;

    op->now = op->env->now(op->env->now_baton); /* the check took its time */
    if ((rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_txn_end(txn, steps->settle(baton, op, txn, attempt, right), ANSHIN_DURABLE);
}

apr_status_t anshin_attempt_run(anshin_op_t *op, const anshin_attempt_steps_t *steps, void *baton,
                                anshin_attempt_t *attempt)
{
    int right = 0;
    apr_status_t rv = reserve(op, steps, baton, attempt);

    if (rv == APR_SUCCESS) {
        rv = steps->check(baton, op, attempt, &right);
    }
    steps->wipe(baton, op);
    if (rv != APR_SUCCESS) {
        give_back(op, steps, baton, attempt, rv);
        return rv;
    }
    return attempt->reserved ? settle(op, steps, baton, attempt, right) : APR_SUCCESS;
}
