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

#include "core/attempt.h"
#include "core/claimant.h"
#include "core/lock.h"
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
    anshin_attempt_t attempt;
    anshin_address_attempt_t address;
    const char *password;       /* normalised */
    char fresh[ANSHIN_PHC_MAX]; /* its hash, where the stored one has parameters of before; */
    const char *new_hash;       /* NULL: it has not */
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

/* Who is it, may this address try, is there room? */
static apr_status_t reserve(void *baton, anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt)
{
    trial_t *trial = baton;
    const anshin_claimant_t *claimant = &trial->claimant;
    apr_status_t rv = find(trial, txn);

    if (rv == APR_SUCCESS && !trial->own) {
        rv = anshin_address_reserve(op, txn, &trial->address);
        if (rv == ANSHIN_EDENIED) {
            trial->result->outcome = ANSHIN_LOGIN_THROTTLED;
            return APR_SUCCESS;
        }
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (claimant->evaluated && claimant->account.state == ANSHIN_ACCOUNT_LOCKED) {
        return refuse_locked(trial, txn);
    }
    rv = anshin_attempt_reserve(op, txn, claimant->evaluated ? ANSHIN_COUNTER_PASSWORD : ANSHIN_COUNTER_STRANGER,
                                claimant->user, attempt);
    return rv == ANSHIN_EDENIED && attempt->locked ? refuse_locked(trial, txn) : rv;
}

/* Nothing was checked. Who met a crowd has tried all the same, as far as the address goes (S37). */
static apr_status_t give_back(void *baton, anshin_op_t *op, anshin_txn_t *txn, apr_status_t why)
{
    trial_t *trial = baton;

    return trial->own ? APR_SUCCESS
                      : anshin_address_settle(op, txn, &trial->address,
                                              why == ANSHIN_EBUSY ? ANSHIN_ATTEMPT_FAILED : ANSHIN_ATTEMPT_NOT_MADE);
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

/* Locked, which this contract does not tell, takes as long as a check. */
static apr_status_t check(void *baton, anshin_op_t *op, const anshin_attempt_t *attempt, int *right)
{
    trial_t *trial = baton;
    const anshin_crypto_t *crypto = op->env->crypto;
    const char *hash = attempt->reserved && trial->claimant.evaluated ? trial->claimant.account.password_hash : NULL;
    anshin_hash_place_t place;
    int stale = 0;
    apr_status_t rv;

    if (trial->result->outcome == ANSHIN_LOGIN_LOCKED || trial->result->outcome == ANSHIN_LOGIN_THROTTLED) {
        return APR_SUCCESS;
    }
    rv = find_place(trial, &place);
    if (rv == APR_SUCCESS) {
        rv =
            crypto->password_verify(crypto->ctx, right, &stale, hash, trial->password, strlen(trial->password), &place);
    }
    if (rv == APR_SUCCESS && *right && stale &&
        crypto->password_hash(crypto->ctx, trial->fresh, trial->password, strlen(trial->password)) == APR_SUCCESS) {
        trial->new_hash = trial->fresh; /* PWD-3; when it cannot be had now, the next login tries again */
    }
    return rv == APR_SUCCESS
               ? rv
               : anshin_fail(&op->error, rv, "AN0171", "a password could not be checked: %s", anshin_status_name(rv));
}

static void wipe(void *baton, anshin_op_t *op)
{
    anshin_secret_wipe(op, ((const trial_t *)baton)->password);
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

/* A password that was changed, an account that was locked or a certificate that was revoked while the hash was computed
 * must not let in. */
static apr_status_t settle(void *baton, anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt, int match)
{
    trial_t *trial = baton;
    const anshin_claimant_t *before = &trial->claimant;
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
    rv = anshin_attempt_settle(op, txn, attempt, right ? ANSHIN_ATTEMPT_SUCCEEDED : ANSHIN_ATTEMPT_FAILED);
    if (rv == ANSHIN_EDENIED) { /* right, but locked by a failure beside it */
        set_locked(trial);
        return anshin_claimant_record(op, txn, trial->facts, &claimant, ANSHIN_HISTORY_LOCKED);
    }
    if (rv != APR_SUCCESS || !right) {
        return rv == APR_SUCCESS ? settle_wrong(trial, txn, &claimant) : rv;
    }
    if (trial->new_hash) {
        claimant.account.password_hash = trial->new_hash;
    }
    return anshin_claimant_proceed(op, txn, trial->facts, &claimant, ANSHIN_STEP_PASSWORD, trial->result);
}

static const anshin_attempt_steps_t steps = {reserve, check, wipe, settle, give_back};

static apr_status_t run(trial_t *trial)
{
    int told = 0;
    apr_status_t rv = look(trial, &told);

    if (rv == ANSHIN_EDENIED) {
        trial->result->outcome = ANSHIN_LOGIN_THROTTLED;
        return told ? APR_SUCCESS : tell_throttled(trial);
    }
    if (rv != APR_SUCCESS || trial->uncertified) {
        return rv == APR_SUCCESS ? refuse_uncertified(trial) : rv;
    }
    trial->password = anshin_password_normalise(trial->facts->password, trial->op->pool);
    return anshin_attempt_run(trial->op, &steps, trial, &trial->attempt);
}

apr_status_t anshin_login(anshin_op_t *op, const anshin_login_facts_t *facts, anshin_login_result_t *result)
{
    trial_t trial = {.op = op, .facts = facts, .result = result};
    apr_status_t rv;

    memset(result, 0, sizeof(*result));
    rv = run(&trial);
    if (rv != APR_SUCCESS) {
        result->outcome = ANSHIN_LOGIN_WRONG;
        result->session_id = NULL;
    }
    return rv;
}
