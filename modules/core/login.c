/*
 * Login: facts to outcome.
 *
 * SECURITY: faces everybody. The order is what protects: whom an attempt may count against is decided first, then a
 * place is reserved in the store, then one hash is computed (a dummy when nothing may be checked), then all that
 * follows is one transaction in which everything that was decided is looked at again.
 */
#include "core/login.h"

#include <apr_strings.h>
#include <string.h>

#include "core/claimant.h"
#include "core/lock.h"
#include "core/lockout.h"
#include "core/password.h"
#include "core/secret.h"

/* End the transaction of an attempt that got no further, with one line of history. */
static apr_status_t refuse(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                           const anshin_claimant_t *claimant, anshin_history_result_t result)
{
    apr_status_t rv = anshin_claimant_record(op, txn, facts, claimant, result);

    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}

static void set_wrong(anshin_op_t *op, anshin_login_result_t *result, const anshin_attempt_t *attempt)
{
    result->outcome = ANSHIN_LOGIN_WRONG;
    result->show = op->contract->policy.show_attempts;
    result->remaining = attempt->remaining;
    result->limit = attempt->limit;
}

/* Locked: told where the contract tells it, otherwise nothing but the one message. */
static void set_locked(anshin_op_t *op, anshin_login_result_t *result, const anshin_attempt_t *attempt)
{
    const anshin_policy_t *policy = &op->contract->policy;

    set_wrong(op, result, attempt);
    if (policy->show_locked) {
        result->outcome = ANSHIN_LOGIN_LOCKED;
        result->unlock_at = attempt->unlock_at;
    }
}

/* First transaction: who is it, may this address try, is there room? *claimant and *attempt when APR_SUCCESS and
 * result->outcome is still OK. */
static apr_status_t reserve_once(anshin_op_t *op, const anshin_login_facts_t *facts, anshin_claimant_t *claimant,
                                 anshin_attempt_t *attempt, anshin_login_result_t *result)
{
    anshin_txn_t *txn;
    int locked;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    memset(attempt, 0, sizeof(*attempt));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if ((rv = anshin_claimant_find(op, txn, facts, claimant)) != APR_SUCCESS) {
        anshin_txn_abort(txn);
        return rv;
    }
    rv = anshin_address_check(op, txn);
    if (rv == ANSHIN_EDENIED) {
        result->outcome = ANSHIN_LOGIN_THROTTLED;
        return refuse(op, txn, facts, claimant, ANSHIN_HISTORY_THROTTLED);
    }
    locked = claimant->evaluated && claimant->account.state == ANSHIN_ACCOUNT_LOCKED;
    if (rv == APR_SUCCESS && !locked) {
        rv = anshin_attempt_reserve(op, txn, claimant->evaluated ? ANSHIN_COUNTER_PASSWORD : ANSHIN_COUNTER_STRANGER,
                                    claimant->user, attempt);
        locked = rv == ANSHIN_EDENIED && attempt->locked;
    }
    if (locked) {
        set_locked(op, result, attempt);
        rv = anshin_address_count(op, txn);
        if (rv == APR_SUCCESS) {
            /* a stranger's lock is none of the account's, whose history tells the reason (LCK-3) */
            return refuse(op, txn, facts, claimant, claimant->evaluated ? ANSHIN_HISTORY_LOCKED : claimant->why);
        }
    }
    return anshin_txn_end(txn, rv, ANSHIN_LAZY); /* everyone sees it; what it leads to is made durable below */
}

/* The same, waiting while other checks of this user are under way. */
static apr_status_t reserve(anshin_op_t *op, const anshin_login_facts_t *facts, anshin_claimant_t *claimant,
                            anshin_attempt_t *attempt, anshin_login_result_t *result)
{
    apr_interval_time_t waited = 0;
    apr_status_t rv;

    do {
        rv = reserve_once(op, facts, claimant, attempt, result);
    } while (rv == ANSHIN_EBUSY && anshin_attempt_wait(op, &waited));
    return rv;
}

/* Whose counter has locked decides who hears of it; the work is the same (S12). */
static apr_status_t follow_lock(anshin_op_t *op, anshin_txn_t *txn, const anshin_attempt_t *attempt,
                                const anshin_claimant_t *claimant)
{
    return attempt->kind == ANSHIN_COUNTER_PASSWORD && claimant->known
               ? anshin_lock_follow(op, txn, &claimant->account, ANSHIN_LOCK_AT_LOGIN)
               : anshin_lock_follow_phantom(op, txn);
}

