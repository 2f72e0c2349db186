/*
 * Terminals of a user who is logged in.
 */
#include "core/selfservice/terminal.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/label.h"
#include "core/certificate/certificate.h"
#include "core/certificate/download.h"
#include "core/certificate/reminder.h"
#include "core/certificate/renewal.h"
#include "core/certificate/revocation.h"
#include "core/context/daily.h"
#include "core/context/flow.h"
#include "core/context/rehearsal.h"
#include "core/context/secret.h"
#include "core/mail/mail.h"
#include "core/mail/event.h"
#include "core/selfservice/address_code.h"
#include "core/selfservice/lost_device.h"

/* What a member wants of a terminal, and what comes of it. */
typedef struct wish_t {
    const anshin_member_t *member;
    const anshin_terminal_typed_t *typed;
    anshin_terminal_result_t *result;
} wish_t;

/* In normal form. */
static const char *label_of(const anshin_op_t *op, const wish_t *wish)
{
    return wish->typed->label ? anshin_label_typed(wish->typed->label, op->pool) : "";
}

/* Has the session been checked recently, is the function switched on, and is the step still to be taken? Each run
 * begins without results. */
static apr_status_t find_member(anshin_op_t *op, anshin_txn_t *txn, const wish_t *wish, anshin_function_t function,
                                anshin_account_t *account)
{
    apr_status_t status;

    *wish->result = (anshin_terminal_result_t){.number = wish->typed->number};
    if (!ANSHIN_HAS(op->contract->policy.functions, function) || !anshin_member_fresh(op, wish->member)) {
        return ANSHIN_EDENIED;
    }
    status = anshin_member_account(op, txn, wish->member, account);
    return status == APR_SUCCESS ? anshin_flow_waits(op, txn, ANSHIN_STAGE_OPENED) : status;
}

/* A good address: does another terminal have it already, may it be mailed to today? */
static apr_status_t check_address(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                  const wish_t *wish)
{
    anshin_terminal_result_t *result = wish->result;
    apr_array_header_t *terminals;
    int taken = 0, its_own = 0;
    apr_status_t status = anshin_account_terminals(op, txn, account, &terminals);

    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);
        if (terminal->address && anshin_address_same(terminal->address, wish->typed->address)) {
            *(terminal->number == wish->typed->number ? &its_own : &taken) = 1;
        }
    }
    result->needs_code = op->contract->policy.confirm_address && !its_own;
    if (status != APR_SUCCESS || taken || its_own) {
        result->address_error = taken ? "errors.address_taken" : NULL;
        return status;
    }
    status = anshin_mail_room(op, txn, account, wish->typed->address, ANSHIN_MAIL_UNCONFIRMED);
    result->address_error = status == ANSHIN_EDENIED ? "errors.address_mails" : NULL;
    return status == ANSHIN_EDENIED ? APR_SUCCESS : status;
}

/* --- how often: each change mails an address that the user types --- */

static const char *changes_key(const anshin_op_t *op, const anshin_account_t *account)
{
    const char *whose = account->number != NULL ? account->number : account->user;

    return apr_pstrcat(op->pool, "terminal-changes/", op->contract->name, "/", whose, NULL);
}

/* The rules; *ok when all hold. */
static apr_status_t check(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const wish_t *wish,
                          int *ok)
{
    const anshin_policy_t *policy = &op->contract->policy;
    anshin_terminal_result_t *result = wish->result;
    int count = account->terminals ? account->terminals->nelts : 0;
    int changes;
    apr_status_t status = anshin_daily_get(op, txn, changes_key(op, account), &changes);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!*wish->typed->address) {
        result->address_error = "errors.required";
    } else if (!anshin_address_valid(wish->typed->address)) {
        result->address_error = anshin_address_error(anshin_address_rule(wish->typed->address));
    } else {
        status = check_address(op, txn, account, wish);
    }
    if (wish->typed->kind < 0 || wish->typed->kind > ANSHIN_TERMINAL_SMARTPHONE ||
        !ANSHIN_HAS(policy->terminal_kinds, wish->typed->kind)) {
        result->kind_error = "errors.choose";
    }
    result->label_error = anshin_label_error(anshin_label_rule(label_of(op, wish)));
    if (!wish->typed->number && count >= policy->terminals_max) {
        result->error = "errors.terminal_max";
    } else if (changes >= ANSHIN_TERMINAL_CHANGES) {
        result->error = "errors.terminal_changes";
    }
    *ok = !result->address_error && !result->kind_error && !result->label_error && !result->error;
    return status;
}

