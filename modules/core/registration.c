/*
 * Registration of credentials by the user.
 *
 * SECURITY: the link alone opens nothing; the code that goes another way does. Both are single use, and everything a
 * POST changes is one transaction.
 */
#include "core/registration.h"

#include <string.h>

#include "core/attempt.h"
#include "core/change.h"
#include "core/download.h"
#include "core/flow.h"
#include "core/history.h"
#include "core/secret.h"
#include "core/token.h"

#define FIRST_TERMINAL 1

/* The link must be the last one that was given out. */
static apr_status_t find(anshin_op_t *op, anshin_txn_t *txn, const char *token, anshin_link_t *found)
{
    apr_status_t rv = anshin_token_find(op, txn, ANSHIN_TOKEN_REGISTER, token, found);

    if (rv == APR_SUCCESS && (!found->account.registration || strcmp(found->account.registration, found->key) != 0)) {
        return ANSHIN_EDENIED;
    }
    return rv;
}

apr_status_t anshin_registration_find(anshin_op_t *op, const char *token, anshin_account_t *account)
{
    anshin_txn_t *txn;
    anshin_link_t found;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = find(op, txn, token, &found);
    anshin_txn_abort(txn);
    if (rv == APR_SUCCESS) {
        *account = found.account;
    }
    return rv;
}

static apr_status_t code_right(void *baton, anshin_op_t *op, anshin_txn_t *txn, const char *code, int *right)
{
    const anshin_link_t *found = baton;
    const char *mac;
    apr_status_t rv = anshin_secret_mac(op, &mac, "code", code);

    (void)txn;
    *right = rv == APR_SUCCESS && anshin_secret_equal(op, mac, found->token.code_mac);
    return rv;
}

static apr_status_t code_in(anshin_op_t *op, anshin_txn_t *txn, const char *token, const char *code,
                            anshin_code_result_t *result)
{
    anshin_history_t entry = {.result = ANSHIN_HISTORY_WRONG_CODE};
    anshin_link_t found;
    anshin_attempt_facts_t guess = {ANSHIN_COUNTER_REGISTRATION, NULL, code, code_right, &found};
    anshin_attempt_t attempt;
    apr_status_t rv = find(op, txn, token, &found);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    guess.subject = found.token.user;
    if ((rv = anshin_attempt_run_in(op, txn, &guess, &attempt)) != APR_SUCCESS) {
        return rv;
    }
    result->right = attempt.outcome == ANSHIN_ATTEMPT_SUCCEEDED;
    result->locked = attempt.locked;
    result->remaining = attempt.remaining;
    if (attempt.outcome == ANSHIN_ATTEMPT_NOT_MADE) {
        return APR_SUCCESS;
    }
    return result->right ? anshin_flow_reach(op, txn, ANSHIN_STAGE_CODE_OK, found.token.user, 0)
                         : anshin_history_add(op, txn, found.token.user, &entry);
}

apr_status_t anshin_registration_code(anshin_op_t *op, const char *token, const char *code,
                                      anshin_code_result_t *result)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    memset(result, 0, sizeof(*result));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    return anshin_txn_end(txn, code_in(op, txn, token, code, result), ANSHIN_DURABLE);
}

/* The rules of page 2, all in one go. *password and *answer are what is hashed. */
static apr_status_t check_form(anshin_op_t *op, const anshin_link_t *found, const anshin_terminal_t *terminal,
                               const anshin_registration_form_t *form, anshin_registration_result_t *result,
                               const char **password, const char **answer)
{
    const char *addresses[] = {terminal->address, NULL};
    const char *confirm = anshin_password_normalise(form->password_confirm, op->pool);
    apr_status_t rv;

    *password = anshin_password_normalise(form->password, op->pool);
    rv = anshin_password_check_new(op, &result->password_broken, *password, confirm, &found->account, addresses);
    anshin_secret_wipe(op, confirm);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    anshin_question_check(op, form->question, form->answer, &result->question_error, &result->answer_error, answer);
    return APR_SUCCESS;
}

