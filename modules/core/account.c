/*
 * Users and their terminals: names, keys, records.
 */
#include "core/account.h"

#include <apr_strings.h>
#include <ctype.h>
#include <string.h>

#include "core/secret.h"
#include "core/unicode.h"

const char *anshin_user_canonical(const char *typed, apr_pool_t *pool)
{
    char *text = anshin_unicode_typed(typed, 0, pool);
    size_t length;

    if (!text) {
        return NULL;
    }
    text += strspn(text, " ");
    for (length = strlen(text); length > 0 && text[length - 1] == ' '; length--) {
        text[length - 1] = '\0';
    }
    if (length == 0 || length > ANSHIN_USER_MAX) {
        return NULL;
    }
    for (char *at = text; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c >= 0x80 || !(isalnum(c) || (at != text && strchr("._-+@", c)))) {
            return NULL;
        }
        *at = (char)tolower(c);
    }
    return text;
}

const char *anshin_account_key(anshin_op_t *op, const char *user)
{
    return apr_pstrcat(op->pool, op->contract->name, "/", user, NULL);
}

const char *anshin_terminal_key(anshin_op_t *op, const char *user, apr_int64_t number)
{
    return apr_psprintf(op->pool, "%s/%s/%" APR_INT64_T_FMT, op->contract->name, user, number);
}

int anshin_account_owns(const anshin_account_t *account, const char *number, apr_time_t made_at)
{
    if (number) {
        return account->number && strcmp(account->number, number) == 0;
    }
    return (!account->number || account->unnumbered) && made_at >= account->created_at;
}

/* Converted where it is written to anyway: nothing has to wait for a walk over the store at a start, and one that is
 * killed leaves the account as it was or whole. */
static apr_status_t give_number(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account)
{
    apr_status_t rv = anshin_secret_name(op, &account->number);

    account->unnumbered = 1;
    return rv == APR_SUCCESS ? anshin_account_put(op, txn, account) : rv;
}

apr_status_t anshin_account_get(anshin_op_t *op, anshin_txn_t *txn, const char *user, anshin_account_t *account)
{
    apr_status_t rv = anshin_txn_get(txn, &anshin_record_account, anshin_account_key(op, user), account);

    return rv == APR_SUCCESS && !account->number && anshin_txn_mode(txn) == ANSHIN_TXN_WRITE
               ? give_number(op, txn, account)
               : rv;
}

apr_status_t anshin_account_get_owner(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *number,
                                      apr_time_t made_at, anshin_account_t *account)
{
    apr_status_t rv = user ? anshin_account_get(op, txn, user, account) : ANSHIN_ENOTFOUND;

    return rv == APR_SUCCESS && !anshin_account_owns(account, number, made_at) ? ANSHIN_ENOTFOUND : rv;
}

apr_status_t anshin_account_put(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account)
{
    return anshin_txn_put(txn, &anshin_record_account, anshin_account_key(op, account->user), account);
}

apr_status_t anshin_terminal_get(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t number,
                                 anshin_terminal_t *terminal)
{
    return anshin_txn_get(txn, &anshin_record_terminal, anshin_terminal_key(op, user, number), terminal);
}

apr_status_t anshin_terminal_put(anshin_op_t *op, anshin_txn_t *txn, const anshin_terminal_t *terminal)
{
    return anshin_txn_put(txn, &anshin_record_terminal, anshin_terminal_key(op, terminal->user, terminal->number),
                          terminal);
}

apr_status_t anshin_account_terminals(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                      apr_array_header_t **terminals)
{
    const apr_array_header_t *numbers = account->terminals;

    *terminals = apr_array_make(op->pool, 4, sizeof(anshin_terminal_t));
    for (int i = 0; numbers && i < numbers->nelts; i++) {
        anshin_terminal_t terminal;
        apr_status_t rv =
            anshin_terminal_get(op, txn, account->user, APR_ARRAY_IDX(numbers, i, apr_int64_t), &terminal);
        if (rv == APR_SUCCESS) {
            APR_ARRAY_PUSH(*terminals, anshin_terminal_t) = terminal;
        } else if (rv != ANSHIN_ENOTFOUND) {
            return rv;
        }
    }
    return APR_SUCCESS;
}

apr_status_t anshin_terminal_confirmed(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t number,
                                       apr_time_t mailed_at)
{
    anshin_terminal_t terminal;
    apr_status_t rv = anshin_terminal_get(op, txn, user, number, &terminal);

    if (rv != APR_SUCCESS || terminal.unconfirmed_at == 0 || mailed_at < terminal.unconfirmed_at) {
        return rv == ANSHIN_ENOTFOUND ? APR_SUCCESS : rv;
    }
    terminal.unconfirmed_at = 0;
    return anshin_terminal_put(op, txn, &terminal);
}

static const char *name_of(const char *const *names, size_t count, apr_int64_t value)
{
    return value >= 0 && value < (apr_int64_t)count ? names[value] : "unknown";
}

const char *anshin_account_state_name(apr_int64_t state)
{
    static const char *const names[] = {"pending", "active", "locked", "disabled"};

    return name_of(names, sizeof(names) / sizeof(names[0]), state);
}

const char *anshin_method_name(apr_int64_t method)
{
    static const char *const names[] = {"password", "otp", "certificate"};

    return name_of(names, sizeof(names) / sizeof(names[0]), method);
}

const char *anshin_terminal_kind_name(apr_int64_t kind)
{
    static const char *const names[] = {"pc", "mobile", "smartphone"};

    return name_of(names, sizeof(names) / sizeof(names[0]), kind);
}
