/*
 * Terminals of a user who is logged in.
 */
#include "core/terminal.h"

#include <apr_strings.h>
#include <string.h>

#include "core/address_code.h"
#include "core/certificate.h"
#include "core/daily.h"
#include "core/download.h"
#include "core/flow.h"
#include "core/history.h"
#include "core/mail.h"
#include "core/notice.h"
#include "core/secret.h"

/* The account of a fresh session with a function that is switched on. */
static apr_status_t begin(anshin_op_t *op, anshin_txn_mode_t mode, const anshin_member_t *member,
                          anshin_function_t function, anshin_txn_t **txn, anshin_account_t *account)
{
    apr_status_t rv;

    *txn = NULL;
    if (!ANSHIN_HAS(op->contract->policy.functions, function) || !anshin_member_fresh(op, member)) {
        return ANSHIN_EDENIED;
    }
    if ((rv = anshin_op_begin(op, mode, txn)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_member_account(op, *txn, member, account);
}

/* A good address of terminal number (0: a new one): does another one have it already, may it be mailed to today? */
static apr_status_t check_address(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                  apr_int64_t number, const char *address, anshin_terminal_result_t *result)
{
    apr_array_header_t *terminals;
    int taken = 0, its_own = 0;
    apr_status_t rv = anshin_account_terminals(op, txn, account, &terminals);

    for (int i = 0; rv == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);
        if (terminal->address && anshin_address_same(terminal->address, address)) {
            *(terminal->number == number ? &its_own : &taken) = 1;
        }
    }
    result->needs_code = op->contract->policy.confirm_address && !its_own;
    if (rv != APR_SUCCESS || taken || its_own) {
        result->address_error = taken ? "errors.address_taken" : NULL;
        return rv;
    }
    rv = anshin_mail_room(op, txn, account, address, ANSHIN_MAIL_UNCONFIRMED);
    result->address_error = rv == ANSHIN_EDENIED ? "errors.address_mails" : NULL;
    return rv == ANSHIN_EDENIED ? APR_SUCCESS : rv;
}

/* --- how often: each change mails an address that the user types --- */

static const char *changes_key(const anshin_op_t *op, const anshin_account_t *account)
{
    const char *whose = account->number != NULL ? account->number : account->user;

    return apr_pstrcat(op->pool, "terminal-changes/", op->contract->name, "/", whose, NULL);
}

/* The rules; *ok when all hold. */
static apr_status_t check(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, apr_int64_t number,
                          const char *address, int kind, anshin_terminal_result_t *result, int *ok)
{
    const anshin_policy_t *policy = &op->contract->policy;
    int count = account->terminals ? account->terminals->nelts : 0;
    int changes;
    apr_status_t rv = anshin_daily_get(op, txn, changes_key(op, account), &changes);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!*address) {
        result->address_error = "errors.required";
    } else if (!anshin_address_valid(address)) {
        result->address_error = anshin_address_error(anshin_address_rule(address));
    } else {
        rv = check_address(op, txn, account, number, address, result);
    }
    if (kind < 0 || kind > ANSHIN_TERMINAL_SMARTPHONE || !ANSHIN_HAS(policy->terminal_kinds, kind)) {
        result->kind_error = "errors.choose";
    }
    if (!number && count >= policy->terminals_max) {
        result->error = "errors.terminal_max";
    } else if (changes >= ANSHIN_TERMINAL_CHANGES) {
        result->error = "errors.terminal_changes";
    }
    *ok = !result->address_error && !result->kind_error && !result->error;
    return rv;
}

apr_status_t anshin_terminal_check(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                   const char *address, const char *confirm, int kind, anshin_terminal_result_t *result)
{
    anshin_function_t function = number ? ANSHIN_FUNCTION_TERMINAL_CHANGE : ANSHIN_FUNCTION_TERMINAL_ADD;
    anshin_account_t account;
    anshin_terminal_t terminal;
    anshin_txn_t *txn;
    int ok;
    apr_status_t rv;

    memset(result, 0, sizeof(*result));
    rv = begin(op, ANSHIN_TXN_READ, member, function, &txn, &account);
    if (rv == APR_SUCCESS && number) {
        rv = anshin_terminal_get(op, txn, account.user, number, &terminal);
    }
    if (rv == APR_SUCCESS) {
        rv = check(op, txn, &account, number, address, kind, result, &ok);
    }
    anshin_txn_abort(txn);
    if (rv == APR_SUCCESS && !result->address_error && strcmp(address, confirm) != 0) {
        result->address_error = "errors.address_mismatch";
    }
    return rv;
}

