/*
 * htanshin user show: one user, read in one transaction, so that the parts belong together.
 */
#include "htanshin/user_show.h"

#include "core/account.h"
#include "core/certificate.h"
#include "core/lockout.h"
#include "htanshin/print.h"

/* What is looked at: the call, and the transaction it reads in. */
typedef struct look_t {
    anshin_call_t *call;
    anshin_txn_t *txn;
    const anshin_account_t *account;
    json_t *result;
} look_t;

/* Read a record that may be missing: *there says whether it is. */
static apr_status_t read_optional(const look_t *look, const anshin_record_type_t *type, const char *key, void *record,
                                  int *there)
{
    apr_status_t status = key != NULL ? anshin_txn_get(look->txn, type, key, record) : ANSHIN_ENOTFOUND;

    *there = status == APR_SUCCESS;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

static void show_account(const look_t *look)
{
    const anshin_account_t *account = look->account;
    apr_pool_t *pool = look->call->pool;
    json_t *result = look->result;

    anshin_result_text(result, "user", account->user, pool);
    anshin_result_text(result, "contract", account->contract, pool);
    anshin_result_text(result, "number", account->number, pool);
    anshin_result_text(result, "state", anshin_account_state_name(account->state), pool);
    anshin_result_text(result, "method", anshin_method_name(account->method), pool);
    anshin_result_text(result, "language", account->language, pool);
    anshin_result_time(result, "created_at", account->created_at, pool);
    anshin_result_time(result, "registered_at", account->registered_at, pool);
    anshin_result_time(result, "password_set_at", account->password_set_at, pool);
    anshin_result_time(result, "last_login_at", account->last_login_at, pool);
    if (account->disabled_at != 0) {
        anshin_result_time(result, "disabled_at", account->disabled_at, pool);
    }
    anshin_result_flag(result, "password_must_change", account->password_must_change != 0);
    anshin_result_flag(result, "authenticator", account->totp_blob != NULL);
}

/* Until when the user can still register. */
static apr_status_t show_invitation(const look_t *look)
{
    anshin_token_t token;
    int there;
    apr_status_t status = read_optional(look, &anshin_record_token, look->account->registration, &token, &there);

    if (status == APR_SUCCESS && there && look->account->state == ANSHIN_ACCOUNT_PENDING) {
        anshin_result_time(look->result, "registration_until", token.expires_at, look->call->pool);
        anshin_result_flag(look->result, "registration_expired", token.expires_at <= look->call->op.now);
    }
    return status;
}

/* The lock of the account (LCK-2), by which attempts, since and until when; and that of the invitation. */
static apr_status_t show_locks(const look_t *look)
{
    static const struct {
        anshin_counter_kind_t kind;
        const char *name;
    } kinds[] = {
        {ANSHIN_COUNTER_PASSWORD, "password"},
        {ANSHIN_COUNTER_CODE, "code"},
        {ANSHIN_COUNTER_ANSWER, "answer"},
    };
    const char *user = look->account->user;
    json_t *locks = json_array();
    anshin_lock_t lock = {0}, invitation = {0};
    apr_status_t status = anshin_lock_get(&look->call->op, look->txn, ANSHIN_COUNTER_PASSWORD, user, &lock);

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if ((lock.kinds & (1u << kinds[i].kind)) != 0) {
            json_array_append_new(locks, json_string(kinds[i].name));
        }
    }
    json_object_set_new(look->result, "locked_by_attempts", locks);
    if (lock.kinds != 0) {
        anshin_result_time(look->result, "locked_since", lock.since, look->call->pool);
    }
    if (lock.unlock_at != 0) {
        anshin_result_time(look->result, "locked_until", lock.unlock_at, look->call->pool);
    }
    if (status == APR_SUCCESS && look->account->state == ANSHIN_ACCOUNT_PENDING) {
        status = anshin_lock_get(&look->call->op, look->txn, ANSHIN_COUNTER_REGISTRATION, user, &invitation);
        anshin_result_flag(look->result, "registration_locked", invitation.kinds != 0);
    }
    return status;
}

