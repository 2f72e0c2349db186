/*
 * The second factor: a one-time password by mail or from an authenticator app (LOG-7).
 *
 * SECURITY: reached only with a step token of the right password. A mailed code is kept as a keyed hash, lives five
 * minutes, works once; every check is counted on the account's own counter of codes.
 */
#include "core/login/login_code.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/attempt.h"
#include "core/account/token.h"
#include "core/base/address.h"
#include "core/context/expiry.h"
#include "core/context/flow.h"
#include "core/context/secret.h"
#include "core/login/claimant.h"
#include "core/login/lock.h"
#include "core/login/totp.h"
#include "core/mail/mail.h"

#define PURPOSE "login-code"

static const char *code_key(anshin_op_t *op, const char *user)
{
    return apr_pstrcat(op->pool, "login-code/", op->contract->name, "/", user, NULL);
}

static const char *code_text(const anshin_op_t *op, const char *user, const char *code)
{
    return apr_pstrcat(op->pool, op->contract->name, "/", user, "/", code, NULL);
}

/* The account that a step token of the right password belongs to. */
static apr_status_t stamped(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *step_token,
                            anshin_account_t *account)
{
    apr_status_t status = anshin_account_get(op, txn, user, account);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
    }
    return anshin_account_standing(account, op->now) == ANSHIN_ACCOUNT_ACTIVE && account->method == ANSHIN_METHOD_OTP
               ? anshin_claimant_proves(op, account, ANSHIN_STEP_PASSWORD, step_token)
               : ANSHIN_EDENIED;
}

static apr_status_t ways_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                            apr_array_header_t *ways)
{
    apr_array_header_t *terminals;
    apr_status_t status = anshin_account_terminals(op, txn, account, &terminals);

    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);
        anshin_code_way_t *way = apr_array_push(ways);
        way->terminal = terminal->number;
        way->kind = (int)terminal->kind;
        way->address = anshin_address_masked(terminal->address, op->pool);
    }
    return status;
}

/* A code of this account that can still be typed. */
static int counts(const anshin_op_t *op, const anshin_account_t *account, const anshin_token_t *record)
{
    return record->expires_at > op->now && anshin_account_owns(account, record->account, record->created_at);
}

static apr_status_t find_sent(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                              anshin_code_ways_t *ways)
{
    anshin_token_t record;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_token, code_key(op, account->user), &record);

    if (status == APR_SUCCESS && counts(op, account, &record)) {
        ways->sent = record.terminal;
        ways->until = record.expires_at;
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

typedef struct choice_t {
    const char *user;
    const char *step_token;
    anshin_code_ways_t *ways;
} choice_t;

static apr_status_t read_choice(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const choice_t *choice = baton;
    anshin_account_t account;
    apr_status_t status = stamped(op, txn, choice->user, choice->step_token, &account);

    *choice->ways = (anshin_code_ways_t){.terminals = apr_array_make(op->pool, 4, sizeof(anshin_code_way_t))};
    if (status != APR_SUCCESS) {
        return status;
    }
    choice->ways->app = account.totp_blob != NULL;
    status = ways_in(op, txn, &account, choice->ways->terminals);
    return status == APR_SUCCESS ? find_sent(op, txn, &account, choice->ways) : status;
}

apr_status_t anshin_login_code_ways(anshin_op_t *op, const char *user, const char *step_token, anshin_code_ways_t *ways)
{
    return anshin_op_read(op, read_choice, &(choice_t){user, step_token, ways});
}

typedef struct sending_t {
    const char *user;
    const char *step_token;
    apr_int64_t terminal;
} sending_t;

static apr_status_t send_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const sending_t *sending = baton;
    const char *user = sending->user;
    anshin_token_t record = {.kind = ANSHIN_TOKEN_LOGIN_CODE, .terminal = sending->terminal};
    anshin_account_t account;
    anshin_terminal_t terminal;
    anshin_token_t former;
    const char *code;
    anshin_mail_new_t mail;
    json_t *data;
    int first;
    apr_status_t status = stamped(op, txn, user, sending->step_token, &account);

    if (status != APR_SUCCESS ||
        (status = anshin_terminal_get(op, txn, user, sending->terminal, &terminal)) != APR_SUCCESS) {
        return status;
    }
    status = anshin_txn_get(txn, &anshin_record_token, code_key(op, user), &former);
    if (status == APR_SUCCESS && former.created_at + ANSHIN_LOGIN_CODE_PAUSE > op->now) {
        return ANSHIN_ECONFLICT;
    }
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    first = status == ANSHIN_ENOTFOUND;
    record.contract = op->contract->name;
    record.user = user;
    record.account = account.number;
    record.created_at = op->now;
    record.expires_at = op->now + ANSHIN_LOGIN_CODE_LIFE;
    if ((status = anshin_secret_text(op, &code, "0123456789", ANSHIN_LOGIN_CODE_CHARACTERS)) != APR_SUCCESS ||
        (status = anshin_secret_mac(op, &record.code_mac, PURPOSE, code_text(op, user, code))) != APR_SUCCESS ||
        (status = anshin_txn_put(txn, &anshin_record_token, code_key(op, user), &record)) != APR_SUCCESS ||
        (first && (status = anshin_expiry_file(op, txn, &anshin_record_token, code_key(op, user),
                                               record.expires_at + ANSHIN_KEEP_TOKEN)) != APR_SUCCESS)) {
        return status;
    }
    data = json_pack("{s:s, s:i}", "code", code, "minutes", (int)(apr_time_sec(ANSHIN_LOGIN_CODE_LIFE) / 60));
    mail = (anshin_mail_new_t){.kind = "login-code",
                               .account = &account,
                               .address = terminal.address,
                               .bound = anshin_mail_bound_of(&terminal),
                               .data = data};
    status = data ? anshin_mail_add(op, txn, &mail)
                  : anshin_fail(&op->error, ANSHIN_EFAULT, "AN0173", "login code: out of memory");
    json_decref(data);
    return status == ANSHIN_EDENIED ? ANSHIN_EINVALID : status;
}

