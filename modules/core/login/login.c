/*
 * Login: facts to outcome.
 *
 * SECURITY: faces everybody. The order is what protects: what can be refused without a check is refused by reading
 * alone, so that it costs no write, no hash and no place in a line (S37). Then whom an attempt may count against is
 * decided, a place is reserved in the store, one hash is computed (a dummy when nothing may be checked), and all that
 * follows is one transaction in which everything that was decided is looked at again.
 */
#include "core/login/login.h"

#include <apr_strings.h>
#include <string.h>

#include "core/account/attempt.h"
#include "core/account/password.h"
#include "core/account/toll.h"
#include "core/certificate/renewal.h"
#include "core/context/secret.h"
#include "core/login/claimant.h"
#include "core/login/lock.h"

/* One attempt to log in. */
typedef struct trial_t {
    anshin_op_t *op;
    const anshin_login_facts_t *facts;
    anshin_login_result_t *result;
    anshin_claimant_t claimant;
    int own;         /* the certificate is the user's own: the address has no part in it (S-7) */
    int told;        /* the history knows already that the address must wait */
    int uncertified; /* refused whatever the password is, and whoever the user */
    anshin_attempt_t attempt;
    anshin_address_attempt_t address;
    anshin_toll_t toll;         /* what hashes of other systems remain in the contract */
    const char *password;       /* normalised */
    int stale;                  /* it matches a hash of another system, or one with parameters of before; */
    char fresh[ANSHIN_PHC_MAX]; /* what takes its place, */
    const char *new_hash;       /* or NULL */
    int last;                   /* 1: it was tried once more already */
    int again;                  /* the hash was replaced by another login meanwhile: try once more */
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
        trial->result->lock = trial->attempt.lock;
    }
}

/* --- what needs no check ---------------------------------------------------------------------------------------- */

/* Where certificates alone log in, the help page tells everybody what is wrong with the connection's; so may we. */
static apr_status_t look_at_certificate(trial_t *trial, anshin_txn_t *txn)
{
    anshin_op_t *op = trial->op;
    anshin_certificate_t certificate;
    int good = 1;
    apr_status_t status = APR_SUCCESS;

    if (op->contract->policy.methods == 1 << ANSHIN_METHOD_CERTIFICATE) {
        status = anshin_claimant_certificate(op, txn, trial->facts, &good, &certificate);
    }
    trial->uncertified = !good;
    return status;
}

static apr_status_t find(trial_t *trial, anshin_txn_t *txn)
{
    apr_status_t status = anshin_claimant_find(trial->op, txn, trial->facts, &trial->claimant);

    trial->own = trial->claimant.evaluated && trial->claimant.account.method == ANSHIN_METHOD_CERTIFICATE;
    return status;
}

/* ANSHIN_EDENIED: the address must wait. */
static apr_status_t look(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    trial_t *trial = baton;
    apr_status_t status = find(trial, txn);

    if (status == APR_SUCCESS) {
        status = anshin_toll_get(op, txn, &trial->toll);
    }
    if (status == APR_SUCCESS && !trial->own) {
        status = anshin_address_check(op, txn, &trial->told);
    }
    return status == APR_SUCCESS ? look_at_certificate(trial, txn) : status;
}

/* One line of history for an address and its window, and none in a series of a user (S37). */
static apr_status_t tell_throttled(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const trial_t *trial = baton;
    anshin_claimant_t nobody = {.user = trial->claimant.user};
    int told;
    apr_status_t status = anshin_address_check(op, txn, &told);

    if (status != ANSHIN_EDENIED || told) {
        return status == ANSHIN_EDENIED ? APR_SUCCESS : status;
    }
    status = anshin_address_tell(op, txn);
    return status == APR_SUCCESS ? anshin_claimant_record(op, txn, trial->facts, &nobody, ANSHIN_ACT_THROTTLED)
                                 : status;
}

static apr_status_t refuse_uncertified(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const trial_t *trial = baton;
    anshin_account_t account;
    apr_status_t status = APR_SUCCESS;

    trial->result->outcome = ANSHIN_LOGIN_WRONG;
    if (trial->claimant.user != NULL) { /* before the address, in the order of owners */
        status = anshin_account_get(op, txn, trial->claimant.user, &account);
    }
    status = status == APR_SUCCESS || status == ANSHIN_ENOTFOUND ? anshin_address_count(op, txn) : status;
    return status == APR_SUCCESS ? anshin_claimant_record(op, txn, trial->facts, &trial->claimant, trial->claimant.why)
                                 : status;
}

/* --- the place -------------------------------------------------------------------------------------------------- */

/* No check will be made: one line of history. A stranger's lock is none of the account's, whose history tells the
 * reason (LCK-3). */