static apr_status_t record(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                           anshin_history_result_t what, const char *template, const anshin_terminal_t *terminal,
                           const anshin_terminal_t *former)
{
    anshin_history_t entry = {.result = what, .terminal = terminal->number, .method = account->method};
    json_t *data = json_pack("{s:I, s:s}", "terminal", (json_int_t)terminal->number, "address", terminal->address);
    apr_status_t rv = anshin_history_add(op, txn, account->user, &entry);

    if (rv == APR_SUCCESS) {
        rv = data ? anshin_notice_add(op, txn, ANSHIN_NOTICE_TERMINAL, template, account, former, data)
                  : anshin_fail(&op->error, ANSHIN_EFAULT, "AN0188", "terminal: out of memory");
    }
    json_decref(data);
    return rv;
}

/* What was refused by a rule changed nothing. */
static apr_status_t end(anshin_txn_t *txn, apr_status_t rv, int write)
{
    if (!write) {
        anshin_txn_abort(txn);
        return rv;
    }
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}

/* --- the code that a new address needs (ADR-1) --- */

apr_status_t anshin_terminal_code_send(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                       const char *address, int kind, anshin_terminal_result_t *result)
{
    anshin_account_t account;
    anshin_txn_t *txn;
    int ok = 0;
    apr_status_t rv;

    memset(result, 0, sizeof(*result));
    rv = begin(op, ANSHIN_TXN_WRITE, member, number ? ANSHIN_FUNCTION_TERMINAL_CHANGE : ANSHIN_FUNCTION_TERMINAL_ADD,
               &txn, &account);
    if (rv == APR_SUCCESS) {
        rv = check(op, txn, &account, number, address, kind, result, &ok);
    }
    if (rv == APR_SUCCESS && ok && result->needs_code) {
        rv = anshin_address_code_send(op, txn, &account, address, &result->error);
    }
    return end(txn, rv, ok && result->needs_code && !result->error);
}

apr_status_t anshin_terminal_code_sent(anshin_op_t *op, const anshin_member_t *member, const char *address)
{
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (rv == APR_SUCCESS && (rv = anshin_member_account(op, txn, member, &account)) == APR_SUCCESS) {
        rv = anshin_address_code_find(op, txn, &account, address);
    }
    anshin_txn_abort(txn);
    return rv;
}

/* *ok: the address may be taken. *write: an attempt was counted, whatever came of it. */
static apr_status_t check_code(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const char *address,
                               const char *code, anshin_terminal_result_t *result, int *ok, int *write)
{
    apr_status_t rv;

    if (!result->needs_code) {
        return APR_SUCCESS;
    }
    if (!code) {
        *ok = *write = 0;
        return APR_SUCCESS;
    }
    rv = anshin_address_code_check(op, txn, account, address, code, &result->code_error);
    result->needs_code = 0;
    *ok = !result->code_error;
    return rv;
}

/* When an address is taken that nobody has confirmed. */
static apr_time_t typed_at(const anshin_op_t *op)
{
    return op->contract->policy.confirm_address ? 0 : op->now;
}

