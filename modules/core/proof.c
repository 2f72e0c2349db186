/*
 * Proving a person again.
 *
 * SECURITY: the same order as a login: reserve, check, settle (LCK-1).
 */
#include "core/proof.h"

#include <string.h>

#include "core/attempt.h"
#include "core/history.h"
#include "core/lock.h"
#include "core/password.h"
#include "core/secret.h"

/* One attempt. */
typedef struct trial_t {
    anshin_counter_kind_t kind;
    const char *user;
    const anshin_proof_part_t *parts;
    int count;
} trial_t;

static apr_status_t reserve(void *baton, anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt)
{
    const trial_t *trial = baton;
    apr_status_t rv = anshin_attempt_reserve(op, txn, trial->kind, trial->user, attempt);

    return rv == ANSHIN_EDENIED && attempt->locked ? APR_SUCCESS : rv;
}

static apr_status_t check_part(anshin_op_t *op, const anshin_proof_part_t *part, int *match)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    int stale;
    apr_status_t rv =
        crypto->password_verify(crypto->ctx, match, &stale, part->phc, part->secret, strlen(part->secret), NULL);

    if (rv == APR_SUCCESS && !*match && part->former != NULL) {
        rv = crypto->password_verify(crypto->ctx, match, &stale, part->phc, part->former, strlen(part->former), NULL);
    }
    return rv == APR_SUCCESS
               ? rv
               : anshin_fail(&op->error, rv, "AN0181", "a secret could not be checked: %s", anshin_status_name(rv));
}

static apr_status_t check(void *baton, anshin_op_t *op, const anshin_attempt_t *attempt, int *right)
{
    const trial_t *trial = baton;
    int all = attempt->reserved; /* a lock is told at once */
    apr_status_t rv = APR_SUCCESS;

    for (int i = 0; attempt->reserved && rv == APR_SUCCESS && i < trial->count; i++) {
        int one = 0;
        rv = check_part(op, &trial->parts[i], &one);
        all = all && one;
    }
    *right = rv == APR_SUCCESS && all;
    return rv;
}

static void wipe(void *baton, anshin_op_t *op)
{
    const trial_t *trial = baton;

    for (int i = 0; i < trial->count; i++) {
        anshin_secret_wipe(op, trial->parts[i].secret);
        anshin_secret_wipe(op, trial->parts[i].former);
    }
}

static apr_status_t follow_lock(anshin_op_t *op, anshin_txn_t *txn, const char *user)
{
    anshin_account_t account;
    apr_status_t rv = anshin_account_get(op, txn, user, &account);

    if (rv == APR_SUCCESS) {
        rv = anshin_lock_follow(op, txn, &account, ANSHIN_LOCK_WITHIN);
    }
    return rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv;
}

static apr_status_t settle(void *baton, anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt, int right)
{
    const trial_t *trial = baton;
    anshin_history_t entry = {.result = trial->kind == ANSHIN_COUNTER_ANSWER ? ANSHIN_HISTORY_WRONG_PROOF
                                                                             : ANSHIN_HISTORY_WRONG_PASSWORD};
    apr_status_t rv = anshin_attempt_settle(op, txn, attempt, right ? ANSHIN_ATTEMPT_SUCCEEDED : ANSHIN_ATTEMPT_FAILED);

    if (rv != APR_SUCCESS || right) {
        /* Right, but locked by a failure beside it: told by attempt->locked. */
        return rv == ANSHIN_EDENIED ? APR_SUCCESS : rv;
    }
    if (attempt->locked_now) {
        entry.result = ANSHIN_HISTORY_NOW_LOCKED;
        rv = follow_lock(op, txn, trial->user);
    }
    return rv == APR_SUCCESS ? anshin_history_add(op, txn, trial->user, &entry) : rv;
}

static const anshin_attempt_steps_t steps = {reserve, check, wipe, settle, NULL};

apr_status_t anshin_proof_check_all(anshin_op_t *op, anshin_counter_kind_t kind, const char *user,
                                    const anshin_proof_part_t *parts, int count, anshin_proof_t *proof)
{
    trial_t trial = {kind, user, parts, count};
    anshin_attempt_t attempt;
    apr_status_t rv = anshin_attempt_run(op, &steps, &trial, &attempt);

    memset(proof, 0, sizeof(*proof));
    if (rv == APR_SUCCESS) {
        proof->locked = attempt.locked;
        proof->unlock_at = attempt.unlock_at;
        proof->right = attempt.outcome == ANSHIN_ATTEMPT_SUCCEEDED && !attempt.locked;
        proof->remaining = attempt.remaining;
    }
    return rv;
}

apr_status_t anshin_proof_check(anshin_op_t *op, anshin_counter_kind_t kind, const char *user, const char *phc,
                                const char *secret, anshin_proof_t *proof)
{
    const anshin_proof_part_t part = {phc, secret, NULL};

    return anshin_proof_check_all(op, kind, user, &part, 1, proof);
}

anshin_proof_part_t anshin_proof_answer(anshin_op_t *op, const char *phc, const char *typed)
{
    const char *answer = anshin_answer_normalise(typed, op->pool);
    const char *former = anshin_answer_former(typed, op->pool);
    int both = answer != NULL && former != NULL && strcmp(answer, former) != 0;
    const anshin_proof_part_t part = {answer != NULL ? phc : NULL, answer != NULL ? answer : "", both ? former : NULL};

    return part;
}