static apr_status_t refuse_locked(trial_t *trial, anshin_txn_t *txn)
{
    const anshin_claimant_t *claimant = &trial->claimant;
    apr_status_t status = APR_SUCCESS;

    set_locked(trial);
    if (!trial->own) {
        status = anshin_address_settle(trial->op, txn, &trial->address, ANSHIN_ATTEMPT_FAILED);
    }
    return status == APR_SUCCESS ? anshin_claimant_record(trial->op, txn, trial->facts, claimant,
                                                          claimant->evaluated ? ANSHIN_ACT_LOCKED : claimant->why)
                                 : status;
}

/* Who is it, may this address try, is there room? */
static apr_status_t reserve(void *baton, anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt)
{
    trial_t *trial = baton;
    const anshin_claimant_t *claimant = &trial->claimant;
    apr_status_t status = find(trial, txn);

    memset(trial->result, 0, sizeof(*trial->result));
    if (status == APR_SUCCESS && !trial->own) {
        status = anshin_address_reserve(op, txn, &trial->address);
        if (status == ANSHIN_EDENIED) {
            trial->result->outcome = ANSHIN_LOGIN_THROTTLED;
            return APR_SUCCESS;
        }
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (claimant->evaluated && claimant->account.state == ANSHIN_ACCOUNT_LOCKED) {
        attempt->lock = (anshin_lock_t){.since = claimant->account.disabled_at};
        return refuse_locked(trial, txn);
    }
    status = anshin_attempt_reserve(op, txn, claimant->evaluated ? ANSHIN_COUNTER_PASSWORD : ANSHIN_COUNTER_STRANGER,
                                    claimant->user, attempt);
    return status == ANSHIN_EDENIED && attempt->locked ? refuse_locked(trial, txn) : status;
}

/* Nothing was checked. Who met a crowd has tried all the same, as far as the address goes (S37). */
static apr_status_t give_back(void *baton, anshin_op_t *op, anshin_txn_t *txn, apr_status_t why)
{
    const trial_t *trial = baton;
    anshin_address_attempt_t address = trial->address;

    return trial->own ? APR_SUCCESS
                      : anshin_address_settle(op, txn, &address,
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
    apr_status_t status = APR_SUCCESS;

    place->known = NULL;
    place->address = anshin_address_network(op);
    if (!known && trial->claimant.evaluated && trial->facts->known) {
        status = anshin_claimant_has_mark(op, account, trial->facts->known, &known);
    }
    if (known) {
        place->known = anshin_account_key(op, account->user);
    }
    return status;
}

/* Locked, which this contract does not tell, takes as long as a check. */
static apr_status_t check(void *baton, anshin_op_t *op, const anshin_attempt_t *attempt, int *right)
{
    trial_t *trial = baton;
    const anshin_crypto_t *crypto = op->env->crypto;
    const char *hash = attempt->reserved && trial->claimant.evaluated ? trial->claimant.account.password_hash : NULL;
    anshin_hash_place_t place;
    anshin_verdict_t verdict = {0, 0};
    apr_status_t status;

    if (trial->result->outcome == ANSHIN_LOGIN_LOCKED || trial->result->outcome == ANSHIN_LOGIN_THROTTLED) {
        return APR_SUCCESS;
    }
    status = find_place(trial, &place);
    if (status == APR_SUCCESS) {
        status = anshin_imported_compare(op, &verdict, hash, &trial->toll, trial->password, &place);
        *right = verdict.match;
    }
    trial->stale = verdict.match && verdict.stale;
    trial->new_hash = NULL;
    if (status == APR_SUCCESS && trial->stale &&
        crypto->password_hash(crypto->ctx, trial->fresh, trial->password, strlen(trial->password)) == APR_SUCCESS) {
        trial->new_hash = trial->fresh; /* PWD-3, IMP-2; when there is none now, the next login tries again */
    }
    return status == APR_SUCCESS ? status
                                 : anshin_fail(&op->error, status, "AN0171", "a password could not be checked: %s",
                                               anshin_status_name(status));
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
    apr_status_t status = APR_SUCCESS;

    if (attempt->locked) {
        set_locked(trial);
    } else {
        set_wrong(trial);
    }
    if (attempt->locked_now && (status = follow_lock(trial->op, txn, attempt, claimant)) != APR_SUCCESS) {
        return status;
    }
    return anshin_claimant_record(trial->op, txn, trial->facts, claimant,
                                  !claimant->evaluated  ? claimant->why
                                  : attempt->locked_now ? ANSHIN_ACT_NOW_LOCKED
                                                        : ANSHIN_ACT_WRONG_PASSWORD);
}

/* The renewal that was asked for: no session, and nothing of a login's next steps (REN-3). */
static apr_status_t renew(anshin_op_t *op, anshin_txn_t *txn, const trial_t *trial, const anshin_claimant_t *claimant)
{
    const char *password; /* the list of terminals shows it */
    anshin_terminal_t terminal;
    int room = 0;
    apr_status_t status;

    trial->result->user = claimant->user;
    if ((status = anshin_terminal_get(op, txn, claimant->user, claimant->certificate.terminal, &terminal)) !=
            APR_SUCCESS ||
        (status = anshin_account_put(op, txn, &claimant->account)) != APR_SUCCESS ||
        (status = anshin_renewal_room(op, txn, &claimant->account, &room)) != APR_SUCCESS) {
        return status;
    }
    trial->result->outcome = room ? ANSHIN_LOGIN_RENEWED : ANSHIN_LOGIN_FULL;
    return room ? anshin_renewal_begin_in(op, txn, &claimant->account, &terminal, &password) : APR_SUCCESS;
}

/* Two logins at once, and the other one has replaced the hash that was checked here: of that one nothing is known yet.
 * Nothing counts, and the attempt is made once more. */
static apr_status_t put_off(trial_t *trial, anshin_txn_t *txn, anshin_attempt_t *attempt)
{
    anshin_address_attempt_t address = trial->address;
    apr_status_t status =
        trial->own ? APR_SUCCESS : anshin_address_settle(trial->op, txn, &address, ANSHIN_ATTEMPT_NOT_MADE);

    trial->again = 1;
    return status == APR_SUCCESS ? anshin_attempt_settle(trial->op, txn, attempt, ANSHIN_ATTEMPT_NOT_MADE) : status;
}

/* A password that was changed, an account that was locked or a certificate that was revoked while the hash was computed
 * must not let in. */
static apr_status_t settle(void *baton, anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt, int match)
{
    trial_t *trial = baton;
    const anshin_claimant_t *before = &trial->claimant;
    anshin_address_attempt_t address = trial->address;
    anshin_claimant_t claimant;
    int right, same;
    apr_status_t status = anshin_claimant_find(op, txn, trial->facts, &claimant);

    memset(trial->result, 0, sizeof(*trial->result));
    trial->again = 0;
    if (status != APR_SUCCESS) {
        return status;
    }
    right = match && before->evaluated && claimant.evaluated && claimant.account.state == ANSHIN_ACCOUNT_ACTIVE;
    same = right && strcmp(claimant.account.password_hash, before->account.password_hash) == 0;
    if (right && !same && trial->stale && !trial->last) {
        return put_off(trial, txn, attempt);
    }
    right = same;
    if (!trial->own &&
        (status = anshin_address_settle(op, txn, &address, right ? ANSHIN_ATTEMPT_SUCCEEDED : ANSHIN_ATTEMPT_FAILED)) !=
            APR_SUCCESS) {
        return status;
    }
    status = anshin_attempt_settle(op, txn, attempt, right ? ANSHIN_ATTEMPT_SUCCEEDED : ANSHIN_ATTEMPT_FAILED);
    if (status == ANSHIN_EDENIED) { /* right, but locked by a failure beside it */
        set_locked(trial);
        return anshin_claimant_record(op, txn, trial->facts, &claimant, ANSHIN_ACT_LOCKED);
    }
    if (status != APR_SUCCESS || !right) {
        return status == APR_SUCCESS ? settle_wrong(trial, txn, &claimant) : status;
    }
    if (trial->new_hash) {
        claimant.account.password_hash = trial->new_hash;
    }
    return trial->facts->renews
               ? renew(op, txn, trial, &claimant)
               : anshin_claimant_proceed(op, txn, trial->facts, &claimant, ANSHIN_STEP_PASSWORD, trial->result);
}

static const anshin_attempt_steps_t steps = {reserve, check, wipe, settle, give_back};

static apr_status_t run(trial_t *trial)
{
    apr_status_t status = anshin_op_read(trial->op, look, trial);

    if (status == ANSHIN_EDENIED) {
        trial->result->outcome = ANSHIN_LOGIN_THROTTLED;
        return trial->told ? APR_SUCCESS : anshin_op_write(trial->op, ANSHIN_LAZY, tell_throttled, trial);
    }
    if (status != APR_SUCCESS || trial->uncertified) {
        return status == APR_SUCCESS ? anshin_op_write(trial->op, ANSHIN_LAZY, refuse_uncertified, trial) : status;
    }
    trial->password = anshin_password_normalise(trial->facts->password, trial->op->pool);
    status = anshin_attempt_run(trial->op, &steps, trial, &trial->attempt);
    if (status == APR_SUCCESS && trial->again) {
        trial->again = 0;
        trial->last = 1;
        trial->password = anshin_password_normalise(trial->facts->password, trial->op->pool);
        status = anshin_attempt_run(trial->op, &steps, trial, &trial->attempt);
    }
    return status;
}

apr_status_t anshin_login(anshin_op_t *op, const anshin_login_facts_t *facts, anshin_login_result_t *result)
{
    trial_t trial = {.op = op, .facts = facts, .result = result};
    apr_status_t status;

    memset(result, 0, sizeof(*result));
    status = run(&trial);
    status = status == APR_SUCCESS ? anshin_claimant_admitted(op, result) : status;
    if (status != APR_SUCCESS) {
        result->outcome = ANSHIN_LOGIN_WRONG;
        result->session_id = NULL;
    }
    return status;
}
