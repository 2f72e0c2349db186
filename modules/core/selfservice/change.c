/*
 * What a user changes while logged in.
 *
 * SECURITY: a session alone changes nothing here; the current password is checked first, counted like a login.
 */
#include "core/selfservice/change.h"

#include <string.h>

#include "core/base/unicode.h"
#include "core/context/rehearsal.h"
#include "core/context/secret.h"
#include "core/mail/event.h"
#include "core/mail/password_reminder.h"

int anshin_question_wanted(const anshin_policy_t *policy)
{
    return policy->reissue_proof == ANSHIN_REISSUE_BY_QUESTION ||
           ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_QUESTION);
}

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

/* What a member changes, in the order in which it is known. */
typedef struct change_t {
    const anshin_member_t *member;
    anshin_account_t account; /* as it was before the current password was checked */
    const char *const *addresses;
    const char *question;
    char phc[ANSHIN_PHC_MAX]; /* of the new password or answer */
    const char **session_id;  /* out */
} change_t;

static apr_status_t read_account(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    change_t *change = baton;
    apr_status_t status = anshin_member_account(op, txn, change->member, &change->account);

    return status == APR_SUCCESS ? anshin_account_addresses(op, txn, &change->account, &change->addresses) : status;
}

/* Every change begins with the current password. */
static apr_status_t check_current(anshin_op_t *op, change_t *change, const char *password,
                                  anshin_reauthentication_t *proof)
{
    const anshin_account_t *account = &change->account;
    apr_status_t status = anshin_op_read(op, read_account, change);

    return status == APR_SUCCESS
               ? anshin_reauthentication_check(op, ANSHIN_COUNTER_PASSWORD, account->user, account->password_hash,
                                               anshin_password_normalise(password, op->pool), proof)
               : status;
}

/* The same session under a new id, just checked (S14). */
static apr_status_t renew_session(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const change_t *change = baton;
    anshin_account_t account;
    anshin_session_t current;
    apr_status_t status = anshin_session_get(op, txn, change->member->key, &current, &account);

    *change->session_id = NULL;
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
    }
    return anshin_session_replace(op, txn, change->member->key, &current, change->session_id);
}

apr_status_t anshin_member_prove(anshin_op_t *op, const anshin_member_t *member, const char *password,
                                 anshin_reauthentication_t *proof, const char **session_id)
{
    change_t change = {.member = member, .session_id = session_id};
    apr_status_t status = check_current(op, &change, password, proof);

    *session_id = NULL;
    return status == APR_SUCCESS && proof->right ? anshin_op_write(op, ANSHIN_DURABLE, renew_session, &change) : status;
}

/* Write a changed account, tell of it, and give the session that asked a new id. */
static apr_status_t write_change(anshin_op_t *op, anshin_txn_t *txn, change_t *change, const anshin_account_t *account,
                                 anshin_act_t act)
{
    const anshin_event_t event = {.act = act, .account = account, .terminal = change->member->session->terminal};
    apr_status_t status = anshin_account_put(op, txn, account);

    if (status != APR_SUCCESS || (status = anshin_event(op, txn, &event)) != APR_SUCCESS) {
        return status;
    }
    return renew_session(change, op, txn);
}

/* Who asks, as the account is now. */
static apr_status_t find_member(anshin_op_t *op, anshin_txn_t *txn, change_t *change, anshin_account_t *account)
{
    *change->session_id = NULL;
    return anshin_member_account(op, txn, change->member, account);
}

static apr_status_t change_password_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    change_t *change = baton;
    anshin_session_match_t others = {.except = change->member->key};
    anshin_account_t account;
    apr_status_t status = find_member(op, txn, change, &account);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (strcmp(account.password_hash, change->account.password_hash) != 0) {
        return ANSHIN_EDENIED; /* changed elsewhere while we computed: what was checked is no longer the password */
    }
    anshin_password_set(op, &account, change->phc);
    if ((status = anshin_sessions_end_in(op, txn, account.user, &others, NULL)) != APR_SUCCESS ||
        (status = anshin_password_file(op, txn, &account)) != APR_SUCCESS) {
        return status;
    }
    return write_change(op, txn, change, &account, ANSHIN_ACT_PASSWORD_CHANGED);
}

static apr_status_t change_password(anshin_op_t *op, const anshin_member_t *member, const char *current,
                                    const char *normal, const char *again, anshin_change_result_t *result)
{
    change_t change = {.member = member, .session_id = &result->session_id};
    const anshin_account_t *account = &change.account;
    apr_status_t status = check_current(op, &change, current, &result->proof);

    if (status != APR_SUCCESS || result->proof.locked) {
        return status;
    }
    if (!result->proof.right) { /* whoever does not know it must not learn, not even by time, that the new one is it */
        return anshin_password_check_typed(op, &result->password_broken, normal, again, account->user,
                                           change.addresses);
    }
    status = anshin_password_check_new(op, &result->password_broken, normal, again, account, change.addresses);
    if (status != APR_SUCCESS || result->password_broken) {
        return status;
    }
    status = anshin_password_hash(op, change.phc, normal);
    return status == APR_SUCCESS ? anshin_op_write_rehearsed(op, ANSHIN_DURABLE, change_password_in, &change) : status;
}

apr_status_t anshin_password_change(anshin_op_t *op, const anshin_member_t *member, const char *current,
                                    const char *password, const char *confirm, anshin_change_result_t *result)
{
    const char *normal = anshin_password_normalise(password, op->pool);
    const char *again = anshin_password_normalise(confirm, op->pool);
    apr_status_t status;

    memset(result, 0, sizeof(*result));
    status = change_password(op, member, current, normal, again, result);
    anshin_secret_wipe(op, normal);
    anshin_secret_wipe(op, again);
    return status;
}

static apr_status_t change_question_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    change_t *change = baton;
    anshin_account_t account;
    apr_status_t status = find_member(op, txn, change, &account);

    if (status != APR_SUCCESS) {
        return status;
    }
    account.question = change->question;
    account.answer_hash = change->phc;
    return write_change(op, txn, change, &account, ANSHIN_ACT_QUESTION_CHANGED);
}

static apr_status_t change_question(anshin_op_t *op, const anshin_member_t *member, const char *current,
                                    const char *question, const char *normal, anshin_change_result_t *result)
{
    change_t change = {.member = member, .question = question, .session_id = &result->session_id};
    apr_status_t status = check_current(op, &change, current, &result->proof);

    if (status != APR_SUCCESS || !result->proof.right || result->question_error || result->answer_error) {
        return status;
    }
    status = anshin_password_hash(op, change.phc, normal);
    return status == APR_SUCCESS ? anshin_op_write_rehearsed(op, ANSHIN_DURABLE, change_question_in, &change) : status;
}

apr_status_t anshin_question_change(anshin_op_t *op, const anshin_member_t *member, const char *current,
                                    const char *question, const char *answer, anshin_change_result_t *result)
{
    const char *normal;
    apr_status_t status;

    memset(result, 0, sizeof(*result));
    anshin_question_check(op, question, answer, &result->question_error, &result->answer_error, &normal);
    status = change_question(op, member, current, question, normal, result);
    anshin_secret_wipe(op, normal);
    return status;
}