static apr_status_t add_in(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account, const char *address, int kind,
                           anshin_terminal_result_t *result)
{
    anshin_terminal_t terminal = {.contract = op->contract->name,
                                  .user = account->user,
                                  .kind = kind,
                                  .address = address,
                                  .created_at = op->now,
                                  .unconfirmed_at = typed_at(op)};
    apr_status_t rv;

    terminal.number = account->next_terminal++;
    if (!account->terminals) {
        account->terminals = apr_array_make(op->pool, 1, sizeof(apr_int64_t));
    }
    APR_ARRAY_PUSH(account->terminals, apr_int64_t) = terminal.number;
    result->number = terminal.number;
    if ((rv = anshin_daily_add(op, txn, changes_key(op, account))) != APR_SUCCESS ||
        (rv = anshin_account_put(op, txn, account)) != APR_SUCCESS ||
        (rv = anshin_terminal_put(op, txn, &terminal)) != APR_SUCCESS) {
        return rv;
    }
    if (account->method == ANSHIN_METHOD_CERTIFICATE &&
        (rv = anshin_download_prepare(op, txn, account, terminal.number, &result->download_password)) != APR_SUCCESS) {
        return rv;
    }
    return record(op, txn, account, ANSHIN_HISTORY_TERMINAL_ADDED, "terminal-added", &terminal, NULL);
}

apr_status_t anshin_terminal_add(anshin_op_t *op, const anshin_member_t *member, const char *address, int kind,
                                 const char *code, anshin_terminal_result_t *result)
{
    anshin_account_t account;
    anshin_txn_t *txn;
    int ok = 0, write;
    apr_status_t rv;

    memset(result, 0, sizeof(*result));
    rv = begin(op, ANSHIN_TXN_WRITE, member, ANSHIN_FUNCTION_TERMINAL_ADD, &txn, &account);
    if (rv == APR_SUCCESS) {
        rv = check(op, txn, &account, 0, address, kind, result, &ok);
    }
    write = ok;
    if (rv == APR_SUCCESS && ok) {
        rv = check_code(op, txn, &account, address, code, result, &ok, &write);
    }
    if (rv == APR_SUCCESS && ok) {
        rv = add_in(op, txn, &account, address, kind, result);
    }
    if (rv == APR_SUCCESS && ok) {
        rv = anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, account.user, result->number);
    }
    return end(txn, rv, write);
}

apr_status_t anshin_terminal_change(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                    const char *address, int kind, const char *code, anshin_terminal_result_t *result)
{
    anshin_account_t account;
    anshin_terminal_t terminal, former;
    anshin_txn_t *txn;
    int ok = 0, same = 0, write;
    apr_status_t rv;

    memset(result, 0, sizeof(*result));
    result->number = number;
    rv = begin(op, ANSHIN_TXN_WRITE, member, ANSHIN_FUNCTION_TERMINAL_CHANGE, &txn, &account);
    if (rv == APR_SUCCESS) {
        rv = anshin_terminal_get(op, txn, account.user, number, &terminal);
    }
    if (rv == APR_SUCCESS) {
        rv = check(op, txn, &account, number, address, kind, result, &ok);
    }
    write = ok;
    if (rv == APR_SUCCESS && ok) {
        rv = check_code(op, txn, &account, address, code, result, &ok, &write);
    }
    if (rv == APR_SUCCESS && ok) { /* sent twice, it is changed and told of once */
        same = terminal.kind == kind && strcmp(terminal.address, address) == 0;
    }
    if (rv == APR_SUCCESS && ok && !same) {
        former = terminal;
        if (!anshin_address_same(terminal.address, address)) {
            terminal.unconfirmed_at = typed_at(op);
        }
        terminal.address = address;
        terminal.kind = kind;
        rv = anshin_daily_add(op, txn, changes_key(op, &account));
    }
    if (rv == APR_SUCCESS && ok && !same) {
        rv = anshin_terminal_put(op, txn, &terminal);
    }
    if (rv == APR_SUCCESS && ok && !same) {
        rv = record(op, txn, &account, ANSHIN_HISTORY_TERMINAL_CHANGED, "terminal-changed", &terminal, &former);
    }
    if (rv == APR_SUCCESS && ok) {
        rv = anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, account.user, number);
    }
    return end(txn, rv, write);
}

