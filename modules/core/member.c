/*
 * Somebody who is logged in: see member.h.
 */
#include "core/member.h"

int anshin_member_fresh(const anshin_op_t *op, const anshin_member_t *member)
{
    return member->session->checked_at + op->contract->policy.reauthenticate > op->now;
}

apr_status_t anshin_member_account(anshin_op_t *op, anshin_txn_t *txn, const anshin_member_t *member,
                                   anshin_account_t *account)
{
    anshin_session_t session;
    apr_status_t rv = anshin_session_get(op, txn, member->key, &session, account);

    if (rv == ANSHIN_ENOTFOUND || (rv == APR_SUCCESS && account->state != ANSHIN_ACCOUNT_ACTIVE)) {
        return ANSHIN_EDENIED;
    }
    return rv;
}

/* Begin to read, with the member's account. After a failure no transaction is open. */
static apr_status_t begin(anshin_op_t *op, const anshin_member_t *member, anshin_txn_t **txn, anshin_account_t *account)
{
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_READ, txn);

    if (rv == APR_SUCCESS && (rv = anshin_member_account(op, *txn, member, account)) != APR_SUCCESS) {
        anshin_txn_abort(*txn);
    }
    return rv;
}

apr_status_t anshin_member_read(anshin_op_t *op, const anshin_member_t *member, anshin_account_t *account)
{
    anshin_txn_t *txn;
    apr_status_t rv = begin(op, member, &txn, account);

    if (rv == APR_SUCCESS) {
        anshin_txn_abort(txn);
    }
    return rv;
}

apr_status_t anshin_member_terminal(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                    anshin_terminal_t *terminal)
{
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t rv = begin(op, member, &txn, &account);

    if (rv == APR_SUCCESS) {
        rv = anshin_terminal_get(op, txn, account.user, number, terminal);
        anshin_txn_abort(txn);
    }
    return rv;
}

apr_status_t anshin_member_sessions(anshin_op_t *op, const anshin_member_t *member, anshin_session_visit_fn *visit,
                                    void *baton)
{
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t rv = begin(op, member, &txn, &account);

    if (rv == APR_SUCCESS) {
        rv = anshin_sessions_each(op, txn, &account, visit, baton);
        anshin_txn_abort(txn);
    }
    return rv;
}

apr_status_t anshin_member_history(anshin_op_t *op, const anshin_member_t *member, anshin_history_page_t *page,
                                   anshin_history_visit_fn *visit, void *baton)
{
    anshin_account_t account;
    apr_int64_t skip;
    anshin_txn_t *txn;
    apr_status_t rv = begin(op, member, &txn, &account);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_history_count(op, txn, &account, page->since, &page->total);
    page->pages = page->total > 0 ? (page->total + page->entries - 1) / page->entries : 1;
    page->number = page->number < 1 ? 1 : page->number > page->pages ? page->pages : page->number;
    skip = (page->number - 1) * page->entries;
    if (rv == APR_SUCCESS) {
        rv = anshin_history_read(op, txn, account.user, skip,
                                 page->total - skip < page->entries ? page->total - skip : page->entries, visit, baton,
                                 NULL);
    }
    anshin_txn_abort(txn);
    return rv;
}
