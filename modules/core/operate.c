/*
 * What the operator does with an account: create, invite, lock, unlock, delete (declared in account.h).
 */
#include <apr_strings.h>
#include <string.h>

#include "core/account.h"
#include "core/certificate.h"
#include "core/download.h"
#include "core/lockout.h"
#include "core/login.h"
#include "core/secret.h"
#include "core/session.h"
#include "core/token.h"

/* A fresh link and code for a pending account; an earlier link ends. */
static apr_status_t invite(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account,
                           anshin_invitation_t *invitation)
{
    anshin_token_t record = {.kind = ANSHIN_TOKEN_REGISTER};
    const char *token, *key;
    apr_status_t rv;

    record.expires_at = op->now + op->contract->policy.registration_lifetime;
    if (account->registration &&
        (rv = anshin_txn_delete(txn, &anshin_record_token, account->registration)) != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_secret_text(op, &invitation->code, ANSHIN_ALPHABET_READABLE, ANSHIN_REGISTRATION_CODE_SIGNS);
    if (rv != APR_SUCCESS || (rv = anshin_secret_mac(op, &record.code_mac, "code", invitation->code)) != APR_SUCCESS ||
        (rv = anshin_token_create(op, txn, account, &record, &token, &key)) != APR_SUCCESS) {
        return rv;
    }
    account->registration = key;
    invitation->url =
        apr_pstrcat(op->pool, op->contract->portal_origin, op->contract->portal_base, "/register?t=", token, NULL);
    invitation->expires_at = record.expires_at;
    return anshin_account_put(op, txn, account);
}

static apr_status_t check_new(anshin_op_t *op, const anshin_account_new_t *spec, anshin_account_t *account,
                              anshin_terminal_t *terminal)
{
    const anshin_policy_t *policy = &op->contract->policy;
    anshin_address_rule_t rule;

    account->user = terminal->user = anshin_user_canonical(spec->user, op->pool);
    account->method = spec->method < 0 ? policy->default_method : spec->method;
    account->language = spec->language ? spec->language : policy->language;
    account->language_given = spec->language != NULL;
    terminal->kind = spec->terminal_kind;
    terminal->address = spec->address ? anshin_address_typed(spec->address, op->pool) : "";
    rule = anshin_address_rule(terminal->address);
    if (!account->user) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0140",
                           "user ID: 1 to %d of a-z 0-9 . _ - + @, starting with a letter or digit", ANSHIN_USER_MAX);
    }
    if (rule != ANSHIN_ADDRESS_GOOD) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0141", "mail address \"%s\": %s", terminal->address,
                           anshin_address_advice(rule));
    }
    if (!ANSHIN_HAS(policy->methods, account->method)) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0142", "method: contract %s does not admit %s",
                           op->contract->name, anshin_method_name(account->method));
    }
    if (!ANSHIN_HAS(policy->terminal_kinds, terminal->kind)) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0143", "terminal: contract %s does not admit kind %s",
                           op->contract->name, anshin_terminal_kind_name(terminal->kind));
    }
    if (strcmp(account->language, "ja") != 0 && strcmp(account->language, "en") != 0) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0144", "language: ja or en");
    }
    return APR_SUCCESS;
}

apr_status_t anshin_account_create(anshin_op_t *op, const anshin_account_new_t *spec, anshin_invitation_t *invitation)
{
    anshin_account_t account = {.state = ANSHIN_ACCOUNT_PENDING, .next_terminal = 2};
    anshin_terminal_t terminal = {.number = 1};
    anshin_account_t taken;
    anshin_txn_t *txn;
    apr_status_t rv = check_new(op, spec, &account, &terminal);

    if (rv != APR_SUCCESS || (rv = anshin_secret_name(op, &account.number)) != APR_SUCCESS ||
        (rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) != APR_SUCCESS) {
        return rv;
    }
    account.contract = terminal.contract = op->contract->name;
    account.created_at = terminal.created_at = op->now;
    account.terminals = apr_array_make(op->pool, 1, sizeof(apr_int64_t));
    APR_ARRAY_PUSH(account.terminals, apr_int64_t) = 1;
    rv = anshin_account_get(op, txn, account.user, &taken);
    if (rv == APR_SUCCESS) {
        rv = anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN0145", "user ID %s is taken in contract %s", account.user,
                         op->contract->name);
    } else if (rv == ANSHIN_ENOTFOUND) {
        /* counters that strangers left on this ID are not the new user's */
        rv = anshin_counters_reset(op, txn, account.user);
    }
    if (rv == APR_SUCCESS && (rv = anshin_terminal_put(op, txn, &terminal)) == APR_SUCCESS) {
        rv = invite(op, txn, &account, invitation);
    }
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}