/* Everything that hangs on a terminal goes with it. */
static apr_status_t delete_in(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account,
                              const anshin_terminal_t *terminal)
{
    anshin_session_match_t match = {.terminal = terminal->number};
    apr_array_header_t *kept = apr_array_make(op->pool, 4, sizeof(apr_int64_t));
    apr_status_t rv;

    for (int i = 0; i < account->terminals->nelts; i++) {
        apr_int64_t number = APR_ARRAY_IDX(account->terminals, i, apr_int64_t);
        if (number != terminal->number) {
            APR_ARRAY_PUSH(kept, apr_int64_t) = number;
        }
    }
    account->terminals = kept;
    if ((rv = anshin_certificate_end_in(op, txn, terminal, ANSHIN_REASON_CESSATION)) != APR_SUCCESS ||
        (rv = anshin_download_finish_in(op, txn, account->user, terminal->number)) != APR_SUCCESS ||
        (rv = anshin_sessions_end(op, txn, account->user, &match, NULL)) != APR_SUCCESS ||
        (rv = anshin_txn_delete(txn, &anshin_record_terminal,
                                anshin_terminal_key(op, account->user, terminal->number))) != APR_SUCCESS ||
        (rv = anshin_account_put(op, txn, account)) != APR_SUCCESS) {
        return rv;
    }
    return record(op, txn, account, ANSHIN_HISTORY_TERMINAL_DELETED, "terminal-deleted", terminal, terminal);
}

apr_status_t anshin_terminal_delete(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                    anshin_terminal_result_t *result)
{
    anshin_account_t account;
    anshin_terminal_t terminal;
    anshin_txn_t *txn;
    apr_status_t rv;

    memset(result, 0, sizeof(*result));
    result->number = number;
    rv = begin(op, ANSHIN_TXN_WRITE, member, ANSHIN_FUNCTION_TERMINAL_DELETE, &txn, &account);
    if (rv == APR_SUCCESS) {
        rv = anshin_terminal_get(op, txn, account.user, number, &terminal);
    }
    if (rv == APR_SUCCESS && (!account.terminals || account.terminals->nelts == 0 ||
                              APR_ARRAY_IDX(account.terminals, 0, apr_int64_t) == number)) {
        result->error = "errors.terminal_first";
    } else if (rv == APR_SUCCESS) {
        rv = delete_in(op, txn, &account, &terminal);
        rv = rv == APR_SUCCESS ? anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, account.user, number) : rv;
    }
    return end(txn, rv, !result->error);
}

static apr_status_t view_one(anshin_op_t *op, anshin_txn_t *txn, anshin_terminal_view_t *view)
{
    const anshin_terminal_t *terminal = &view->terminal;
    anshin_certificate_t certificate;
    anshin_download_t download;
    anshin_bytes_t password;
    apr_status_t rv = APR_SUCCESS;

    if (terminal->certificate) {
        rv = anshin_txn_get(txn, &anshin_record_certificate, terminal->certificate, &certificate);
        view->expires_at = rv == APR_SUCCESS ? certificate.not_after : 0;
    }
    if (rv != APR_SUCCESS && rv != ANSHIN_ENOTFOUND) {
        return rv;
    }
    rv = anshin_txn_get(txn, &anshin_record_download, anshin_terminal_key(op, terminal->user, terminal->number),
                        &download);
    if (rv == APR_SUCCESS && (!download.serial || download.expires_at > op->now)) {
        rv = anshin_secret_blob_get(op, &password, "download-password", download.password_blob);
        view->download_password = rv == APR_SUCCESS ? (const char *)password.data : NULL;
    }
    return rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv;
}

apr_status_t anshin_terminals_view(anshin_op_t *op, const anshin_member_t *member, apr_array_header_t **views)
{
    apr_array_header_t *terminals;
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    *views = apr_array_make(op->pool, 4, sizeof(anshin_terminal_view_t));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if ((rv = anshin_member_account(op, txn, member, &account)) == APR_SUCCESS) {
        rv = anshin_account_terminals(op, txn, &account, &terminals);
    }
    for (int i = 0; rv == APR_SUCCESS && i < terminals->nelts; i++) {
        anshin_terminal_view_t *view = apr_array_push(*views);
        memset(view, 0, sizeof(*view));
        view->terminal = APR_ARRAY_IDX(terminals, i, anshin_terminal_t);
        rv = view_one(op, txn, view);
    }
    anshin_txn_abort(txn);
    return rv;
}
