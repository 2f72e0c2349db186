/*
 * A user locks the own account: see self_lock.h.
 *
 * SECURITY: locking somebody out is what an attacker may want as well. It takes the password once more, and is never
 * silent: each address of the account is told.
 */
#include "core/selfservice/self_lock.h"

#include "core/context/flow.h"
#include "core/context/rehearsal.h"
#include "core/mail/event.h"

static apr_status_t lock_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    static const anshin_session_match_t every = {0};
    const anshin_member_t *member = baton;
    anshin_account_t account;
    const anshin_event_t event = {
        .act = ANSHIN_ACT_ACCOUNT_SELF_LOCKED, .account = &account, .terminal = member->session->terminal};
    apr_status_t status = anshin_member_account(op, txn, member, &account);

    status = status == APR_SUCCESS ? anshin_flow_waits(op, txn, ANSHIN_STAGE_OPENED) : status;
    if (status != APR_SUCCESS) {
        return status;
    }
    account.state = ANSHIN_ACCOUNT_LOCKED;
    account.locked_by = ANSHIN_LOCKED_BY_USER;
    account.disabled_at = account.locked_at = op->now;
    if ((status = anshin_account_put(op, txn, &account)) != APR_SUCCESS ||
        (status = anshin_event(op, txn, &event)) != APR_SUCCESS ||
        (status = anshin_sessions_end_in(op, txn, account.user, &every, NULL)) != APR_SUCCESS) {
        return status;
    }
    return anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, account.user, 0);
}

apr_status_t anshin_self_lock(anshin_op_t *op, const anshin_member_t *member)
{
    anshin_member_t who = *member;

    return ANSHIN_HAS(op->contract->policy.functions, ANSHIN_FUNCTION_LOCK) && anshin_member_fresh(op, member)
               ? anshin_op_write_rehearsed(op, ANSHIN_DURABLE, lock_in, &who)
               : ANSHIN_EDENIED;
}
