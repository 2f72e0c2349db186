/*
 * Ends of sessions that somebody wants: see logout.h.
 */
#include "core/login/logout.h"

#include <string.h>

#include "core/mail/event.h"

static apr_status_t logout(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_member_t *member = baton;
    anshin_account_t account;
    anshin_session_t session;
    anshin_event_t event = {.act = ANSHIN_ACT_LOGOUT, .account = &account};
    apr_status_t status = anshin_session_get(op, txn, member->key, &session, &account);

    if (status != APR_SUCCESS || (status = anshin_session_end_in(op, txn, member->key)) != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
    }
    event.terminal = session.terminal;
    event.serial = session.serial;
    return anshin_event(op, txn, &event);
}

apr_status_t anshin_logout(anshin_op_t *op, const anshin_member_t *member)
{
    anshin_member_t copy = *member;

    return anshin_op_write(op, ANSHIN_DURABLE, logout, &copy);
}

typedef struct end_t {
    const char *user;
    const anshin_session_match_t *match;
    const char *asks;
    int count;
} end_t;

/* May whoever asks end sessions of this user? */
static apr_status_t may_end(anshin_op_t *op, anshin_txn_t *txn, const end_t *end, anshin_account_t *account)
{
    anshin_session_t session;
    apr_status_t status;

    if (!end->asks) {
        return anshin_account_get(op, txn, end->user, account);
    }
    status = anshin_session_get(op, txn, end->asks, &session, account);
    return status == ANSHIN_ENOTFOUND || (status == APR_SUCCESS && strcmp(account->user, end->user) != 0)
               ? ANSHIN_EDENIED
               : status;
}

static apr_status_t end_sessions(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    end_t *end = baton;
    anshin_account_t account;
    const anshin_event_t event = {.act = ANSHIN_ACT_SESSIONS_ENDED, .account = &account};
    apr_status_t status = may_end(op, txn, end, &account);

    if (status == APR_SUCCESS) {
        status = anshin_sessions_end_in(op, txn, end->user, end->match, &end->count);
    }
    return status == APR_SUCCESS && end->count > 0 ? anshin_event(op, txn, &event) : status;
}

apr_status_t anshin_sessions_end(anshin_op_t *op, const char *user, const anshin_session_match_t *match,
                                 const char *asks, int *count)
{
    end_t end = {user, match, asks, 0};
    apr_status_t status = anshin_op_write(op, ANSHIN_DURABLE, end_sessions, &end);

    if (count) {
        *count = end.count;
    }
    return status;
}
