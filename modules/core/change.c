/*
 * What a user changes while logged in.
 *
 * SECURITY: a session alone changes nothing here; the current password is checked first, counted like a login.
 */
#include "core/change.h"

#include <string.h>

#include "core/history.h"
#include "core/notice.h"
#include "core/secret.h"
#include "core/unicode.h"

void anshin_question_check(anshin_op_t *op, const char *question, const char *answer, const char **question_error,
                           const char **answer_error, const char **normal)
{
    const anshin_policy_t *policy = &op->contract->policy;

    *question_error = "errors.choose";
    *answer_error = NULL;
    for (int i = 0; i < policy->questions->nelts; i++) {
        if (strcmp(question, APR_ARRAY_IDX(policy->questions, i, const char *)) == 0) {
            *question_error = NULL;
        }
    }
    *normal = anshin_answer_normalise(answer, op->pool);
    if (!*normal) {
        *answer_error = "errors.bad_encoding";
    } else if (!**normal) {
        *answer_error = "errors.required";
    } else if (strlen(*normal) > ANSHIN_ANSWER_MAX) {
        *answer_error = "errors.too_long";
    } else if (anshin_unicode_length(*normal) < (apr_size_t)policy->answer_min) {
        *answer_error = "errors.answer_short";
    }
}

static apr_status_t read_account(anshin_op_t *op, const anshin_member_t *member, anshin_account_t *account,
                                 const char *const **addresses)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_member_account(op, txn, member, account);
    if (rv == APR_SUCCESS) {
        rv = anshin_account_addresses(op, txn, account, addresses);
    }
    anshin_txn_abort(txn);
    return rv;
}

/* The same session under a new id, just checked (S14). */
static apr_status_t renew_session(anshin_op_t *op, anshin_txn_t *txn, const anshin_member_t *member, const char **id)
{
    anshin_account_t account;
    anshin_session_t current;
    apr_status_t rv = anshin_session_get(op, txn, member->key, &current, &account);

    if (rv != APR_SUCCESS) {
        return rv == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : rv;
    }
    return anshin_session_replace(op, txn, member->key, &current, id);
}

