/*
 * Proving a person again.
 *
 * SECURITY: the same order as a login: reserve, check, settle (LCK-1).
 */
#include "core/proof.h"

#include <string.h>

#include "core/history.h"
#include "core/lock.h"
#include "core/password.h"
#include "core/secret.h"

static apr_status_t reserve_once(anshin_op_t *op, anshin_counter_kind_t kind, const char *user,
                                 anshin_attempt_t *attempt)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    return anshin_txn_end(txn, anshin_attempt_reserve(op, txn, kind, user, attempt), ANSHIN_LAZY);
}

static apr_status_t settle_in(anshin_op_t *op, anshin_txn_t *txn, anshin_counter_kind_t kind, const char *user,
                              anshin_attempt_t *attempt, int match)
{
    anshin_history_t entry = {.result = kind == ANSHIN_COUNTER_ANSWER ? ANSHIN_HISTORY_WRONG_PROOF
                                                                      : ANSHIN_HISTORY_WRONG_PASSWORD};
    anshin_account_t account;
    apr_status_t rv = anshin_attempt_settle(op, txn, attempt, match ? ANSHIN_ATTEMPT_SUCCEEDED : ANSHIN_ATTEMPT_FAILED);

    if (rv != APR_SUCCESS || match) {
        return rv == ANSHIN_EDENIED ? APR_SUCCESS
                                    : rv; /* right, but locked by a failure beside it: told by attempt->locked */
    }
    if (attempt->locked_now) {
        entry.result = ANSHIN_HISTORY_NOW_LOCKED;
        rv = anshin_account_get(op, txn, user, &account);
        if (rv == APR_SUCCESS) {
            rv = anshin_lock_follow(op, txn, &account, ANSHIN_LOCK_WITHIN);
        }
        if (rv != APR_SUCCESS && rv != ANSHIN_ENOTFOUND) {
            return rv;
        }
    }
    return anshin_history_add(op, txn, user, &entry);
}

static apr_status_t match_all(anshin_op_t *op, const anshin_proof_part_t *parts, int count, int *match)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    int all = 1;

    for (int i = 0; i < count; i++) {
        int one = 0, stale;
        apr_status_t rv = crypto->password_verify(crypto->ctx, &one, &stale, parts[i].phc, parts[i].secret,
                                                  strlen(parts[i].secret), NULL);
        if (rv == APR_SUCCESS && !one && parts[i].former != NULL) {
            rv = crypto->password_verify(crypto->ctx, &one, &stale, parts[i].phc, parts[i].former,
                                         strlen(parts[i].former), NULL);
        }
        if (rv != APR_SUCCESS) {
            return anshin_fail(&op->error, rv, "AN0181", "a secret could not be checked: %s", anshin_status_name(rv));
        }
        all = all && one;
    }
    *match = all;
    return APR_SUCCESS;
}

static apr_status_t check(anshin_op_t *op, anshin_counter_kind_t kind, const char *user,
                          const anshin_proof_part_t *parts, int count, anshin_proof_t *proof)
{
    apr_interval_time_t waited = 0;
    anshin_attempt_t attempt;
    anshin_txn_t *txn;
    int match = 0;
    apr_status_t rv;

    memset(proof, 0, sizeof(*proof));
    do {
        rv = reserve_once(op, kind, user, &attempt);
    } while (rv == ANSHIN_EBUSY && anshin_attempt_wait(op, &waited));
    if (rv == ANSHIN_EDENIED && attempt.locked) {
        proof->locked = 1;
        proof->unlock_at = attempt.unlock_at;
        return APR_SUCCESS;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = match_all(op, parts, count, &match);
    if (rv != APR_SUCCESS) {
        anshin_attempt_give_back(op, &attempt);
        return rv;
    }
    if ((rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_txn_end(txn, settle_in(op, txn, kind, user, &attempt, match), ANSHIN_DURABLE);
    if (rv == APR_SUCCESS) {
        proof->locked = attempt.locked;
        proof->unlock_at = attempt.unlock_at;
        proof->right = match && !attempt.locked;
        proof->remaining = attempt.remaining;
    }
    return rv;
}

apr_status_t anshin_proof_check_all(anshin_op_t *op, anshin_counter_kind_t kind, const char *user,
                                    const anshin_proof_part_t *parts, int count, anshin_proof_t *proof)
{
    apr_status_t rv = check(op, kind, user, parts, count, proof);

    for (int i = 0; i < count; i++) {
        anshin_secret_wipe(op, parts[i].secret);
        anshin_secret_wipe(op, parts[i].former);
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