/* The rules for adding or changing. terminal: as it is; not looked at where it is to be a new one. */
static apr_status_t check_wish(anshin_op_t *op, anshin_txn_t *txn, const wish_t *wish, anshin_account_t *account,
                               anshin_terminal_t *terminal, int *ok)
{
    apr_status_t status = find_member(
        op, txn, wish, wish->typed->number ? ANSHIN_FUNCTION_TERMINAL_CHANGE : ANSHIN_FUNCTION_TERMINAL_ADD, account);

    *ok = 0;
    if (status == APR_SUCCESS && wish->typed->number) {
        status = anshin_terminal_get(op, txn, account->user, wish->typed->number, terminal);
    }
    return status == APR_SUCCESS ? check(op, txn, account, wish, ok) : status;
}

static apr_status_t check_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_account_t account;
    anshin_terminal_t terminal;
    int ok;

    return check_wish(op, txn, baton, &account, &terminal, &ok);
}

apr_status_t anshin_terminal_check(anshin_op_t *op, const anshin_member_t *member, const anshin_terminal_typed_t *typed,
                                   anshin_terminal_result_t *result)
{
    wish_t wish = {member, typed, result};
    apr_status_t status = anshin_op_read(op, check_in, &wish);

    if (status == APR_SUCCESS && !result->address_error && strcmp(typed->address, typed->confirm) != 0) {
        result->address_error = "errors.address_mismatch";
    }
    return status;
}

/* For the trail: what somebody has given it. In op's pool; NULL: memory ended. */
static const char *told(const anshin_op_t *op, const anshin_terminal_t *terminal)
{
    json_t *object = json_pack("{s:s?, s:s, s:s?}", "address", terminal->address, "kind",
                               anshin_terminal_kind_name(terminal->kind), "label", terminal->label);
    char *dumped = json_dumps(object, JSON_COMPACT);
    const char *text = dumped != NULL ? apr_pstrdup(op->pool, dumped) : NULL;

    free(dumped);
    json_decref(object);
    return text;
}

static apr_status_t tell(anshin_op_t *op, anshin_txn_t *txn, anshin_act_t act, const anshin_account_t *account,
                         const anshin_terminal_t *terminal, const anshin_terminal_t *former)
{
    const int is_there = act != ANSHIN_ACT_TERMINAL_DELETED;
    const anshin_event_t event = {.act = act,
                                  .account = account,
                                  .terminal = terminal->number,
                                  .before = former != NULL ? told(op, former) : NULL,
                                  .after = is_there ? told(op, terminal) : NULL,
                                  .former = former,
                                  .data = json_pack("{s:s, s:s}", "terminal",
                                                    anshin_label_title(terminal->number, terminal->label, op->pool),
                                                    "address", terminal->address)};
    const int is_whole =
        event.data != NULL && (former == NULL || event.before != NULL) && (!is_there || event.after != NULL);
    apr_status_t status = is_whole ? anshin_event(op, txn, &event)
                                   : anshin_fail(&op->error, ANSHIN_EFAULT, "AN0188", "terminal: out of memory");

    json_decref(event.data);
    return status;
}

/* --- the code that a new address needs (ADR-1) --- */

static apr_status_t send_code_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const wish_t *wish = baton;
    anshin_account_t account;
    anshin_terminal_t terminal;
    int ok;
    apr_status_t status = check_wish(op, txn, wish, &account, &terminal, &ok);

    return status == APR_SUCCESS && ok && wish->result->needs_code
               ? anshin_address_code_send(op, txn, &account, wish->typed->address, &wish->result->error)
               : status;
}

apr_status_t anshin_terminal_code_send(anshin_op_t *op, const anshin_member_t *member,
                                       const anshin_terminal_typed_t *typed, anshin_terminal_result_t *result)
{
    wish_t wish = {member, typed, result};

    return anshin_op_write_rehearsed(op, ANSHIN_DURABLE, send_code_in, &wish);
}

