/*
 * Notices to users.
 */
#include "core/mail/notice.h"

#include <string.h>

#include "core/mail/mail.h"

/* To one address; what the bound of an unconfirmed one keeps back was told to it before (S40). */
static apr_status_t tell(anshin_op_t *op, anshin_txn_t *txn, const anshin_notice_facts_t *facts,
                         const anshin_terminal_t *terminal, json_t *data)
{
    const anshin_mail_new_t mail = {
        facts->template, facts->account, terminal->address, anshin_mail_bound_of(terminal), data, 0, NULL};
    apr_status_t status = anshin_mail_add(op, txn, &mail);

    return status == ANSHIN_EDENIED ? APR_SUCCESS : status;
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

/* What every notice tells, and data. NULL: out of memory. */
static json_t *complete(const anshin_op_t *op, json_t *data)
{
    const char *where = op->actor.kind != ANSHIN_ACTOR_STAFF ? op->actor.address : NULL;
    json_t *full = json_pack("{s:I, s:s*}", "when", anshin_mail_moment(op->now), "where", where);

    if (!full || (data && json_object_update(full, data) != 0)) {
        json_decref(full);
        return NULL;
    }
    return full;
}

apr_status_t anshin_notice_add(anshin_op_t *op, anshin_txn_t *txn, const anshin_notice_facts_t *facts)
{
    const anshin_terminal_t *former = facts->former;
    apr_array_header_t *terminals;
    json_t *full;
    apr_status_t status;

    if (!ANSHIN_HAS(op->contract->policy.notices, facts->notice)) {
        return APR_SUCCESS;
    }
    if ((status = anshin_account_terminals(op, txn, facts->account, &terminals)) != APR_SUCCESS) {
        return status;
    }
    if (!(full = complete(op, facts->data))) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0180", "notice: out of memory");
    }
    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);
        if (terminal->address && !listed(terminals, i, terminal)) {
            status = tell(op, txn, facts, terminal, full);
        }
    }
    if (status == APR_SUCCESS && former && former->address && !listed(terminals, terminals->nelts, former)) {
        status = tell(op, txn, facts, former, full);
    }
    json_decref(full);
    return status;
}
