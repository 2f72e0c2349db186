/*
 * Users and their terminals: names, keys, records.
 */
#include "core/account/account.h"

#include <apr_strings.h>
#include <string.h>

#include "core/account/address_index.h"
#include "core/base/address.h"
#include "core/context/secret.h"

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
    apr_status_t status = anshin_secret_name(op, &account->number);

    account->unnumbered = 1;
    return status == APR_SUCCESS ? anshin_account_put(op, txn, account) : status;
}

apr_status_t anshin_account_get(anshin_op_t *op, anshin_txn_t *txn, const char *user, anshin_account_t *account)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_account, anshin_account_key(op, user), account);

    return status == APR_SUCCESS && !account->number && anshin_txn_writes(txn) ? give_number(op, txn, account) : status;
}

apr_status_t anshin_account_get_typed(anshin_op_t *op, anshin_txn_t *txn, const char *typed, anshin_account_t *account)
{
    const char *user = anshin_user_canonical(typed, op->pool);

    return user ? anshin_account_get(op, txn, user, account) : ANSHIN_ENOTFOUND;
}

apr_status_t anshin_account_get_owner(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *number,
                                      apr_time_t made_at, anshin_account_t *account)
{
    apr_status_t status = user ? anshin_account_get(op, txn, user, account) : ANSHIN_ENOTFOUND;

    return status == APR_SUCCESS && !anshin_account_owns(account, number, made_at) ? ANSHIN_ENOTFOUND : status;
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
    anshin_terminal_t former;
    const char *address = NULL;
    apr_status_t status = anshin_terminal_get(op, txn, terminal->user, terminal->number, &former);

    if (status == APR_SUCCESS) {
        address = former.address;
    }
    if ((status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) ||
        (status = anshin_txn_put(txn, &anshin_record_terminal,
                                 anshin_terminal_key(op, terminal->user, terminal->number), terminal)) != APR_SUCCESS ||
        (address != NULL && terminal->address != NULL && anshin_address_same(address, terminal->address))) {
        return status;
    }
    status = anshin_address_index_remove(op, txn, address, terminal->user, terminal->number);
    return status == APR_SUCCESS
               ? anshin_address_index_add(op, txn, terminal->address, terminal->user, terminal->number)
               : status;
}

apr_status_t anshin_terminal_remove(anshin_op_t *op, anshin_txn_t *txn, const anshin_terminal_t *terminal)
{
    apr_status_t status =
        anshin_txn_delete(txn, &anshin_record_terminal, anshin_terminal_key(op, terminal->user, terminal->number));

    return status == APR_SUCCESS
               ? anshin_address_index_remove(op, txn, terminal->address, terminal->user, terminal->number)
               : status;
}

static apr_status_t take_terminal(void *baton, const char *key, const void *record)
{
    (void)key;
    *(anshin_terminal_t *)apr_array_push(baton) = *(const anshin_terminal_t *)record;
    return APR_SUCCESS;
}

apr_status_t anshin_account_terminals(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                      apr_array_header_t **terminals)
{
    const apr_array_header_t *numbers = account->terminals;
    apr_array_header_t *keys = apr_array_make(op->pool, 4, sizeof(const char *));

    *terminals = apr_array_make(op->pool, 4, sizeof(anshin_terminal_t));
    for (int i = 0; numbers && i < numbers->nelts; i++) {
        APR_ARRAY_PUSH(keys, const char *) =
            anshin_terminal_key(op, account->user, APR_ARRAY_IDX(numbers, i, apr_int64_t));
    }
    return anshin_txn_get_many(txn, &anshin_record_terminal, keys, take_terminal, *terminals);
}

typedef struct reading_t {
    const char *user;
    anshin_account_t *account;
    apr_array_header_t **terminals;
} reading_t;

static apr_status_t read_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const reading_t *reading = baton;
    apr_status_t status = anshin_account_get(op, txn, reading->user, reading->account);

    return status == APR_SUCCESS ? anshin_account_terminals(op, txn, reading->account, reading->terminals) : status;
}

apr_status_t anshin_account_read(anshin_op_t *op, const char *user, anshin_account_t *account,
                                 apr_array_header_t **terminals)
{
    reading_t reading = {user, account, terminals};

    return anshin_op_read(op, read_in, &reading);
}

const char *anshin_terminal_label(const apr_array_header_t *terminals, apr_int64_t number)
{
    for (int i = 0; i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);

        if (terminal->number == number) {
            return terminal->label;
        }
    }
    return NULL;
}

apr_status_t anshin_account_addresses(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                      const char *const **addresses)
{
    apr_array_header_t *terminals;
    const char **list;
    int used = 0;
    apr_status_t status = anshin_account_terminals(op, txn, account, &terminals);

    if (status != APR_SUCCESS) {
        return status;
    }
    list = apr_pcalloc(op->pool, sizeof(*list) * ((apr_size_t)terminals->nelts + 1));
    for (int i = 0; i < terminals->nelts; i++) {
        const char *address = APR_ARRAY_IDX(terminals, i, anshin_terminal_t).address;
        if (address) {
            list[used++] = address;
        }
    }
    *addresses = list;
    return APR_SUCCESS;
}

apr_status_t anshin_terminal_confirmed(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t number,
                                       apr_time_t mailed_at)
{
    anshin_terminal_t terminal;
    apr_status_t status = anshin_terminal_get(op, txn, user, number, &terminal);

    if (status != APR_SUCCESS || terminal.unconfirmed_at == 0 || mailed_at < terminal.unconfirmed_at) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    terminal.unconfirmed_at = 0;
    return anshin_terminal_put(op, txn, &terminal);
}

int anshin_account_valid(const anshin_account_t *account, apr_time_t now)
{
    return account->valid_from <= now && (account->valid_until == 0 || account->valid_until >= now);
}

apr_int64_t anshin_account_standing(const anshin_account_t *account, apr_time_t now)
{
    return anshin_account_valid(account, now) ? account->state : ANSHIN_ACCOUNT_DISABLED;
}

const anshin_word_t anshin_account_state_words[] = {
#define WORD(member, value, name) {name, ANSHIN_ACCOUNT_##member},
#include "core/account/account_state.def"
#undef WORD
    {NULL, 0}};

const anshin_word_t anshin_locked_by_words[] = {
#define WORD(member, value, name) {name, ANSHIN_LOCKED_BY_##member},
#include "core/account/locked_by.def"
#undef WORD
    {NULL, 0}};

const anshin_word_t anshin_role_words[] = {
#define WORD(member, value, name) {name, ANSHIN_ROLE_##member},
#include "core/account/role.def"
#undef WORD
    {NULL, 0}};

const char *anshin_role_name(apr_int64_t role)
{
    return anshin_word_name(anshin_role_words, role, "unknown");
}

const char *anshin_account_state_name(apr_int64_t state)
{
    return anshin_word_name(anshin_account_state_words, state, "unknown");
}
