/*
 * Change of the login method.
 */
#include "core/selfservice/method.h"

#include <string.h>

#include "core/certificate/certificate.h"
#include "core/certificate/download.h"
#include "core/certificate/revocation.h"
#include "core/context/flow.h"
#include "core/context/rehearsal.h"
#include "core/context/secret.h"
#include "core/mail/event.h"

/* One terminal: its certificate ends, or a new one is on its way. */
static apr_status_t convert(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                            const anshin_terminal_t *terminal, apr_array_header_t *issues)
{
    anshin_method_issue_t *issue;
    apr_status_t status = anshin_certificates_end_in(op, txn, terminal, ANSHIN_REASON_CESSATION);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (account->method != ANSHIN_METHOD_CERTIFICATE) {
        return anshin_download_finish_in(op, txn, account->user, terminal->number);
    }
    issue = apr_array_push(issues);
    issue->terminal = terminal->number;
    issue->address = terminal->address;
    return anshin_download_prepare(op, txn, account, terminal->number, &issue->download_password);
}

apr_status_t anshin_method_change_in(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account, int method,
                                     apr_array_header_t *issues)
{
    static const anshin_session_match_t every = {0};
    const anshin_event_t event = {.act = ANSHIN_ACT_METHOD_CHANGED,
                                  .account = account,
                                  .before = anshin_method_name(account->method),
                                  .after = anshin_method_name(method)};
    apr_array_header_t *terminals;
    apr_status_t status = anshin_account_terminals(op, txn, account, &terminals);

    account->method = method;
    if (account->totp_blob) {
        anshin_txn_wipe(txn, account->totp_blob);
        account->totp_blob = NULL;
        account->totp_step = 0;
        account->totp_steps = NULL;
    }
    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        status = convert(op, txn, account, &APR_ARRAY_IDX(terminals, i, anshin_terminal_t), issues);
    }
    if (status != APR_SUCCESS || (status = anshin_account_put(op, txn, account)) != APR_SUCCESS ||
        (status = anshin_sessions_end_in(op, txn, account->user, &every, NULL)) != APR_SUCCESS) {
        return status;
    }
    return anshin_event(op, txn, &event);
}

typedef struct change_t {
    const anshin_member_t *member;
    int method;
    apr_array_header_t *issues;
} change_t;

static apr_status_t change_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const change_t *change = baton;
    anshin_account_t account;
    apr_status_t status = anshin_member_account(op, txn, change->member, &account);

    apr_array_clear(change->issues);
    status = status == APR_SUCCESS ? anshin_flow_waits(op, txn, ANSHIN_STAGE_OPENED) : status;
    if (status != APR_SUCCESS || account.method == change->method) {
        return status == APR_SUCCESS ? ANSHIN_EINVALID : status;
    }
    status = anshin_method_change_in(op, txn, &account, change->method, change->issues);
    return status == APR_SUCCESS ? anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, account.user, 0) : status;
}

apr_status_t anshin_method_change(anshin_op_t *op, const anshin_member_t *member, int method,
                                  apr_array_header_t **issues)
{
    const anshin_policy_t *policy = &op->contract->policy;
    change_t change = {member, method, apr_array_make(op->pool, 4, sizeof(anshin_method_issue_t))};

    *issues = change.issues;
    if (!ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_METHOD) || !anshin_member_fresh(op, member)) {
        return ANSHIN_EDENIED;
    }
    if (anshin_word_name(anshin_method_words, method, NULL) == NULL || !ANSHIN_HAS(policy->methods, method)) {
        return ANSHIN_EINVALID;
    }
    return anshin_op_write_rehearsed(op, ANSHIN_DURABLE, change_in, &change);
}
