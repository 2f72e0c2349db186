/*
 * Somebody who is logged in: see member.h.
 */
#include "core/account/member.h"

#define FAILED_PART 200 /* entries that are looked through at once */

int anshin_member_fresh(const anshin_op_t *op, const anshin_member_t *member)
{
    return member->session->checked_at + op->contract->policy.reauthenticate > op->now;
}

apr_status_t anshin_member_account(anshin_op_t *op, anshin_txn_t *txn, const anshin_member_t *member,
                                   anshin_account_t *account)
{
    anshin_session_t session;
    apr_status_t status = anshin_session_get(op, txn, member->key, &session, account);

    if (status == ANSHIN_ENOTFOUND ||
        (status == APR_SUCCESS && anshin_account_standing(account, op->now) != ANSHIN_ACCOUNT_ACTIVE)) {
        return ANSHIN_EDENIED;
    }
    return status;
}

/* What a member wants to see. */
typedef struct wish_t {
    const anshin_member_t *member;
    anshin_account_t account;
    apr_int64_t number; /* of a terminal, or of a page */
    anshin_terminal_t *terminal;
    apr_array_header_t **terminals;
    anshin_session_visit_fn *visit;
    void *baton; /* of visit */
    anshin_history_page_t *page;
    apr_array_header_t *entries; /* of the page */
} wish_t;

static apr_status_t read_account(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    wish_t *wish = baton;

    return anshin_member_account(op, txn, wish->member, &wish->account);
}

apr_status_t anshin_member_read(anshin_op_t *op, const anshin_member_t *member, anshin_account_t *account)
{
    wish_t wish = {.member = member};
    apr_status_t status = anshin_op_read(op, read_account, &wish);

    *account = wish.account;
    return status;
}

static apr_status_t read_terminal(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    wish_t *wish = baton;
    apr_status_t status = read_account(wish, op, txn);

    return status == APR_SUCCESS ? anshin_terminal_get(op, txn, wish->account.user, wish->number, wish->terminal)
                                 : status;
}

apr_status_t anshin_member_terminal(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                    anshin_terminal_t *terminal)
{
    return anshin_op_read(op, read_terminal, &(wish_t){.member = member, .number = number, .terminal = terminal});
}

static apr_status_t read_terminals(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    wish_t *wish = baton;
    apr_status_t status = read_account(wish, op, txn);

    return status == APR_SUCCESS ? anshin_account_terminals(op, txn, &wish->account, wish->terminals) : status;
}

apr_status_t anshin_member_terminals(anshin_op_t *op, const anshin_member_t *member, apr_array_header_t **terminals)
{
    return anshin_op_read(op, read_terminals, &(wish_t){.member = member, .terminals = terminals});
}

static apr_status_t read_sessions(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    wish_t *wish = baton;
    apr_status_t status = read_account(wish, op, txn);

    return status == APR_SUCCESS ? anshin_sessions_each(op, txn, &wish->account, wish->visit, wish->baton) : status;
}

apr_status_t anshin_member_sessions(anshin_op_t *op, const anshin_member_t *member, anshin_session_visit_fn *visit,
                                    void *baton)
{
    return anshin_op_read(op, read_sessions, &(wish_t){.member = member, .visit = visit, .baton = baton});
}

static apr_status_t read_numbered(wish_t *wish, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_history_page_t *page = wish->page;
    anshin_history_walk_t walk = {wish->account.user, 0, -1};
    apr_int64_t left;

    page->pages = page->total > 0 ? (page->total + page->entries - 1) / page->entries : 1;
    page->number = wish->number < 1 ? 1 : wish->number > page->pages ? page->pages : wish->number;
    walk.skip = (page->number - 1) * page->entries;
    left = page->total - walk.skip;
    return anshin_history_read(op, txn, &walk, left < page->entries ? left : page->entries, anshin_history_keep,
                               wish->entries);
}

static apr_status_t keep_failed(void *baton, const anshin_history_t *entry)
{
    const wish_t *wish = baton;

    return anshin_history_mark(entry->result) == ANSHIN_MARK_FAILED && wish->entries->nelts < wish->page->entries
               ? anshin_history_keep(wish->entries, entry)
               : APR_SUCCESS;
}

static apr_status_t read_failed(wish_t *wish, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_history_page_t *page = wish->page;
    anshin_history_walk_t walk = {wish->account.user, 0, -1};
    const apr_int64_t last = page->total < ANSHIN_HISTORY_LOOKED ? page->total : ANSHIN_HISTORY_LOOKED;
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS && walk.skip < last && wish->entries->nelts < page->entries) {
        apr_int64_t part = last - walk.skip < FAILED_PART ? last - walk.skip : FAILED_PART;
        status = anshin_history_read(op, txn, &walk, part, keep_failed, wish);
        walk.skip += part;
    }
    page->pages = page->number = 1;
    page->total = wish->entries->nelts;
    return status;
}

static apr_status_t read_history(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    wish_t *wish = baton;
    anshin_history_page_t *page = wish->page;
    apr_status_t status = read_account(wish, op, txn);

    if (status != APR_SUCCESS ||
        (status = anshin_history_count(op, txn, &wish->account, page->since, &page->total)) != APR_SUCCESS) {
        return status;
    }
    wish->entries = apr_array_make(op->pool, page->entries, sizeof(const anshin_history_t *));
    return page->failed ? read_failed(wish, op, txn) : read_numbered(wish, op, txn);
}

apr_status_t anshin_member_history(anshin_op_t *op, const anshin_member_t *member, anshin_history_page_t *page,
                                   anshin_history_visit_fn *visit, void *baton)
{
    wish_t wish = {.member = member, .number = page->number, .page = page};
    apr_status_t status = anshin_op_read(op, read_history, &wish);

    return status == APR_SUCCESS ? anshin_history_hand_out(wish.entries, visit, baton) : status;
}

/* The one that is as old as its time says; younger ones are left out. */
static apr_status_t read_entry(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    wish_t *wish = baton;
    anshin_history_walk_t walk;
    apr_int64_t count = 0;
    apr_status_t status = read_account(wish, op, txn);

    if (status == APR_SUCCESS) {
        status = anshin_history_count(op, txn, &wish->account, wish->page->since, &count);
    }
    wish->entries = apr_array_make(op->pool, 1, sizeof(const anshin_history_t *));
    if (status != APR_SUCCESS || count == 0) {
        return status;
    }
    walk = (anshin_history_walk_t){wish->account.user, count - 1, -1};
    return anshin_history_read(op, txn, &walk, 1, anshin_history_keep, wish->entries);
}

apr_status_t anshin_member_history_entry(anshin_op_t *op, const anshin_member_t *member, apr_time_t at,
                                         const anshin_history_t **entry)
{
    anshin_history_page_t page = {.since = at};
    wish_t wish = {.member = member, .page = &page};
    apr_status_t status = anshin_op_read(op, read_entry, &wish);

    if (status != APR_SUCCESS) {
        return status;
    }
    *entry = wish.entries->nelts > 0 ? APR_ARRAY_IDX(wish.entries, 0, const anshin_history_t *) : NULL;
    return *entry != NULL && (*entry)->at == at ? APR_SUCCESS : ANSHIN_ENOTFOUND;
}
