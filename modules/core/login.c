/*
 * Login: facts to outcome.
 *
 * SECURITY: faces everybody. The order is what protects: whom an attempt may count against is decided first, then a place is
 * reserved in the store, then one hash is computed (a dummy when nothing may be checked), then all that follows is one
 * transaction in which everything that was decided is looked at again.
 */
#include "core/login.h"

#include <apr_strings.h>
#include <string.h>

#include "core/account.h"
#include "core/certificate.h"
#include "core/download.h"
#include "core/history.h"
#include "core/lockout.h"
#include "core/password.h"

#define BUSY_PAUSE apr_time_from_msec(20)
#define BUSY_LIMIT apr_time_from_sec(5) /* as long as a hash may wait for its slot by default */

/* Who is trying, as far as the store can tell. */
typedef struct {
    const char *user; /* canonical, or a digest in its place when no user can have the ID typed */
    int known;        /* there is such an account */
    int evaluated;    /* its password may be checked: account and certificate allow it */
    anshin_account_t account;
    anshin_certificate_t certificate;
    anshin_history_result_t why; /* the reason when it may not */
} subject_t;

/* A name for the counter of an ID that no user can have; '~' starts no user ID. */
static apr_status_t impossible_user(anshin_op_t *op, const char *typed, const char **user)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char digest[ANSHIN_DIGEST_BYTES];

    if (crypto->digest(crypto->ctx, digest, typed, strlen(typed)) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0170", "SHA-256 is not to be had");
    }
    *user = apr_pstrcat(op->pool, "~", anshin_hex(digest, 16, op->pool), NULL);
    return APR_SUCCESS;
}

/* The certificate of the connection must belong to this very user (LOG-2). */
static apr_status_t own_certificate(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                    subject_t *subject)
{
    anshin_certificate_verdict_t verdict;
    apr_status_t rv = anshin_certificate_judge(op, txn, facts->peer, &verdict, &subject->certificate);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    subject->evaluated =
        verdict == ANSHIN_VERDICT_GOOD && strcmp(subject->certificate.user, subject->account.user) == 0;
    subject->why = ANSHIN_HISTORY_WRONG_CERTIFICATE;
    return APR_SUCCESS;
}

static apr_status_t look_up(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts, subject_t *subject)
{
    apr_status_t rv;

    memset(subject, 0, sizeof(*subject));
    subject->why = ANSHIN_HISTORY_UNKNOWN_USER;
    subject->user = anshin_user_canonical(facts->user, op->pool);
    if (!subject->user) {
        return impossible_user(op, facts->user, &subject->user);
    }
    rv = anshin_account_get(op, txn, subject->user, &subject->account);
    if (rv == ANSHIN_ENOTFOUND) {
        return APR_SUCCESS;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    subject->known = 1;
    subject->why = ANSHIN_HISTORY_NOT_ACTIVE;
    if ((subject->account.state != ANSHIN_ACCOUNT_ACTIVE && subject->account.state != ANSHIN_ACCOUNT_LOCKED) ||
        !subject->account.password_hash || !ANSHIN_HAS(op->contract->policy.methods, subject->account.method)) {
        return APR_SUCCESS;
    }
    switch (subject->account.method) {
    case ANSHIN_METHOD_CERTIFICATE:
        return own_certificate(op, txn, facts, subject);
    case ANSHIN_METHOD_PASSWORD:
        subject->evaluated = 1;
        return APR_SUCCESS;
    default: /* a method that this version does not know must not be let in by a part of its factors */
        return APR_SUCCESS;
    }
}

static apr_status_t add_history(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                const subject_t *subject, anshin_history_result_t result)
{
    anshin_history_t entry = {.result = result};

    if (facts->peer->state != ANSHIN_PEER_NONE && facts->peer->serial[0]) {
        entry.serial = facts->peer->serial;
    }
    if (!subject->known) {
        entry.user = apr_pstrndup(op->pool, facts->user, strcspn(facts->user, "\r\n"));
        if (strlen(entry.user) > ANSHIN_USER_MAX) { /* cut, but not inside a character */
            size_t cut = ANSHIN_USER_MAX;
            while (cut > 0 && ((unsigned char)entry.user[cut] & 0xc0) == 0x80) {
                cut--;
            }
            entry.user = apr_pstrmemdup(op->pool, entry.user, cut);
        }
        return anshin_history_add(op, txn, NULL, &entry);
    }
    entry.method = subject->account.method;
    entry.terminal = subject->certificate.terminal;
    return anshin_history_add(op, txn, subject->user, &entry);
}

/* End the transaction of an attempt that got no further, with one line of history. */
static apr_status_t refuse(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                           const subject_t *subject, anshin_history_result_t result)
{
    apr_status_t rv = add_history(op, txn, facts, subject, result);

    if (rv != APR_SUCCESS) {
        anshin_txn_abort(txn);
        return rv;
    }
    return anshin_txn_commit(txn, ANSHIN_DURABLE);
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
        result->unlock_at = policy->unlock_after && attempt->locked_at ? attempt->locked_at + policy->unlock_after : 0;
    }
}

