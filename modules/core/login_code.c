/*
 * The second factor: a one-time password by mail or from an authenticator app (LOG-7; declared in login.h).
 *
 * SECURITY: reached only with a stamp of the right password. A mailed code is kept as a keyed hash, lives five minutes,
 * works once; every check is counted on the account's own counter of codes.
 */
#include <apr_strings.h>
#include <string.h>

#include "core/attempt.h"
#include "core/claimant.h"
#include "core/lock.h"
#include "core/expiry.h"
#include "core/login.h"
#include "core/mail.h"
#include "core/secret.h"
#include "core/token.h"
#include "core/totp.h"

static const char *code_key(anshin_op_t *op, const char *user)
{
    return apr_pstrcat(op->pool, "login-code/", op->contract->name, "/", user, NULL);
}

static apr_status_t code_mac(anshin_op_t *op, const char *user, const char *code, const char **mac)
{
    return anshin_secret_mac(op, mac, "login-code",
                             apr_pstrcat(op->pool, op->contract->name, "/", user, "/", code, NULL));
}

/* The account that a stamp of the right password belongs to. */
static apr_status_t stamped(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *stamp,
                            anshin_account_t *account)
{
    apr_status_t rv = anshin_account_get(op, txn, user, account);

    if (rv != APR_SUCCESS) {
        return rv == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : rv;
    }
    return account->state == ANSHIN_ACCOUNT_ACTIVE && account->method == ANSHIN_METHOD_OTP
               ? anshin_claimant_stamped(op, account, ANSHIN_STEP_PASSWORD, stamp)
               : ANSHIN_EDENIED;
}

static apr_status_t ways_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                            apr_array_header_t *ways)
{
    apr_array_header_t *terminals;
    apr_status_t rv = anshin_account_terminals(op, txn, account, &terminals);

    for (int i = 0; rv == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);
        anshin_code_way_t *way = apr_array_push(ways);
        way->terminal = terminal->number;
        way->kind = (int)terminal->kind;
        way->address = anshin_address_masked(terminal->address, op->pool);
    }
    return rv;
}

apr_status_t anshin_login_code_ways(anshin_op_t *op, const char *user, const char *stamp, apr_array_header_t **ways,
                                    int *app)
{
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    *ways = apr_array_make(op->pool, 4, sizeof(anshin_code_way_t));
    rv = stamped(op, txn, user, stamp, &account);
    if (rv == APR_SUCCESS) {
        *app = account.totp_blob != NULL;
        rv = ways_in(op, txn, &account, *ways);
    }
    anshin_txn_abort(txn);
    return rv;
}

static apr_status_t send_in(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *stamp, apr_int64_t number)
{
    anshin_token_t record = {.kind = ANSHIN_TOKEN_LOGIN_CODE, .terminal = number};
    anshin_account_t account;
    anshin_terminal_t terminal;
    anshin_token_t former;
    const char *code;
    json_t *data;
    int first;
    apr_status_t rv = stamped(op, txn, user, stamp, &account);

    if (rv != APR_SUCCESS || (rv = anshin_terminal_get(op, txn, user, number, &terminal)) != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_txn_get(txn, &anshin_record_token, code_key(op, user), &former);
    if (rv == APR_SUCCESS && former.created_at + ANSHIN_LOGIN_CODE_PAUSE > op->now) {
        return ANSHIN_ECONFLICT;
    }
    if (rv != APR_SUCCESS && rv != ANSHIN_ENOTFOUND) {
        return rv;
    }
    first = rv == ANSHIN_ENOTFOUND;
    record.contract = op->contract->name;
    record.user = user;
    record.account = account.number;
    record.created_at = op->now;
    record.expires_at = op->now + ANSHIN_LOGIN_CODE_LIFE;
    if ((rv = anshin_secret_text(op, &code, "0123456789", ANSHIN_LOGIN_CODE_SIGNS)) != APR_SUCCESS ||
        (rv = code_mac(op, user, code, &record.code_mac)) != APR_SUCCESS ||
        (rv = anshin_txn_put(txn, &anshin_record_token, code_key(op, user), &record)) != APR_SUCCESS ||
        (first && (rv = anshin_expiry_file(op, txn, &anshin_record_token, code_key(op, user),
                                           record.expires_at + ANSHIN_KEEP_TOKEN)) != APR_SUCCESS)) {
        return rv;
    }
    data = json_pack("{s:s, s:i}", "code", code, "minutes", (int)(apr_time_sec(ANSHIN_LOGIN_CODE_LIFE) / 60));
    rv = data
             ? anshin_mail_add(op, txn, "login-code", &account, terminal.address, anshin_mail_bound_of(&terminal), data)
             : anshin_fail(&op->error, ANSHIN_EFAULT, "AN0173", "login code: out of memory");
    json_decref(data);
    return rv == ANSHIN_EDENIED ? ANSHIN_EINVALID : rv;
}

apr_status_t anshin_login_code_send(anshin_op_t *op, const char *user, const char *stamp, apr_int64_t terminal)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    return anshin_txn_end(txn, send_in(op, txn, user, stamp, terminal), ANSHIN_DURABLE);
}

