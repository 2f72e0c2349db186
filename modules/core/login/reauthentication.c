/*
 * Proving a person again.
 *
 * SECURITY: the same order as a login: reserve, check, settle (LCK-1).
 */
#include "core/login/reauthentication.h"

#include <string.h>

#include "core/account/attempt.h"
#include "core/account/imported.h"
#include "core/account/password.h"
#include "core/context/secret.h"
#include "core/login/lock.h"
#include "core/mail/event.h"

/* One attempt. */
typedef struct trial_t {
    anshin_counter_kind_t kind;
    const char *user;
    const anshin_reauthentication_part_t *parts;
    int count;
} trial_t;

static apr_status_t reserve(void *baton, anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt)
{
    const trial_t *trial = baton;
    apr_status_t status = anshin_attempt_reserve(op, txn, trial->kind, trial->user, attempt);

    return status == ANSHIN_EDENIED && attempt->locked ? APR_SUCCESS : status;
}

static apr_status_t check_part(anshin_op_t *op, const anshin_reauthentication_part_t *part, int *match)
{
    anshin_verdict_t verdict;
    apr_status_t status = anshin_imported_compare(op, &verdict, part->phc, NULL, part->secret, NULL);

    for (int age = 0; status == APR_SUCCESS && !verdict.match && age < ANSHIN_ANSWER_AGES; age++) {
        const char *former = part->former[age];
        status = former != NULL ? anshin_imported_compare(op, &verdict, part->phc, NULL, former, NULL) : APR_SUCCESS;
    }
    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, status, "AN0181", "a secret could not be checked: %s",
                           anshin_status_name(status));
    }
    *match = verdict.match;
    return APR_SUCCESS;
}

static apr_status_t check(void *baton, anshin_op_t *op, const anshin_attempt_t *attempt, int *right)
{
    const trial_t *trial = baton;
    int all = attempt->reserved; /* a lock is told at once */
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; attempt->reserved && status == APR_SUCCESS && i < trial->count; i++) {
        int one = 0;
        status = check_part(op, &trial->parts[i], &one);
        all = all && one;
    }
    *right = status == APR_SUCCESS && all;
    return status;
}

static void wipe(void *baton, anshin_op_t *op)
{
    const trial_t *trial = baton;

    for (int i = 0; i < trial->count; i++) {
        anshin_secret_wipe(op, trial->parts[i].secret);
        for (int age = 0; age < ANSHIN_ANSWER_AGES; age++) {
            anshin_secret_wipe(op, trial->parts[i].former[age]);
        }
    }
}

static apr_status_t follow_lock(anshin_op_t *op, anshin_txn_t *txn, const char *user)
{
    anshin_account_t account;
    apr_status_t status = anshin_account_get(op, txn, user, &account);

    if (status == APR_SUCCESS) {
        status = anshin_lock_follow(op, txn, &account, ANSHIN_LOCK_WITHIN);
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

static apr_status_t settle(void *baton, anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt, int right)
{
    const trial_t *trial = baton;
    anshin_event_t event = {.act = trial->kind == ANSHIN_COUNTER_PASSWORD ? ANSHIN_ACT_WRONG_PASSWORD
                                                                          : ANSHIN_ACT_WRONG_PROOF,
                            .user = trial->user};
    apr_status_t status =
        anshin_attempt_settle(op, txn, attempt, right ? ANSHIN_ATTEMPT_SUCCEEDED : ANSHIN_ATTEMPT_FAILED);

    if (status != APR_SUCCESS || right) {
        /* Right, but locked by a failure beside it: told by attempt->locked. */
        return status == ANSHIN_EDENIED ? APR_SUCCESS : status;
    }
    if (attempt->locked_now && anshin_counter_locks_account(trial->kind)) {
        event.act = ANSHIN_ACT_NOW_LOCKED;
        status = follow_lock(op, txn, trial->user);
    }
    return status == APR_SUCCESS ? anshin_event(op, txn, &event) : status;
}

static const anshin_attempt_steps_t steps = {reserve, check, wipe, settle, NULL};

apr_status_t anshin_reauthentication_check_all(anshin_op_t *op, anshin_counter_kind_t kind, const char *user,
                                               const anshin_reauthentication_part_t *parts, int count,
                                               anshin_reauthentication_t *proof)
{
    trial_t trial = {kind, user, parts, count};
    anshin_attempt_t attempt;
    apr_status_t status = anshin_attempt_run(op, &steps, &trial, &attempt);

    memset(proof, 0, sizeof(*proof));
    if (status == APR_SUCCESS) {
        proof->locked = attempt.locked;
        proof->lock = attempt.lock;
        proof->right = attempt.outcome == ANSHIN_ATTEMPT_SUCCEEDED && !attempt.locked;
        proof->remaining = attempt.remaining;
    }
    return status;
}

apr_status_t anshin_reauthentication_check(anshin_op_t *op, anshin_counter_kind_t kind, const char *user,
                                           const char *phc, const char *secret, anshin_reauthentication_t *proof)
{
    const anshin_reauthentication_part_t part = {phc, secret, {NULL}};

    return anshin_reauthentication_check_all(op, kind, user, &part, 1, proof);
}

anshin_reauthentication_part_t anshin_reauthentication_answer(anshin_op_t *op, const char *phc, const char *typed)
{
    const char *answer = anshin_answer_normalise(typed, op->pool);
    const char *last = answer;
    anshin_reauthentication_part_t part = {answer != NULL ? phc : NULL, answer != NULL ? answer : "", {NULL}};

    for (int age = 0; answer != NULL && age < ANSHIN_ANSWER_AGES; age++) {
        const char *former = anshin_answer_former(typed, age, op->pool);
        if (former != NULL && strcmp(former, last) != 0) {
            part.former[age] = last = former;
        }
    }
    return part;
}