/* First transaction: who is it, may this address try, is there room? *subject and *attempt when APR_SUCCESS and
 * result->outcome is still OK. */
static apr_status_t reserve_once(anshin_op_t *op, const anshin_login_facts_t *facts, subject_t *subject,
                                 anshin_attempt_t *attempt, anshin_login_result_t *result)
{
    anshin_txn_t *txn;
    int locked;
    apr_status_t rv = anshin_txn_begin(&txn, op->env->store, ANSHIN_TXN_WRITE, &op->error, op->pool);

    memset(attempt, 0, sizeof(*attempt));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if ((rv = look_up(op, txn, facts, subject)) != APR_SUCCESS) {
        anshin_txn_abort(txn);
        return rv;
    }
    rv = anshin_address_check(op, txn);
    if (rv == ANSHIN_EDENIED) {
        result->outcome = ANSHIN_LOGIN_THROTTLED;
        return refuse(op, txn, facts, subject, ANSHIN_HISTORY_THROTTLED);
    }
    locked = subject->evaluated && subject->account.state == ANSHIN_ACCOUNT_LOCKED;
    if (rv == APR_SUCCESS && !locked) {
        rv = anshin_attempt_reserve(op, txn, subject->evaluated ? ANSHIN_COUNTER_PASSWORD : ANSHIN_COUNTER_STRANGER,
                                    subject->user, attempt);
        locked = rv == ANSHIN_EDENIED && attempt->locked;
    }
    if (locked) {
        set_locked(op, result, attempt);
        rv = anshin_address_count(op, txn);
        if (rv == APR_SUCCESS) {
            return refuse(op, txn, facts, subject, ANSHIN_HISTORY_LOCKED);
        }
    }
    if (rv != APR_SUCCESS) {
        anshin_txn_abort(txn);
        return rv;
    }
    return anshin_txn_commit(txn, ANSHIN_LAZY); /* everyone sees it; what it leads to is made durable below */
}

/* The same, waiting while other checks of this user are under way. */
static apr_status_t reserve(anshin_op_t *op, const anshin_login_facts_t *facts, subject_t *subject,
                            anshin_attempt_t *attempt, anshin_login_result_t *result)
{
    apr_interval_time_t waited = 0;
    apr_status_t rv;

    while ((rv = reserve_once(op, facts, subject, attempt, result)) == ANSHIN_EBUSY && waited < BUSY_LIMIT) {
        apr_sleep(BUSY_PAUSE);
        waited += BUSY_PAUSE;
        op->now = op->env->now(op->env->now_baton);
    }
    return rv;
}

/* Give a reservation back when the check could not be made. */
static void give_back(anshin_op_t *op, anshin_attempt_t *attempt)
{
    anshin_error_t ignored; /* the first cause is what counts; a reservation that stays vanishes in time */
    anshin_txn_t *txn;

    anshin_error_clear(&ignored);
    if (anshin_txn_begin(&txn, op->env->store, ANSHIN_TXN_WRITE, &ignored, op->pool) != APR_SUCCESS) {
        return;
    }
    if (anshin_attempt_settle(op, txn, attempt, 0, 0) != APR_SUCCESS) {
        anshin_txn_abort(txn);
        return;
    }
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
}

/* What a success writes besides the counter: account, session, history; a waiting download is done. */
static apr_status_t let_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts, subject_t *subject,
                           const char *new_hash, anshin_login_result_t *result, apr_array_header_t *wipe)
{
    anshin_session_t *session = &result->session;
    apr_int64_t terminal = subject->certificate.terminal;
    anshin_terminal_t record;
    apr_status_t rv;

    subject->account.last_login_at = op->now;
    if (new_hash) {
        subject->account.password_hash = new_hash;
    }
    session->user = subject->user;
    session->method = subject->account.method;
    session->terminal = terminal;
    if (subject->account.method == ANSHIN_METHOD_CERTIFICATE) {
        session->fingerprint = subject->certificate.fingerprint;
        session->serial = subject->certificate.serial;
        if ((rv = anshin_terminal_get(op, txn, subject->user, terminal, &record)) != APR_SUCCESS ||
            (rv = anshin_download_finish_in(op, txn, subject->user, terminal, wipe)) != APR_SUCCESS) {
            return rv;
        }
        session->terminal_kind = record.kind;
    }
    if ((rv = anshin_account_put(op, txn, &subject->account)) != APR_SUCCESS ||
        (facts->old_session && (rv = anshin_session_drop(op, txn, facts->old_session)) != APR_SUCCESS) ||
        (rv = anshin_session_open(op, txn, session, &result->session_id)) != APR_SUCCESS) {
        return rv;
    }
    session->contract = op->contract->name;
    session->created_at = session->seen_at = session->checked_at = op->now;
    return add_history(op, txn, facts, subject, ANSHIN_HISTORY_LOGIN_OK);
}

