/*
 * Change of the login method.
 */
#include "core/method.h"

#include <string.h>

#include "core/certificate.h"
#include "core/download.h"
#include "core/flow.h"
#include "core/history.h"
#include "core/notice.h"
#include "core/secret.h"

/* One terminal: its certificate ends, or a new one is on its way. */
static apr_status_t convert(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                            const anshin_terminal_t *terminal, apr_array_header_t *issues)
{
    anshin_method_issue_t *issue;
    apr_status_t rv = anshin_certificate_end_in(op, txn, terminal, ANSHIN_REASON_CESSATION);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (account->method != ANSHIN_METHOD_CERTIFICATE) {
        return anshin_download_finish_in(op, txn, account->user, terminal->number);
    }
    issue = apr_array_push(issues);
    issue->terminal = terminal->number;
    issue->address = terminal->address;
    return anshin_download_prepare(op, txn, account, terminal->number, &issue->download_password);
}

static apr_status_t change_in(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account, int method,
                              apr_array_header_t *issues)
{
    static const anshin_session_match_t every = {0};
    anshin_history_t entry = {.result = ANSHIN_HISTORY_METHOD_CHANGED, .method = method};
    apr_array_header_t *terminals;
    apr_status_t rv = anshin_account_terminals(op, txn, account, &terminals);

    account->method = method;
    if (account->totp_blob) {
        anshin_txn_wipe(txn, account->totp_blob);
        account->totp_blob = NULL;
        account->totp_step = 0;
        account->totp_steps = NULL;
    }
    for (int i = 0; rv == APR_SUCCESS && i < terminals->nelts; i++) {
        rv = convert(op, txn, account, &APR_ARRAY_IDX(terminals, i, anshin_terminal_t), issues);
    }
    if (rv != APR_SUCCESS || (rv = anshin_account_put(op, txn, account)) != APR_SUCCESS ||
        (rv = anshin_sessions_end(op, txn, account->user, &every, NULL)) != APR_SUCCESS ||
        (rv = anshin_history_add(op, txn, account->user, &entry)) != APR_SUCCESS ||
        (rv = anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, account->user, 0)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_notice_add(op, txn, ANSHIN_NOTICE_METHOD, "method-changed", account, NULL, NULL);
}

apr_status_t anshin_method_change(anshin_op_t *op, const anshin_member_t *member, int method,
                                  apr_array_header_t **issues)
{
    const anshin_policy_t *policy = &op->contract->policy;
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t rv;

    *issues = apr_array_make(op->pool, 4, sizeof(anshin_method_issue_t));
    if (!ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_METHOD) || !anshin_member_fresh(op, member)) {
        return ANSHIN_EDENIED;
    }
    if (method < 0 || method > ANSHIN_METHOD_CERTIFICATE || !ANSHIN_HAS(policy->methods, method)) {
        return ANSHIN_EINVALID;
    }
    if ((rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_member_account(op, txn, member, &account);
    if (rv == APR_SUCCESS) {
        rv = account.method == method ? ANSHIN_EINVALID : change_in(op, txn, &account, method, *issues);
    }
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}