static apr_status_t show_sessions(const look_t *look)
{
    anshin_session_list_t list;
    int there;
    apr_status_t status = read_optional(look, &anshin_record_session_list,
                                        anshin_account_key(&look->call->op, look->account->user), &list, &there);

    if (status == APR_SUCCESS) {
        anshin_result_number(look->result, "sessions", there && list.keys != NULL ? list.keys->nelts : 0);
    }
    return status;
}

static apr_status_t show_certificate(const look_t *look, const anshin_terminal_t *terminal, json_t *row)
{
    anshin_certificate_t certificate;
    int there;
    apr_status_t status = read_optional(look, &anshin_record_certificate, terminal->certificate, &certificate, &there);

    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_result_text(row, "certificate", terminal->certificate, look->call->pool);
    anshin_result_text(row, "certificate_state",
                       !there                                            ? NULL
                       : certificate.state == ANSHIN_CERTIFICATE_REVOKED ? "revoked"
                       : certificate.not_after < look->call->op.now      ? "expired"
                                                                         : "active",
                       look->call->pool);
    anshin_result_time(row, "certificate_until", there ? certificate.not_after : 0, look->call->pool);
    return APR_SUCCESS;
}

static apr_status_t show_terminal(const look_t *look, apr_int64_t number, json_t *row)
{
    anshin_op_t *op = &look->call->op;
    anshin_terminal_t terminal;
    anshin_download_t download = {0};
    anshin_lock_t lock = {0};
    int waiting = 0;
    apr_status_t status = anshin_terminal_get(op, look->txn, look->account->user, number, &terminal);

    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0842",
                           "user %s: terminal %" APR_INT64_T_FMT " cannot be read (%s)", look->account->user, number,
                           anshin_status_name(status));
    }
    anshin_result_number(row, "number", number);
    anshin_result_text(row, "kind", anshin_terminal_kind_name(terminal.kind), op->pool);
    anshin_result_text(row, "address", terminal.address, op->pool);
    status = show_certificate(look, &terminal, row);
    if (status == APR_SUCCESS) {
        status = read_optional(look, &anshin_record_download, anshin_terminal_key(op, look->account->user, number),
                               &download, &waiting);
    }
    anshin_result_flag(row, "download_waits", waiting && download.expires_at > op->now);
    if (status == APR_SUCCESS && waiting) {
        status = anshin_lock_get(op, look->txn, ANSHIN_COUNTER_DOWNLOAD,
                                 anshin_download_subject(op, look->account->user, number), &lock);
        anshin_result_flag(row, "download_locked", lock.kinds != 0);
    }
    return status;
}

static apr_status_t show_terminals(const look_t *look)
{
    const apr_array_header_t *numbers = look->account->terminals;
    json_t *rows = json_array();
    apr_status_t status = APR_SUCCESS;

    json_object_set_new(look->result, "terminals", rows);
    for (int i = 0; numbers != NULL && i < numbers->nelts && status == APR_SUCCESS; i++) {
        json_t *row = json_object();
        json_array_append_new(rows, row);
        status = show_terminal(look, APR_ARRAY_IDX(numbers, i, apr_int64_t), row);
    }
    return status;
}

apr_status_t anshin_user_show(anshin_call_t *call, const char *user, json_t **result)
{
    anshin_account_t account;
    look_t look = {.call = call, .account = &account};
    apr_status_t status = anshin_op_begin(&call->op, ANSHIN_TXN_READ, &look.txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_account_get(&call->op, look.txn, user, &account);
    if (status == APR_SUCCESS) {
        *result = look.result = json_object();
        show_account(&look);
        status = show_invitation(&look);
    }
    if (status == APR_SUCCESS && (status = show_locks(&look)) == APR_SUCCESS &&
        (status = show_sessions(&look)) == APR_SUCCESS) {
        status = show_terminals(&look);
    }
    anshin_txn_abort(look.txn);
    return status;
}