apr_status_t anshin_member_prove(anshin_op_t *op, const anshin_member_t *member, const char *password,
                                 anshin_proof_t *proof, const char **session_id)
{
    const char *const *addresses;
    anshin_account_t account;
    anshin_txn_t *txn;
    apr_status_t rv = read_account(op, member, &account, &addresses);

    *session_id = NULL;
    if (rv != APR_SUCCESS ||
        (rv = anshin_proof_check(op, ANSHIN_COUNTER_PASSWORD, account.user, account.password_hash,
                                 anshin_password_normalise(password, op->pool), proof)) != APR_SUCCESS ||
        !proof->right) {
        return rv;
    }
    if ((rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_txn_end(txn, renew_session(op, txn, member, session_id), ANSHIN_DURABLE);
}

/* Write a changed account: history, notice, and a new id for the session that asked. */
static apr_status_t write_change(anshin_op_t *op, anshin_txn_t *txn, const anshin_member_t *member,
                                 const anshin_account_t *account, anshin_notice_t notice, const char *template,
                                 anshin_history_result_t result, const char **session_id)
{
    anshin_history_t entry = {.result = result, .terminal = member->session->terminal, .method = account->method};
    apr_status_t rv = anshin_account_put(op, txn, account);

    if (rv != APR_SUCCESS || (rv = anshin_history_add(op, txn, account->user, &entry)) != APR_SUCCESS ||
        (rv = anshin_notice_add(op, txn, notice, template, account, NULL, NULL)) != APR_SUCCESS) {
        return rv;
    }
    return renew_session(op, txn, member, session_id);
}

static apr_status_t change_password_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_member_t *member,
                                       const char *former, const char *phc, const char **session_id)
{
    anshin_session_match_t others = {.except = member->key};
    anshin_account_t account;
    apr_status_t rv = anshin_member_account(op, txn, member, &account);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (strcmp(account.password_hash, former) != 0) {
        return ANSHIN_EDENIED; /* changed elsewhere while we computed: what was checked is no longer the password */
    }
    anshin_password_set(op, &account, phc);
    if ((rv = anshin_sessions_end(op, txn, account.user, &others, NULL)) != APR_SUCCESS) {
        return rv;
    }
    return write_change(op, txn, member, &account, ANSHIN_NOTICE_PASSWORD, "password-changed",
                        ANSHIN_HISTORY_PASSWORD_CHANGED, session_id);
}

static apr_status_t change_password(anshin_op_t *op, const anshin_member_t *member, const char *current,
                                    const char *normal, const char *again, anshin_change_result_t *result)
{
    const char *const *addresses;
    anshin_account_t account;
    char phc[ANSHIN_PHC_MAX];
    anshin_txn_t *txn;
    apr_status_t rv;

    memset(result, 0, sizeof(*result));
    if ((rv = read_account(op, member, &account, &addresses)) != APR_SUCCESS ||
        (rv = anshin_proof_check(op, ANSHIN_COUNTER_PASSWORD, account.user, account.password_hash,
                                 anshin_password_normalise(current, op->pool), &result->proof)) != APR_SUCCESS ||
        result->proof.locked) {
        return rv;
    }
    if (!result->proof.right) { /* whoever does not know it must not learn, not even by time, that the new one is it */
        return anshin_password_check_typed(op, &result->password_broken, normal, again, account.user, addresses);
    }
    rv = anshin_password_check_new(op, &result->password_broken, normal, again, &account, addresses);
    if (rv != APR_SUCCESS || result->password_broken) {
        return rv;
    }
    if ((rv = anshin_password_hash(op, phc, normal)) != APR_SUCCESS ||
        (rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_txn_end(txn, change_password_in(op, txn, member, account.password_hash, phc, &result->session_id),
                          ANSHIN_DURABLE);
}

apr_status_t anshin_password_change(anshin_op_t *op, const anshin_member_t *member, const char *current,
                                    const char *password, const char *confirm, anshin_change_result_t *result)
{
    const char *normal = anshin_password_normalise(password, op->pool);
    const char *again = anshin_password_normalise(confirm, op->pool);
    apr_status_t rv = change_password(op, member, current, normal, again, result);

    anshin_secret_wipe(op, normal);
    anshin_secret_wipe(op, again);
    return rv;
}

static apr_status_t change_question_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_member_t *member,
                                       const char *question, const char *phc, const char **session_id)
{
    anshin_account_t account;
    apr_status_t rv = anshin_member_account(op, txn, member, &account);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    account.question = question;
    account.answer_hash = phc;
    return write_change(op, txn, member, &account, ANSHIN_NOTICE_QUESTION, "question-changed",
                        ANSHIN_HISTORY_QUESTION_CHANGED, session_id);
}

static apr_status_t change_question(anshin_op_t *op, const anshin_member_t *member, const char *current,
                                    const char *question, const char *normal, anshin_change_result_t *result)
{
    const char *const *addresses;
    anshin_account_t account;
    char phc[ANSHIN_PHC_MAX];
    anshin_txn_t *txn;
    apr_status_t rv = read_account(op, member, &account, &addresses);

    if (rv != APR_SUCCESS ||
        (rv = anshin_proof_check(op, ANSHIN_COUNTER_PASSWORD, account.user, account.password_hash,
                                 anshin_password_normalise(current, op->pool), &result->proof)) != APR_SUCCESS ||
        !result->proof.right || result->question_error || result->answer_error) {
        return rv;
    }
    if ((rv = anshin_password_hash(op, phc, normal)) != APR_SUCCESS ||
        (rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) != APR_SUCCESS) {
        return rv;
    }
    return anshin_txn_end(txn, change_question_in(op, txn, member, question, phc, &result->session_id), ANSHIN_DURABLE);
}

apr_status_t anshin_question_change(anshin_op_t *op, const anshin_member_t *member, const char *current,
                                    const char *question, const char *answer, anshin_change_result_t *result)
{
    const char *normal;
    apr_status_t rv;

    memset(result, 0, sizeof(*result));
    anshin_question_check(op, question, answer, &result->question_error, &result->answer_error, &normal);
    rv = change_question(op, member, current, question, normal, result);
    anshin_secret_wipe(op, normal);
    return rv;
}
