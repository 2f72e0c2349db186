/*
 * Login: facts to outcome.
 *
 * SECURITY: faces everybody. The order is what protects: what can be refused without a check is refused by reading
 * alone, so that it costs no write, no hash and no place in a line (S37). Then whom an attempt may count against is
 * decided, a place is reserved in the store, one hash is computed (a dummy when nothing may be checked), and all that
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

/* One attempt to log in. */
typedef struct trial_t {
    anshin_op_t *op;
    const anshin_login_facts_t *facts;
    anshin_login_result_t *result;
    anshin_claimant_t claimant;
    int own;         /* the certificate is the user's own: the address has no part in it (S-7) */
    int uncertified; /* refused whatever the password is, and whoever the user */
    int reserved;    /* attempt and address have their place */
    anshin_attempt_t attempt;
    anshin_address_attempt_t address;
} trial_t;

static void set_wrong(const trial_t *trial)
{
    anshin_login_result_t *result = trial->result;

    result->outcome = ANSHIN_LOGIN_WRONG;
    result->show = trial->op->contract->policy.show_attempts;
    result->remaining = trial->attempt.remaining;
    result->limit = trial->attempt.limit;
}

/* Locked: told where the contract tells it, otherwise nothing but the one message. */
static void set_locked(const trial_t *trial)
{
    set_wrong(trial);
    if (trial->op->contract->policy.show_locked) {
        trial->result->outcome = ANSHIN_LOGIN_LOCKED;
        trial->result->unlock_at = trial->attempt.unlock_at;
    }
}

/* --- what needs no check ---------------------------------------------------------------------------------------- */

/* Where certificates alone log in, the help page tells everybody what is wrong with the connection's; so may we. */
static apr_status_t look_at_certificate(trial_t *trial, anshin_txn_t *txn)
{
    anshin_op_t *op = trial->op;
    anshin_certificate_verdict_t verdict;
    anshin_certificate_t certificate;
    apr_status_t rv;

    if (op->contract->policy.methods != 1 << ANSHIN_METHOD_CERTIFICATE) {
        return APR_SUCCESS;
    }
    rv = anshin_certificate_judge(op, txn, trial->facts->peer, &verdict, &certificate);
    trial->uncertified = rv == APR_SUCCESS && verdict != ANSHIN_VERDICT_GOOD;
    return rv;
}

static apr_status_t find(trial_t *trial, anshin_txn_t *txn)
{
    apr_status_t rv = anshin_claimant_find(trial->op, txn, trial->facts, &trial->claimant);

    trial->own = trial->claimant.evaluated && trial->claimant.account.method == ANSHIN_METHOD_CERTIFICATE;
    return rv;
}

/* ANSHIN_EDENIED: the address must wait. */
static apr_status_t look(trial_t *trial, int *told)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(trial->op, ANSHIN_TXN_READ, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = find(trial, txn);
    if (rv == APR_SUCCESS && !trial->own) {
        rv = anshin_address_check(trial->op, txn, told);
    }
    if (rv == APR_SUCCESS) {
        rv = look_at_certificate(trial, txn);
    }
    anshin_txn_abort(txn);
    return rv;
}

/* One line of history for an address and its window, and none in a series of a user (S37). */
static apr_status_t tell_throttled(const trial_t *trial)
{
    anshin_claimant_t nobody = {.user = trial->claimant.user};
    anshin_op_t *op = trial->op;
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);
    int told;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_address_check(op, txn, &told);
    if (rv == ANSHIN_EDENIED && !told && (rv = anshin_address_tell(op, txn)) == APR_SUCCESS) {
        rv = anshin_claimant_record(op, txn, trial->facts, &nobody, ANSHIN_HISTORY_THROTTLED);
    }
    return anshin_txn_end(txn, rv == ANSHIN_EDENIED ? APR_SUCCESS : rv, ANSHIN_LAZY);
}