static apr_status_t find_code_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const wish_t *wish = baton;
    anshin_account_t account;
    apr_status_t status = anshin_member_account(op, txn, wish->member, &account);

    return status == APR_SUCCESS ? anshin_address_code_find(op, txn, &account, wish->typed->address) : status;
}

apr_status_t anshin_terminal_code_sent(anshin_op_t *op, const anshin_member_t *member, const char *address)
{
    const anshin_terminal_typed_t typed = {.address = address};
    wish_t wish = {member, &typed, NULL};

    return anshin_op_read(op, find_code_in, &wish);
}

/* *ok: the address may be taken. */
static apr_status_t check_code(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, const wish_t *wish,
                               int *ok)
{
    anshin_terminal_result_t *result = wish->result;
    apr_status_t status;

    if (!result->needs_code) {
        return APR_SUCCESS;
    }
    *ok = 0;
    if (!wish->typed->code) {
        return APR_SUCCESS;
    }
    status = anshin_address_code_check(op, txn, account, wish->typed->address, wish->typed->code, &result->code_error);
    result->needs_code = 0;
    *ok = !result->code_error;
    return status;
}

/* The rules, and the code where one is needed. */
static apr_status_t check_all(anshin_op_t *op, anshin_txn_t *txn, const wish_t *wish, anshin_account_t *account,
                              anshin_terminal_t *terminal, int *ok)
{
    apr_status_t status = check_wish(op, txn, wish, account, terminal, ok);

    return status == APR_SUCCESS && *ok ? check_code(op, txn, account, wish, ok) : status;
}

/* When an address is taken that nobody has confirmed. */
static apr_time_t typed_at(const anshin_op_t *op)
{
    return op->contract->policy.confirm_address ? 0 : op->now;
}

static apr_status_t put_new(anshin_op_t *op, anshin_txn_t *txn, const wish_t *wish, anshin_account_t *account)
{
    anshin_terminal_t terminal = {.contract = op->contract->name,
                                  .user = account->user,
                                  .kind = wish->typed->kind,
                                  .address = wish->typed->address,
                                  .label = label_of(op, wish),
                                  .created_at = op->now,
                                  .unconfirmed_at = typed_at(op)};
    apr_status_t status;

    terminal.number = account->next_terminal++;
    if (!account->terminals) {
        account->terminals = apr_array_make(op->pool, 1, sizeof(apr_int64_t));
    }
    APR_ARRAY_PUSH(account->terminals, apr_int64_t) = terminal.number;
    wish->result->number = terminal.number;
    if ((status = anshin_daily_add(op, txn, changes_key(op, account))) != APR_SUCCESS ||
        (status = anshin_account_put(op, txn, account)) != APR_SUCCESS ||
        (status = anshin_terminal_put(op, txn, &terminal)) != APR_SUCCESS) {
        return status;
    }
    if (account->method == ANSHIN_METHOD_CERTIFICATE &&
        (status = anshin_download_prepare(op, txn, account, terminal.number, &wish->result->download_password)) !=
            APR_SUCCESS) {
        return status;
    }
    return tell(op, txn, ANSHIN_ACT_TERMINAL_ADDED, account, &terminal, NULL);
}

static apr_status_t add_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const wish_t *wish = baton;
    anshin_account_t account;
    anshin_terminal_t none;
    int ok;
    apr_status_t status = check_all(op, txn, wish, &account, &none, &ok);

    if (status != APR_SUCCESS || !ok || (status = put_new(op, txn, wish, &account)) != APR_SUCCESS) {
        return status;
    }
    return anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, account.user, wish->result->number);
}

apr_status_t anshin_terminal_add(anshin_op_t *op, const anshin_member_t *member, const anshin_terminal_typed_t *typed,
                                 anshin_terminal_result_t *result)
{
    anshin_terminal_typed_t fresh = *typed;
    wish_t wish = {member, &fresh, result};

    fresh.number = 0;
    return anshin_op_write_rehearsed(op, ANSHIN_DURABLE, add_in, &wish);
}

