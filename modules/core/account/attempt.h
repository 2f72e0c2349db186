/*
 * One attempt at a secret, from its place to its outcome: reserve, check, settle (LCK-1; core/account/lockout.h has the
 * counters). Whatever checks a secret that somebody could guess does it in one of these two ways; nobody else reserves
 * or settles.
 */
#ifndef ANSHIN_CORE_ACCOUNT_ATTEMPT_H
#define ANSHIN_CORE_ACCOUNT_ATTEMPT_H

#include "core/account/lockout.h"

/* --- a check that takes no time --- */

typedef struct anshin_attempt_facts_t {
    anshin_counter_kind_t kind;
    const char *subject;
    const char *typed; /* the readable secret, as it came */
    /* Is it right? Called at most once, in the caller's transaction; secret is what was typed, normalised, and wiped
     * afterwards. Anything but APR_SUCCESS is the answer. */
    apr_status_t (*check)(void *baton, anshin_op_t *op, anshin_txn_t *txn, const char *secret, int *right);
    void *baton;
} anshin_attempt_facts_t;

/* All of it inside the caller's write transaction, which ends without a commit unless this is APR_SUCCESS:
 * attempt->outcome and what settling says of the counter. ANSHIN_ATTEMPT_NOT_MADE: the lock was there before. Other
 * answers are those of anshin_attempt_reserve() without a lock, of anshin_attempt_settle() and of the check. */
apr_status_t anshin_attempt_run_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_attempt_facts_t *facts,
                                   anshin_attempt_t *attempt);

/* --- a check that hashes --- */

/* What an attempt brings along; baton is the caller's. reserve, settle and give_back are work of anshin_op_write():
 * each may be run again, and finds *attempt as it was. */
typedef struct anshin_attempt_steps_t {
    /* Whose attempt is it? Then anshin_attempt_reserve(), unless something else speaks against a check. Inside a write
     * transaction that is lazy: everyone sees a place, what it leads to is made durable by settle. Called again after
     * others were waited for. APR_SUCCESS without a place (attempt->reserved is 0): a refusal that is known already. */
    apr_status_t (*reserve)(void *baton, anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt);
    /* In no transaction. *right is 0 before. Called without a place too, so that a refusal can take as long. */
    apr_status_t (*check)(void *baton, anshin_op_t *op, const anshin_attempt_t *attempt, int *right);
    /* The secret, as soon as the check has been made or will not be. */
    void (*wipe)(void *baton, anshin_op_t *op);
    /* Inside a write transaction, durable: look at everything again, then anshin_attempt_settle(). Called with a place
     * only, with op->now as it is after the check. */
    apr_status_t (*settle)(void *baton, anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt, int right);
    /* Nothing was checked, for the reason why: what else has to be given back, inside a write transaction whose failure
     * leaves that reason as it is. NULL: nothing but the place. */
    apr_status_t (*give_back)(void *baton, anshin_op_t *op, anshin_txn_t *txn, apr_status_t why);
} anshin_attempt_steps_t;

/* In two transactions of its own, with the check between them; waits while other checks of the subject are under way.
 * APR_SUCCESS; ANSHIN_EBUSY (503 with Retry-After); other answers of the steps. */
apr_status_t anshin_attempt_run(anshin_op_t *op, const anshin_attempt_steps_t *steps, void *baton,
                                anshin_attempt_t *attempt);

/* After ANSHIN_EBUSY of reserve, with the transaction ended: pause and refresh op->now. 0: waited long enough, too
 * many threads of this process wait already, or the store itself is busy; then ANSHIN_EBUSY is the answer. *waited
 * starts as 0. */
int anshin_attempt_wait(anshin_op_t *op, apr_interval_time_t *waited);

#endif