apr_status_t anshin_login_code_send(anshin_op_t *op, const char *user, const char *step_token, apr_int64_t terminal)
{
    sending_t sending = {user, step_token, terminal};

    return anshin_op_write(op, ANSHIN_DURABLE, send_in, &sending);
}

apr_status_t anshin_login_code_forget(anshin_op_t *op, anshin_txn_t *txn, const char *user)
{
    return anshin_txn_delete(txn, &anshin_record_token, code_key(op, user));
}

/* A mailed code that is right is removed at once; then that of the app is tried. */
static apr_status_t code_right(void *baton, anshin_op_t *op, anshin_txn_t *txn, const char *code, int *right)
{
    anshin_account_t *account = baton;
    const char *key = code_key(op, account->user);
    anshin_token_t record = {.code_mac = NULL};
    int equal;
    apr_status_t known = anshin_txn_get(txn, &anshin_record_token, key, &record);
    apr_status_t status =
        anshin_secret_mac_is(op, &equal, PURPOSE, code_text(op, account->user, code), record.code_mac);

    *right = 0;
    status = status == APR_SUCCESS ? known : status;
    if (status == APR_SUCCESS && counts(op, account, &record) && equal) {
        *right = 1;
        status = anshin_terminal_confirmed(op, txn, account->user, record.terminal, record.created_at);
        return status == APR_SUCCESS ? anshin_txn_delete(txn, &anshin_record_token, key) : status;
    }
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    return anshin_totp_check(op, txn, account, code, right);
}

/* What is refused is written down as long as its address may try at all (S37). */
static apr_status_t record_locked(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                  const anshin_claimant_t *claimant)
{
    int told;
    apr_status_t status = anshin_address_check(op, txn, &told);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_EDENIED ? APR_SUCCESS : status;
    }
    status = anshin_address_count(op, txn);
    return status == APR_SUCCESS ? anshin_claimant_record(op, txn, facts, claimant, ANSHIN_ACT_LOCKED) : status;
}

typedef struct checking_t {
    const anshin_login_facts_t *facts;
    const char *step_token;
    const char *code;
    anshin_login_result_t *result;
} checking_t;

static apr_status_t check_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const checking_t *checking = baton;
    const anshin_login_facts_t *facts = checking->facts;
    anshin_login_result_t *result = checking->result;
    anshin_claimant_t claimant;
    anshin_attempt_facts_t guess = {ANSHIN_COUNTER_CODE, NULL, checking->code, code_right, &claimant.account};
    anshin_attempt_t attempt;
    apr_status_t status = anshin_claimant_resume(op, txn, facts, ANSHIN_STEP_PASSWORD, checking->step_token, &claimant);

    memset(result, 0, sizeof(*result));
    if (status != APR_SUCCESS || claimant.account.method != ANSHIN_METHOD_OTP) {
        return status == APR_SUCCESS ? ANSHIN_EDENIED : status;
    }
    if ((status = anshin_flow_waits(op, txn, ANSHIN_STAGE_OPENED)) != APR_SUCCESS) {
        return status;
    }
    result->show = ANSHIN_SHOW_REMAINING;
    guess.subject = claimant.user;
    if ((status = anshin_attempt_run_in(op, txn, &guess, &attempt)) != APR_SUCCESS) {
        return status;
    }
    if (attempt.outcome == ANSHIN_ATTEMPT_NOT_MADE) {
        result->outcome = ANSHIN_LOGIN_LOCKED;
        result->lock = attempt.lock;
        return record_locked(op, txn, facts, &claimant);
    }
    if (attempt.outcome == ANSHIN_ATTEMPT_SUCCEEDED) {
        return anshin_claimant_proceed(op, txn, facts, &claimant, ANSHIN_STEP_CODE, result);
    }
    result->outcome = attempt.locked ? ANSHIN_LOGIN_LOCKED : ANSHIN_LOGIN_WRONG;
    result->remaining = attempt.remaining;
    result->lock = attempt.lock;
    if ((status = anshin_address_count(op, txn)) != APR_SUCCESS ||
        (attempt.locked_now &&
         (status = anshin_lock_follow(op, txn, &claimant.account, ANSHIN_LOCK_AT_LOGIN)) != APR_SUCCESS)) {
        return status;
    }
    return anshin_claimant_record(op, txn, facts, &claimant,
                                  attempt.locked_now ? ANSHIN_ACT_NOW_LOCKED : ANSHIN_ACT_WRONG_CODE);
}

apr_status_t anshin_login_code_check(anshin_op_t *op, const anshin_login_facts_t *facts, const char *step_token,
                                     const char *code, anshin_login_result_t *result)
{
    checking_t checking = {facts, step_token, code, result};
    apr_status_t status;

    memset(result, 0, sizeof(*result));
    status = anshin_op_write(op, ANSHIN_DURABLE, check_in, &checking);
    return status == APR_SUCCESS ? anshin_claimant_admitted(op, result) : status;
}