/* The one transaction of page 2. */
static apr_status_t complete_in(anshin_op_t *op, anshin_txn_t *txn, const char *token,
                                const anshin_registration_form_t *form, const char *password_hash,
                                const char *answer_hash, anshin_registration_result_t *result)
{
    anshin_history_t entry = {.result = ANSHIN_HISTORY_REGISTERED};
    anshin_account_t *account;
    anshin_link_t found;
    apr_status_t rv = find(op, txn, token, &found);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    account = &found.account;
    account->state = ANSHIN_ACCOUNT_ACTIVE;
    account->password_hash = password_hash;
    account->answer_hash = answer_hash;
    account->question = form->question;
    if (form->language_chosen || !account->language_given) {
        account->language = form->language;
        account->language_given = 0;
    }
    account->password_set_at = account->registered_at = op->now;
    account->registration = NULL;
    entry.method = account->method;
    if ((rv = anshin_account_put(op, txn, account)) != APR_SUCCESS ||
        (rv = anshin_token_use(op, txn, found.key, &found.token)) != APR_SUCCESS ||
        (rv = anshin_counters_reset(op, txn, account->user)) != APR_SUCCESS ||
        (rv = anshin_history_add(op, txn, account->user, &entry)) != APR_SUCCESS ||
        (rv = anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, account->user, FIRST_TERMINAL)) != APR_SUCCESS) {
        return rv;
    }
    if (account->method != ANSHIN_METHOD_CERTIFICATE) {
        return APR_SUCCESS;
    }
    return anshin_download_prepare(op, txn, account, FIRST_TERMINAL, &result->download_password);
}

/* Look the link up again and read what the rules need to know. */
static apr_status_t read_subject(anshin_op_t *op, const char *token, anshin_link_t *found, anshin_terminal_t *terminal)
{
    anshin_txn_t *txn;
    apr_status_t rv = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = find(op, txn, token, found);
    if (rv == APR_SUCCESS) {
        rv = anshin_terminal_get(op, txn, found->account.user, FIRST_TERMINAL, terminal);
        if (rv == ANSHIN_ENOTFOUND) {
            rv = anshin_fail(&op->error, ANSHIN_EFAULT, "AN0160", "user %s has no terminal", found->account.user);
        }
    }
    anshin_txn_abort(txn);
    return rv;
}

static apr_status_t complete(anshin_op_t *op, const char *token, const anshin_registration_form_t *form,
                             const char *password, const char *answer, anshin_registration_result_t *result)
{
    char password_hash[ANSHIN_PHC_MAX], answer_hash[ANSHIN_PHC_MAX];
    anshin_txn_t *txn;
    apr_status_t rv = anshin_password_hash(op, password_hash, password);

    if (rv != APR_SUCCESS || (rv = anshin_password_hash(op, answer_hash, answer)) != APR_SUCCESS ||
        (rv = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn)) != APR_SUCCESS) {
        return rv;
    }
    rv = complete_in(op, txn, token, form, password_hash, answer_hash, result);
    return anshin_txn_end(txn, rv, ANSHIN_DURABLE);
}

apr_status_t anshin_registration_complete(anshin_op_t *op, const char *token, const anshin_registration_form_t *form,
                                          anshin_registration_result_t *result)
{
    const char *password = NULL, *answer = NULL;
    anshin_terminal_t terminal;
    anshin_link_t found;
    apr_status_t rv;

    memset(result, 0, sizeof(*result));
    if ((rv = read_subject(op, token, &found, &terminal)) != APR_SUCCESS) {
        return rv;
    }
    result->user = found.account.user;
    result->method = (int)found.account.method;
    rv = check_form(op, &found, &terminal, form, result, &password, &answer);
    if (rv == APR_SUCCESS && !result->password_broken && !result->question_error && !result->answer_error) {
        rv = complete(op, token, form, password, answer, result);
    }
    anshin_secret_wipe(op, password);
    anshin_secret_wipe(op, answer);
    return rv;
}