/* Second transaction, in which everything is looked at again: a password that was changed, an account that was locked or a
 * certificate that was revoked while the hash was computed must not let in. */
static apr_status_t settle_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                              const subject_t *before, anshin_attempt_t *attempt, int match, const char *new_hash,
                              anshin_login_result_t *result, apr_array_header_t *wipe)
{
    subject_t subject;
    int right;
    apr_status_t rv = look_up(op, txn, facts, &subject);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    right = match && before->evaluated && subject.evaluated && subject.account.state == ANSHIN_ACCOUNT_ACTIVE &&
            strcmp(subject.account.password_hash, before->account.password_hash) == 0;
    rv = anshin_attempt_settle(op, txn, attempt, !right, right);
    if (rv == APR_SUCCESS && right) {
        result->outcome = ANSHIN_LOGIN_OK;
        return let_in(op, txn, facts, &subject, new_hash, result, wipe);
    }
    if (rv == ANSHIN_EDENIED) { /* right, but locked by a failure beside it */
        set_locked(op, result, attempt);
        return add_history(op, txn, facts, &subject, ANSHIN_HISTORY_LOCKED);
    }
    if (rv != APR_SUCCESS || (rv = anshin_address_count(op, txn)) != APR_SUCCESS) {
        return rv;
    }
    if (attempt->locked) {
        set_locked(op, result, attempt);
    } else {
        set_wrong(op, result, attempt);
    }
    if (!subject.evaluated) {
        return add_history(op, txn, facts, &subject, subject.why);
    }
    return add_history(op, txn, facts, &subject,
                       attempt->locked ? ANSHIN_HISTORY_NOW_LOCKED : ANSHIN_HISTORY_WRONG_PASSWORD);
}

static apr_status_t settle(anshin_op_t *op, const anshin_login_facts_t *facts, const subject_t *subject,
                           anshin_attempt_t *attempt, int match, const char *new_hash, anshin_login_result_t *result)
{
    apr_array_header_t *wipe = apr_array_make(op->pool, 4, sizeof(const char *));
    anshin_txn_t *txn;
    apr_status_t rv = anshin_txn_begin(&txn, op->env->store, ANSHIN_TXN_WRITE, &op->error, op->pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if ((rv = settle_in(op, txn, facts, subject, attempt, match, new_hash, result, wipe)) != APR_SUCCESS) {
        anshin_txn_abort(txn);
        return rv;
    }
    if ((rv = anshin_txn_commit(txn, ANSHIN_DURABLE)) == APR_SUCCESS) {
        anshin_download_wipe(op, wipe);
    }
    return rv;
}

apr_status_t anshin_login(anshin_op_t *op, const anshin_login_facts_t *facts, anshin_login_result_t *result)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    const char *password = anshin_password_normalise(facts->password, op->pool);
    char fresh[ANSHIN_PHC_MAX];
    const char *new_hash = NULL;
    anshin_attempt_t attempt;
    subject_t subject;
    int match = 0, stale = 0;
    apr_status_t rv;

    memset(result, 0, sizeof(*result));
    rv = reserve(op, facts, &subject, &attempt, result);
    if (rv != APR_SUCCESS || result->outcome == ANSHIN_LOGIN_LOCKED || result->outcome == ANSHIN_LOGIN_THROTTLED) {
        return rv;
    }
    if (result->outcome ==
        ANSHIN_LOGIN_WRONG) { /* locked, which this contract does not tell: take as long as a check */
        return crypto->password_verify(crypto->ctx, &match, &stale, NULL, password, strlen(password));
    }
    rv = crypto->password_verify(crypto->ctx, &match, &stale, subject.evaluated ? subject.account.password_hash : NULL,
                                 password, strlen(password));
    if (rv == APR_SUCCESS && match && stale &&
        crypto->password_hash(crypto->ctx, fresh, password, strlen(password)) == APR_SUCCESS) {
        new_hash = fresh; /* PWD-3; when it cannot be had now, the next login tries again */
    }
    crypto->wipe(crypto->ctx, (void *)(uintptr_t)password, strlen(password));
    if (rv != APR_SUCCESS) {
        give_back(op, &attempt);
        return anshin_fail(&op->error, rv, "AN0171", "a password could not be checked: %s", anshin_status_name(rv));
    }
    op->now = op->env->now(op->env->now_baton);
    rv = settle(op, facts, &subject, &attempt, match, new_hash, result);
    if (rv != APR_SUCCESS) {
        result->outcome = ANSHIN_LOGIN_WRONG;
        result->session_id = NULL;
    }
    return rv;
}