static apr_status_t refuse_uncertified(const trial_t *trial)
{
    anshin_op_t *op = trial->op;
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    trial->result->outcome = ANSHIN_LOGIN_WRONG;
    rv = anshin_address_count(op, txn);
    if (rv == APR_SUCCESS) {
        rv = anshin_claimant_record(op, txn, trial->facts, &trial->claimant, trial->claimant.why);
    }
    return anshin_txn_end(txn, rv, ANSHIN_LAZY);
}

/* --- the place -------------------------------------------------------------------------------------------------- */

/* No check will be made: one line of history. A stranger's lock is none of the account's, whose history tells the
 * reason (LCK-3). */
static apr_status_t refuse_locked(trial_t *trial, anshin_txn_t *txn)
{
    const anshin_claimant_t *claimant = &trial->claimant;
    apr_status_t rv = APR_SUCCESS;

    set_locked(trial);
    if (!trial->own) {
        rv = anshin_address_settle(trial->op, txn, &trial->address, ANSHIN_ATTEMPT_FAILED);
    }
    return rv == APR_SUCCESS ? anshin_claimant_record(trial->op, txn, trial->facts, claimant,
                                                      claimant->evaluated ? ANSHIN_HISTORY_LOCKED : claimant->why)
                             : rv;
}

static apr_status_t reserve_in(trial_t *trial, anshin_txn_t *txn)
{
    anshin_op_t *op = trial->op;
    const anshin_claimant_t *claimant = &trial->claimant;
    apr_status_t rv = find(trial, txn);

    if (rv == APR_SUCCESS && !trial->own) {
        rv = anshin_address_reserve(op, txn, &trial->address);
        if (rv == ANSHIN_EDENIED) {
            trial->result->outcome = ANSHIN_LOGIN_THROTTLED;
        }
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (claimant->evaluated && claimant->account.state == ANSHIN_ACCOUNT_LOCKED) {
        return refuse_locked(trial, txn);
    }
    rv = anshin_attempt_reserve(op, txn, claimant->evaluated ? ANSHIN_COUNTER_PASSWORD : ANSHIN_COUNTER_STRANGER,
                                claimant->user, &trial->attempt);
    if (rv == ANSHIN_EDENIED && trial->attempt.locked) {
        return refuse_locked(trial, txn);
    }
    trial->reserved = rv == APR_SUCCESS;
    return rv;
}

/* First transaction: who is it, may this address try, is there room? Waits while other checks of this user or address
 * are under way. Everyone sees a place; what it leads to is made durable below. */
static apr_status_t reserve(trial_t *trial)
{
    apr_interval_time_t waited = 0;
    anshin_txn_t *txn;
    apr_status_t rv;

    do {
        memset(&trial->attempt, 0, sizeof(trial->attempt));
        rv = anshin_op_begin(trial->op, ANSHIN_TXN_WRITE, &txn);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        rv = anshin_txn_end(txn, reserve_in(trial, txn), ANSHIN_LAZY);
        trial->reserved = trial->reserved && rv == APR_SUCCESS;
    } while (rv == ANSHIN_EBUSY && anshin_attempt_wait(trial->op, &waited));
    return trial->result->outcome == ANSHIN_LOGIN_THROTTLED ? APR_SUCCESS : rv;
}

/* Back with the place: nothing was checked. Who met a crowd has tried all the same, as far as the address goes (S37). A
 * failure here leaves the first cause as it is; a place that stays is free in time. */
static void give_back(trial_t *trial, apr_status_t why)
{
    anshin_op_t op = *trial->op;
    anshin_txn_t *txn;
    apr_status_t rv = APR_SUCCESS;

    anshin_error_clear(&op.error);
    if (anshin_op_begin(&op, ANSHIN_TXN_WRITE, &txn) != APR_SUCCESS) {
        return;
    }
    if (trial->reserved) {
        rv = anshin_attempt_settle(&op, txn, &trial->attempt, ANSHIN_ATTEMPT_NOT_MADE);
    }
    if (rv == APR_SUCCESS && !trial->own) {
        rv = anshin_address_settle(&op, txn, &trial->address,
                                   why == ANSHIN_EBUSY ? ANSHIN_ATTEMPT_FAILED : ANSHIN_ATTEMPT_NOT_MADE);
    }
    (void)anshin_txn_end(txn, rv, ANSHIN_LAZY);
}

/* --- the check -------------------------------------------------------------------------------------------------- */

/* Who is known waits before strangers: by the own certificate, or by a browser that has logged in to this very account
 * before. */
static apr_status_t find_place(const trial_t *trial, anshin_hash_place_t *place)
{
    const anshin_account_t *account = &trial->claimant.account;
    anshin_op_t *op = trial->op;
    int known = trial->own;
    apr_status_t rv = APR_SUCCESS;

    place->known = NULL;
    place->address = anshin_address_network(op);
    if (!known && trial->claimant.evaluated && trial->facts->known) {
        const char *mark;
        rv = anshin_claimant_mark(op, account, &mark);
        known = rv == APR_SUCCESS && anshin_secret_equal(op, mark, trial->facts->known);
    }
    if (known) {
        place->known = anshin_account_key(op, account->user);
    }
    return rv;
}

/* *new_hash: where the stored one has parameters of before. */
static apr_status_t check(const trial_t *trial, const char *password, char fresh[ANSHIN_PHC_MAX], int *match,
                          const char **new_hash)
{
    const anshin_crypto_t *crypto = trial->op->env->crypto;
    const char *hash = trial->reserved && trial->claimant.evaluated ? trial->claimant.account.password_hash : NULL;
    anshin_hash_place_t place;
    int stale = 0;
    apr_status_t rv = find_place(trial, &place);

    if (rv == APR_SUCCESS) {
        rv = crypto->password_verify(crypto->ctx, match, &stale, hash, password, strlen(password), &place);
    }
    if (rv == APR_SUCCESS && *match && stale &&
        crypto->password_hash(crypto->ctx, fresh, password, strlen(password)) == APR_SUCCESS) {
        *new_hash = fresh; /* PWD-3; when it cannot be had now, the next login tries again */
    }
    return rv == APR_SUCCESS ? rv
                             : anshin_fail(&trial->op->error, rv, "AN0171", "a password could not be checked: %s",
                                           anshin_status_name(rv));
}

/* --- what it leads to ------------------------------------------------------------------------------------------- */

/* Whose counter has locked decides who hears of it; the work is the same (S-12). */
static apr_status_t follow_lock(anshin_op_t *op, anshin_txn_t *txn, const anshin_attempt_t *attempt,
                                anshin_claimant_t *claimant)
{
    return attempt->kind == ANSHIN_COUNTER_PASSWORD && claimant->known
               ? anshin_lock_follow(op, txn, &claimant->account, ANSHIN_LOCK_AT_LOGIN)
               : anshin_lock_follow_phantom(op, txn);
}

static apr_status_t settle_wrong(trial_t *trial, anshin_txn_t *txn, anshin_claimant_t *claimant)
{
    const anshin_attempt_t *attempt = &trial->attempt;
    apr_status_t rv = APR_SUCCESS;

    if (attempt->locked) {
        set_locked(trial);
    } else {
        set_wrong(trial);
    }
    if (attempt->locked_now && (rv = follow_lock(trial->op, txn, attempt, claimant)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_claimant_record(trial->op, txn, trial->facts, claimant,
                                  !claimant->evaluated  ? claimant->why
                                  : attempt->locked_now ? ANSHIN_HISTORY_NOW_LOCKED
                                                        : ANSHIN_HISTORY_WRONG_PASSWORD);
}

/* Second transaction, in which everything is looked at again: a password that was changed, an account that was locked
 * or a certificate that was revoked while the hash was computed must not let in. */
static apr_status_t settle_in(trial_t *trial, anshin_txn_t *txn, int match, const char *new_hash)
{
    const anshin_claimant_t *before = &trial->claimant;
    anshin_op_t *op = trial->op;
    anshin_claimant_t claimant;
    int right;
    apr_status_t rv = anshin_claimant_find(op, txn, trial->facts, &claimant);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    right = match && before->evaluated && claimant.evaluated && claimant.account.state == ANSHIN_ACCOUNT_ACTIVE &&
            strcmp(claimant.account.password_hash, before->account.password_hash) == 0;
    if (!trial->own &&
        (rv = anshin_address_settle(op, txn, &trial->address,
                                    right ? ANSHIN_ATTEMPT_SUCCEEDED : ANSHIN_ATTEMPT_FAILED)) != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_attempt_settle(op, txn, &trial->attempt, right ? ANSHIN_ATTEMPT_SUCCEEDED : ANSHIN_ATTEMPT_FAILED);
    if (rv == ANSHIN_EDENIED) { /* right, but locked by a failure beside it */
        set_locked(trial);
        return anshin_claimant_record(op, txn, trial->facts, &claimant, ANSHIN_HISTORY_LOCKED);
    }
    if (rv != APR_SUCCESS || !right) {
        return rv == APR_SUCCESS ? settle_wrong(trial, txn, &claimant) : rv;
    }
    if (new_hash) {
        claimant.account.password_hash = new_hash;
    }
    return anshin_claimant_proceed(op, txn, trial->facts, &claimant, ANSHIN_STEP_PASSWORD, trial->result);
}

static apr_status_t settle(trial_t *trial, int match, const char *new_hash)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(trial->op, ANSHIN_TXN_WRITE, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    return anshin_txn_end(txn, settle_in(trial, txn, match, new_hash), ANSHIN_DURABLE);
}

static apr_status_t run(trial_t *trial, const char *password)
{
    anshin_op_t *op = trial->op;
    const anshin_login_result_t *result = trial->result;
    char fresh[ANSHIN_PHC_MAX];
    const char *new_hash = NULL;
    int match = 0, told = 0;
    apr_status_t rv = look(trial, &told);

    if (rv == ANSHIN_EDENIED) {
        trial->result->outcome = ANSHIN_LOGIN_THROTTLED;
        return told ? APR_SUCCESS : tell_throttled(trial);
    }
    if (rv != APR_SUCCESS || trial->uncertified) {
        return rv == APR_SUCCESS ? refuse_uncertified(trial) : rv;
    }
    rv = reserve(trial);
    if (rv == APR_SUCCESS && (result->outcome == ANSHIN_LOGIN_LOCKED || result->outcome == ANSHIN_LOGIN_THROTTLED)) {
        return rv;
    }
    /* Locked, which this contract does not tell, takes as long as a check. */
    if (rv == APR_SUCCESS) {
        rv = check(trial, password, fresh, &match, &new_hash);
    }
    if (rv != APR_SUCCESS) {
        give_back(trial, rv);
        return rv;
    }
    if (!trial->reserved) {
        return rv;
    }
    op->now = op->env->now(op->env->now_baton);
    return settle(trial, match, new_hash);
}

apr_status_t anshin_login(anshin_op_t *op, const anshin_login_facts_t *facts, anshin_login_result_t *result)
{
    const char *password = anshin_password_normalise(facts->password, op->pool);
    trial_t trial = {.op = op, .facts = facts, .result = result};
    apr_status_t rv;

    memset(result, 0, sizeof(*result));
    rv = run(&trial, password);
    anshin_secret_wipe(op, password);
    if (rv != APR_SUCCESS) {
        result->outcome = ANSHIN_LOGIN_WRONG;
        result->session_id = NULL;
    }
    return rv;
}