apr_status_t anshin_login_code_forget(anshin_op_t *op, anshin_txn_t *txn, const char *user)
{
    return anshin_txn_delete(txn, &anshin_record_token, code_key(op, user));
}

/* A mailed code that is right is removed at once; then that of the app is tried. */
static apr_status_t code_right(void *baton, anshin_op_t *op, anshin_txn_t *txn, const char *code, int *right)
{
    anshin_account_t *account = baton;
    const char *key = code_key(op, account->user), *mac;
    anshin_token_t record;
    apr_status_t rv = code_mac(op, account->user, code, &mac);

    *right = 0;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_txn_get(txn, &anshin_record_token, key, &record);
    if (rv == APR_SUCCESS && record.expires_at > op->now &&
        anshin_account_owns(account, record.account, record.created_at) &&
        anshin_secret_equal(op, mac, record.code_mac)) {
        *right = 1;
        rv = anshin_terminal_confirmed(op, txn, account->user, record.terminal, record.created_at);
        return rv == APR_SUCCESS ? anshin_txn_delete(txn, &anshin_record_token, key) : rv;
    }
    if (rv != APR_SUCCESS && rv != ANSHIN_ENOTFOUND) {
        return rv;
    }
    return anshin_totp_check(op, account, code, right);
}

/* What is refused is written down as long as its address may try at all (S37). */
static apr_status_t record_locked(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                  const anshin_claimant_t *claimant)
{
    int told;
    apr_status_t rv = anshin_address_check(op, txn, &told);

    if (rv != APR_SUCCESS) {
        return rv == ANSHIN_EDENIED ? APR_SUCCESS : rv;
    }
    rv = anshin_address_count(op, txn);
    return rv == APR_SUCCESS ? anshin_claimant_record(op, txn, facts, claimant, ANSHIN_HISTORY_LOCKED) : rv;
}

static apr_status_t check_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts, const char *stamp,
                             const char *code, anshin_login_result_t *result)
{
    anshin_claimant_t claimant;
    anshin_attempt_facts_t guess = {ANSHIN_COUNTER_CODE, NULL, code, code_right, &claimant.account};
    anshin_attempt_t attempt;
    apr_status_t rv = anshin_claimant_resume(op, txn, facts, ANSHIN_STEP_PASSWORD, stamp, &claimant);

    if (rv != APR_SUCCESS || claimant.account.method != ANSHIN_METHOD_OTP) {
        return rv == APR_SUCCESS ? ANSHIN_EDENIED : rv;
    }
    result->show = ANSHIN_SHOW_REMAINING;
    guess.subject = claimant.user;
    if ((rv = anshin_attempt_run_in(op, txn, &guess, &attempt)) != APR_SUCCESS) {
        return rv;
    }
    if (attempt.outcome == ANSHIN_ATTEMPT_NOT_MADE) {
        result->outcome = ANSHIN_LOGIN_LOCKED;
        result->unlock_at = attempt.unlock_at;
        return record_locked(op, txn, facts, &claimant);
    }
    if (attempt.outcome == ANSHIN_ATTEMPT_SUCCEEDED) {
        return anshin_claimant_proceed(op, txn, facts, &claimant, ANSHIN_STEP_CODE, result);
    }
    result->outcome = attempt.locked ? ANSHIN_LOGIN_LOCKED : ANSHIN_LOGIN_WRONG;
    result->remaining = attempt.remaining;
    result->unlock_at = attempt.unlock_at;
    if ((rv = anshin_address_count(op, txn)) != APR_SUCCESS ||
        (attempt.locked_now &&
         (rv = anshin_lock_follow(op, txn, &claimant.account, ANSHIN_LOCK_AT_LOGIN)) != APR_SUCCESS)) {
        return rv;
    }
    return anshin_claimant_record(op, txn, facts, &claimant,
                                  attempt.locked_now ? ANSHIN_HISTORY_NOW_LOCKED : ANSHIN_HISTORY_WRONG_CODE);
}

apr_status_t anshin_login_code_check(anshin_op_t *op, const anshin_login_facts_t *facts, const char *stamp,
                                     const char *code, anshin_login_result_t *result)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    memset(result, 0, sizeof(*result));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return anshin_txn_end(txn, check_in(op, txn, facts, stamp, code, result), ANSHIN_DURABLE);
}
