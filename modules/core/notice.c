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

static int listed(const char *const *addresses, int count, const char *address)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(addresses[i], address) == 0) {
            return 1;
        }
    }
    return 0;
}

apr_status_t anshin_notice_add(anshin_op_t *op, anshin_txn_t *txn, anshin_notice_t notice, const char *template,
                               const anshin_account_t *account, const char *also, json_t *data)
{
    const char *const *addresses;
    json_t *full;
    apr_status_t rv;

    if (!ANSHIN_HAS(op->contract->policy.notices, notice)) {
        return APR_SUCCESS;
    }
    if ((rv = anshin_account_addresses(op, txn, account, &addresses)) != APR_SUCCESS) {
        return rv;
    }
    full = data ? json_copy(data) : json_object();
    if (!full || json_object_size(full) != json_object_size(data) || /* it may copy a part only */
        json_object_set_new(full, "when", json_string(anshin_mail_time(op->now, op->pool))) != 0 ||
        (op->address && json_object_set_new(full, "where", json_string(op->address)) != 0)) {
        json_decref(full);
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0180", "notice: out of memory");
    }
    int count = 0;
    for (; rv == APR_SUCCESS && addresses[count]; count++) {
        if (!listed(addresses, count, addresses[count])) {
            rv = anshin_mail_add(op, txn, template, account, addresses[count], full);
        }
    }
    if (rv == APR_SUCCESS && also && !listed(addresses, count, also)) {
        rv = anshin_mail_add(op, txn, template, account, also, full);
    }
    json_decref(full);
    return rv;
}