/* Begin to work on an account; a typed ID that none can have is not found. After a failure no transaction is open. */
static apr_status_t begin_with(anshin_op_t *op, const char *typed, anshin_txn_t **txn, anshin_account_t *account)
{
    const char *user = anshin_user_canonical(typed, op->pool);
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = user ? anshin_account_get(op, *txn, user, account) : ANSHIN_ENOTFOUND;
    if (rv != APR_SUCCESS) {
        anshin_txn_abort(*txn);
    }
    if (rv == ANSHIN_ENOTFOUND) {
        return anshin_fail(&op->error, rv, "AN0146", "no such user in contract %s", op->contract->name);
    }
    return rv;
}

apr_status_t anshin_account_invite(anshin_op_t *op, const char *user, anshin_invitation_t *invitation)
{
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t rv = begin_with(op, user, &txn, &account);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (account.state != ANSHIN_ACCOUNT_PENDING) {
        rv = anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN0147", "user %s is %s, not pending", account.user,
                         anshin_account_state_name(account.state));
    }
    if (rv == APR_SUCCESS && (rv = anshin_counters_reset(op, txn, account.user)) == APR_SUCCESS) {
        rv = invite(op, txn, &account, invitation);
    }
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}

apr_status_t anshin_account_lock(anshin_op_t *op, const char *user, anshin_account_state_t state)
{
    static const anshin_session_match_t every = {0};
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t rv = begin_with(op, user, &txn, &account);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    account.state = state;
    account.disabled_at = account.locked_at = op->now;
    if ((rv = anshin_account_put(op, txn, &account)) == APR_SUCCESS) {
        rv = anshin_sessions_end(op, txn, account.user, &every, NULL);
    }
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}

apr_status_t anshin_account_unlock(anshin_op_t *op, const char *user)
{
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t rv = begin_with(op, user, &txn, &account);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    account.state = account.registered_at ? ANSHIN_ACCOUNT_ACTIVE : ANSHIN_ACCOUNT_PENDING;
    account.disabled_at = 0;
    if ((rv = anshin_account_put(op, txn, &account)) == APR_SUCCESS) {
        rv = anshin_counters_reset(op, txn, account.user);
    }
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}

/* Terminals with their certificates and waiting downloads. */
static apr_status_t delete_terminals(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account)
{
    apr_array_header_t *terminals;
    apr_status_t rv = anshin_account_terminals(op, txn, account, &terminals);

    for (int i = 0; rv == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);
        if ((rv = anshin_certificate_end_in(op, txn, terminal, ANSHIN_REASON_CESSATION)) == APR_SUCCESS &&
            (rv = anshin_download_finish_in(op, txn, account->user, terminal->number)) == APR_SUCCESS) {
            rv = anshin_txn_delete(txn, &anshin_record_terminal,
                                   anshin_terminal_key(op, account->user, terminal->number));
        }
    }
    return rv;
}

apr_status_t anshin_account_delete(anshin_op_t *op, const char *user)
{
    static const anshin_session_match_t every = {0};
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t rv = begin_with(op, user, &txn, &account);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if ((rv = delete_terminals(op, txn, &account)) == APR_SUCCESS &&
        (rv = anshin_sessions_end(op, txn, account.user, &every, NULL)) == APR_SUCCESS &&
        (rv = anshin_login_code_forget(op, txn, account.user)) == APR_SUCCESS &&
        (rv = anshin_txn_delete(txn, &anshin_record_places, anshin_account_key(op, account.user))) == APR_SUCCESS &&
        (rv = anshin_counters_reset(op, txn, account.user)) == APR_SUCCESS && account.registration) {
        rv = anshin_txn_delete(txn, &anshin_record_token, account.registration);
    }
    if (rv == APR_SUCCESS) {
        anshin_txn_wipe(txn, account.totp_blob);
        rv = anshin_txn_delete(txn, &anshin_record_account, anshin_account_key(op, account.user));
    }
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}
