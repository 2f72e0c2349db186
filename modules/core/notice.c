/*
 * Notices to users.
 */
#include "core/notice.h"

#include <string.h>

#include "core/mail.h"

apr_status_t anshin_account_addresses(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                      const char *const **addresses)
{
    apr_array_header_t *terminals;
    const char **list;
    int used = 0;
    apr_status_t rv = anshin_account_terminals(op, txn, account, &terminals);

    if (rv != APR_SUCCESS) {
        return rv;
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

/* To one address; what the bound of an unconfirmed one keeps back was told to it before (S40). */
static apr_status_t tell(anshin_op_t *op, anshin_txn_t *txn, const char *template, const anshin_account_t *account,
                         const anshin_terminal_t *terminal, json_t *data)
{
    apr_status_t rv =
        anshin_mail_add(op, txn, template, account, terminal->address, anshin_mail_bound_of(terminal), data);

    return rv == ANSHIN_EDENIED ? APR_SUCCESS : rv;
}

/* Is the address of a terminal among those of the first so many? */
static int listed(const apr_array_header_t *terminals, int count, const anshin_terminal_t *terminal)
{
    for (int i = 0; i < count; i++) {
        const char *address = APR_ARRAY_IDX(terminals, i, anshin_terminal_t).address;
        if (address && strcmp(address, terminal->address) == 0) {
            return 1;
        }
    }
    return 0;
}

/* What every notice tells, beside data. NULL: out of memory. */
static json_t *complete(const anshin_op_t *op, json_t *data)
{
    json_t *full = data ? json_copy(data) : json_object();

    if (!full || json_object_size(full) != json_object_size(data) || /* it may copy a part only */
        json_object_set_new(full, "when", json_string(anshin_time_text(op->now, op->pool))) != 0 ||
        (op->address && json_object_set_new(full, "where", json_string(op->address)) != 0)) {
        json_decref(full);
        return NULL;
    }
    return full;
}

apr_status_t anshin_notice_add(anshin_op_t *op, anshin_txn_t *txn, anshin_notice_t notice, const char *template,
                               const anshin_account_t *account, const anshin_terminal_t *former, json_t *data)
{
    apr_array_header_t *terminals;
    json_t *full;
    apr_status_t rv;

    if (!ANSHIN_HAS(op->contract->policy.notices, notice)) {
        return APR_SUCCESS;
    }
    if ((rv = anshin_account_terminals(op, txn, account, &terminals)) != APR_SUCCESS) {
        return rv;
    }
    if (!(full = complete(op, data))) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0180", "notice: out of memory");
    }
    for (int i = 0; rv == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);
        if (terminal->address && !listed(terminals, i, terminal)) {
            rv = tell(op, txn, template, account, terminal, full);
        }
    }
    if (rv == APR_SUCCESS && former && former->address && !listed(terminals, terminals->nelts, former)) {
        rv = tell(op, txn, template, account, former, full);
    }
    json_decref(full);
    return rv;
}