/* Second transaction, in which everything is looked at again: a password that was changed, an account that was locked
 * or a certificate that was revoked while the hash was computed must not let in. */
static apr_status_t settle_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                              const anshin_claimant_t *before, anshin_attempt_t *attempt, int match,
                              const char *new_hash, anshin_login_result_t *result)
{
    anshin_claimant_t claimant;
    int right;
    apr_status_t rv = anshin_claimant_find(op, txn, facts, &claimant);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    right = match && before->evaluated && claimant.evaluated && claimant.account.state == ANSHIN_ACCOUNT_ACTIVE &&
            strcmp(claimant.account.password_hash, before->account.password_hash) == 0;
    rv = anshin_attempt_settle(op, txn, attempt, right ? ANSHIN_ATTEMPT_SUCCEEDED : ANSHIN_ATTEMPT_FAILED);
    if (rv == APR_SUCCESS && right) {
        if (new_hash) {
            claimant.account.password_hash = new_hash;
        }
        return anshin_claimant_proceed(op, txn, facts, &claimant, ANSHIN_STEP_PASSWORD, result);
    }
    if (rv == ANSHIN_EDENIED) { /* right, but locked by a failure beside it */
        set_locked(op, result, attempt);
        return anshin_claimant_record(op, txn, facts, &claimant, ANSHIN_HISTORY_LOCKED);
    }
    if (rv != APR_SUCCESS || (rv = anshin_address_count(op, txn)) != APR_SUCCESS) {
        return rv;
    }
    if (attempt->locked) {
        set_locked(op, result, attempt);
    } else {
        set_wrong(op, result, attempt);
    }
    if (attempt->locked_now && (rv = follow_lock(op, txn, attempt, &claimant)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_claimant_record(op, txn, facts, &claimant,
                                  !claimant.evaluated   ? claimant.why
                                  : attempt->locked_now ? ANSHIN_HISTORY_NOW_LOCKED
                                                        : ANSHIN_HISTORY_WRONG_PASSWORD);
}

static apr_status_t settle(anshin_op_t *op, const anshin_login_facts_t *facts, const anshin_claimant_t *claimant,
                           anshin_attempt_t *attempt, int match, const char *new_hash, anshin_login_result_t *result)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = settle_in(op, txn, facts, claimant, attempt, match, new_hash, result);
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}

apr_status_t anshin_login(anshin_op_t *op, const anshin_login_facts_t *facts, anshin_login_result_t *result)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    const char *password = anshin_password_normalise(facts->password, op->pool);
    char fresh[ANSHIN_PHC_MAX];
    const char *new_hash = NULL;
    anshin_attempt_t attempt;
    anshin_claimant_t claimant;
    int match = 0, stale = 0;
    apr_status_t rv;

    memset(result, 0, sizeof(*result));
    rv = reserve(op, facts, &claimant, &attempt, result);
    if (rv != APR_SUCCESS || result->outcome == ANSHIN_LOGIN_LOCKED || result->outcome == ANSHIN_LOGIN_THROTTLED) {
        return rv;
    }
    if (result->outcome == ANSHIN_LOGIN_WRONG) {
        /* locked, which this contract does not tell: take as long as a check */
        rv = crypto->password_verify(crypto->ctx, &match, &stale, NULL, password, strlen(password));
        anshin_secret_wipe(op, password);
        return rv;
    }
    rv =
        crypto->password_verify(crypto->ctx, &match, &stale, claimant.evaluated ? claimant.account.password_hash : NULL,
                                password, strlen(password));
    if (rv == APR_SUCCESS && match && stale &&
        crypto->password_hash(crypto->ctx, fresh, password, strlen(password)) == APR_SUCCESS) {
        new_hash = fresh; /* PWD-3; when it cannot be had now, the next login tries again */
    }
    anshin_secret_wipe(op, password);
    if (rv != APR_SUCCESS) {
        anshin_attempt_give_back(op, &attempt);
        return anshin_fail(&op->error, rv, "AN0171", "a password could not be checked: %s", anshin_status_name(rv));
    }
    op->now = op->env->now(op->env->now_baton);
    rv = settle(op, facts, &claimant, &attempt, match, new_hash, result);
    if (rv != APR_SUCCESS) {
        result->outcome = ANSHIN_LOGIN_WRONG;
        result->session_id = NULL;
    }
    return rv;
}