apr_status_t anshin_terminal_change_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                       const anshin_terminal_t *terminal, const anshin_terminal_t *former)
{
    int renamed = strcmp(former->label ? former->label : "", terminal->label ? terminal->label : "") != 0;
    apr_status_t status = anshin_terminal_put(op, txn, terminal);

    if (status == APR_SUCCESS && renamed) {
        status = anshin_certificate_label(op, txn, terminal);
    }
    if (status == APR_SUCCESS && former->kind != terminal->kind) {
        status = anshin_sessions_refresh_in(op, txn, account, terminal);
    }
    return status == APR_SUCCESS ? tell(op, txn, ANSHIN_ACT_TERMINAL_CHANGED, account, terminal, former) : status;
}

/* Sent twice, it is changed and told of once. */
static apr_status_t put_changed(anshin_op_t *op, anshin_txn_t *txn, const wish_t *wish, const anshin_account_t *account,
                                const anshin_terminal_t *former)
{
    anshin_terminal_t terminal = *former;
    apr_status_t status;

    const char *label = label_of(op, wish);
    int renamed = strcmp(former->label ? former->label : "", label) != 0;

    if (former->kind == wish->typed->kind && strcmp(former->address, wish->typed->address) == 0 && !renamed) {
        return APR_SUCCESS;
    }
    if (!anshin_address_same(former->address, wish->typed->address)) {
        terminal.unconfirmed_at = typed_at(op);
    }
    terminal.address = wish->typed->address;
    terminal.kind = wish->typed->kind;
    terminal.label = label;
    status = anshin_daily_add(op, txn, changes_key(op, account));
    return status == APR_SUCCESS ? anshin_terminal_change_in(op, txn, account, &terminal, former) : status;
}

static apr_status_t change_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const wish_t *wish = baton;
    anshin_account_t account;
    anshin_terminal_t terminal;
    int ok;
    apr_status_t status = check_all(op, txn, wish, &account, &terminal, &ok);

    if (status != APR_SUCCESS || !ok || (status = put_changed(op, txn, wish, &account, &terminal)) != APR_SUCCESS) {
        return status;
    }
    return anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, account.user, wish->typed->number);
}

apr_status_t anshin_terminal_change(anshin_op_t *op, const anshin_member_t *member,
                                    const anshin_terminal_typed_t *typed, anshin_terminal_result_t *result)
{
    wish_t wish = {member, typed, result};

    return anshin_op_write_rehearsed(op, ANSHIN_DURABLE, change_in, &wish);
}

/* Everything that hangs on a terminal goes with it. */
static apr_status_t drop(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account,
                         const anshin_terminal_t *terminal)
{
    anshin_session_match_t match = {.terminal = terminal->number};
    apr_array_header_t *kept = apr_array_make(op->pool, 4, sizeof(apr_int64_t));
    apr_status_t status;

    for (int i = 0; i < account->terminals->nelts; i++) {
        apr_int64_t number = APR_ARRAY_IDX(account->terminals, i, apr_int64_t);
        if (number != terminal->number) {
            APR_ARRAY_PUSH(kept, apr_int64_t) = number;
        }
    }
    account->terminals = kept;
    if ((status = anshin_certificates_end_in(op, txn, terminal, ANSHIN_REASON_CESSATION)) != APR_SUCCESS ||
        (status = anshin_download_finish_in(op, txn, account->user, terminal->number)) != APR_SUCCESS ||
        (status = anshin_sessions_end_in(op, txn, account->user, &match, NULL)) != APR_SUCCESS ||
        (status = anshin_terminal_remove(op, txn, terminal)) != APR_SUCCESS ||
        (status = anshin_account_put(op, txn, account)) != APR_SUCCESS) {
        return status;
    }
    return tell(op, txn, ANSHIN_ACT_TERMINAL_DELETED, account, terminal, terminal);
}

static apr_status_t delete_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const wish_t *wish = baton;
    anshin_account_t account;
    anshin_terminal_t terminal;
    apr_status_t status = find_member(op, txn, wish, ANSHIN_FUNCTION_TERMINAL_DELETE, &account);

    if (status != APR_SUCCESS ||
        (status = anshin_terminal_get(op, txn, account.user, wish->typed->number, &terminal)) != APR_SUCCESS) {
        return status;
    }
    if (!account.terminals || account.terminals->nelts == 0 ||
        APR_ARRAY_IDX(account.terminals, 0, apr_int64_t) == wish->typed->number) {
        wish->result->error = "errors.terminal_first";
        return APR_SUCCESS;
    }
    status = drop(op, txn, &account, &terminal);
    return status == APR_SUCCESS ? anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, account.user, wish->typed->number)
                                 : status;
}

apr_status_t anshin_terminal_delete(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                    anshin_terminal_result_t *result)
{
    const anshin_terminal_typed_t typed = {.number = number};
    wish_t wish = {member, &typed, result};

    return anshin_op_write_rehearsed(op, ANSHIN_DURABLE, delete_in, &wish);
}

static apr_status_t lost_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const wish_t *wish = baton;
    anshin_account_t account;
    anshin_terminal_t terminal;
    apr_status_t status = find_member(op, txn, wish, ANSHIN_FUNCTION_LOST_DEVICE, &account);

    if (status != APR_SUCCESS ||
        (status = anshin_terminal_get(op, txn, account.user, wish->typed->number, &terminal)) != APR_SUCCESS) {
        return status;
    }
    status = anshin_lost_device_end_in(op, txn, &account, &terminal);
    if (status == ANSHIN_ECONFLICT) {
        wish->result->error = "errors.terminal_nothing";
        return APR_SUCCESS;
    }
    return status == APR_SUCCESS ? anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, account.user, wish->typed->number)
                                 : status;
}

apr_status_t anshin_terminal_lost(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                  anshin_terminal_result_t *result)
{
    const anshin_terminal_typed_t typed = {.number = number};
    wish_t wish = {member, &typed, result};

    return anshin_op_write_rehearsed(op, ANSHIN_DURABLE, lost_in, &wish);
}

static apr_status_t view_one(anshin_op_t *op, anshin_txn_t *txn, anshin_terminal_view_t *view)
{
    anshin_terminal_parts_t parts;
    const anshin_download_t *download = &parts.download;
    anshin_bytes_t password;
    apr_status_t status = anshin_terminal_parts(op, txn, &view->terminal, &parts);

    if (status != APR_SUCCESS) {
        return status;
    }
    view->expires_at = parts.has_certificate ? parts.certificate.not_after : 0;
    view->name = parts.has_certificate ? parts.certificate.name : NULL;
    view->days_left = parts.has_certificate ? anshin_certificate_days_left(op, &parts.certificate) : -1;
    view->renewable = anshin_certificate_renewable(op, &parts);
    view->renewing = view->terminal.renewing != NULL || (parts.has_download && download->renewal);
    if (parts.has_download && (!download->serial || download->expires_at > op->now)) {
        status = anshin_secret_blob_get(op, txn, &password, "download-password", download->password_blob);
        view->download_password = status == APR_SUCCESS ? (const char *)password.data : NULL;
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

static apr_status_t view_course(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                anshin_terminal_view_t *view)
{
    apr_status_t status = anshin_course_get(op, txn, account, &view->terminal, &view->course);

    view->has_course = status == APR_SUCCESS;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

typedef struct viewing_t {
    const anshin_member_t *member;
    apr_array_header_t **views;
} viewing_t;

static apr_status_t view_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const viewing_t *viewing = baton;
    apr_array_header_t *terminals;
    anshin_account_t account;
    apr_status_t status = anshin_member_account(op, txn, viewing->member, &account);

    *viewing->views = apr_array_make(op->pool, 4, sizeof(anshin_terminal_view_t));
    if (status == APR_SUCCESS) {
        status = anshin_account_terminals(op, txn, &account, &terminals);
    }
    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        anshin_terminal_view_t *view = apr_array_push(*viewing->views);

        *view = (anshin_terminal_view_t){.terminal = APR_ARRAY_IDX(terminals, i, anshin_terminal_t), .days_left = -1};
        status = view_one(op, txn, view);
        status = status == APR_SUCCESS ? view_course(op, txn, &account, view) : status;
    }
    return status;
}

apr_status_t anshin_terminals_view(anshin_op_t *op, const anshin_member_t *member, apr_array_header_t **views)
{
    return anshin_op_read(op, view_in, &(viewing_t){member, views});
}
