/*
 * Registration of credentials by the user.
 *
 * SECURITY: the link alone opens nothing; the code that goes another way does. Both are single use, and everything a
 * POST changes is one transaction.
 */
#include "core/selfservice/registration.h"

#include <string.h>

#include "core/account/attempt.h"
#include "core/account/token.h"
#include "core/base/label.h"
#include "core/certificate/download.h"
#include "core/context/flow.h"
#include "core/context/rehearsal.h"
#include "core/context/secret.h"
#include "core/mail/event.h"
#include "core/mail/password_reminder.h"
#include "core/selfservice/change.h"

#define FIRST_TERMINAL 1

/* The link must be the last one that was given out. */
static apr_status_t find(anshin_op_t *op, anshin_txn_t *txn, const char *token, anshin_link_t *found)
{
    apr_status_t status = anshin_token_find(op, txn, ANSHIN_TOKEN_REGISTER, token, found);

    if (status == APR_SUCCESS &&
        (!found->account.registration || strcmp(found->account.registration, found->key) != 0)) {
        return ANSHIN_EDENIED;
    }
    return status;
}

typedef struct entry_t {
    const char *token;
    anshin_link_t found;
    anshin_terminal_t terminal; /* that the user begins with */
} entry_t;

/* The first terminal of a user, who has one for as long as there is the account. */
static apr_status_t find_terminal(anshin_op_t *op, anshin_txn_t *txn, const char *user, anshin_terminal_t *terminal)
{
    apr_status_t status = anshin_terminal_get(op, txn, user, FIRST_TERMINAL, terminal);

    return status == ANSHIN_ENOTFOUND
               ? anshin_fail(&op->error, ANSHIN_EFAULT, "AN0160", "user %s has no terminal", user)
               : status;
}

/* Look the link up and read what the page and its rules need to know. */
static apr_status_t read_subject(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    entry_t *entry = baton;
    apr_status_t status = find(op, txn, entry->token, &entry->found);

    return status == APR_SUCCESS ? find_terminal(op, txn, entry->found.account.user, &entry->terminal) : status;
}

apr_status_t anshin_registration_find(anshin_op_t *op, const char *token, anshin_account_t *account,
                                      anshin_terminal_t *terminal, apr_time_t *until)
{
    entry_t entry = {.token = token};
    apr_status_t status = anshin_op_read(op, read_subject, &entry);

    if (status == APR_SUCCESS) {
        *account = entry.found.account;
        if (until != NULL) {
            *until = entry.found.token.expires_at;
        }
        if (terminal != NULL) {
            *terminal = entry.terminal;
        }
    }
    return status;
}

typedef struct guess_t {
    const char *token;
    const char *code;
    anshin_code_result_t *result;
} guess_t;

static apr_status_t code_right(void *baton, anshin_op_t *op, anshin_txn_t *txn, const char *code, int *right)
{
    const anshin_link_t *found = baton;

    (void)txn;
    return anshin_secret_mac_is(op, right, "code", code, found->token.code_mac);
}

static apr_status_t code_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const guess_t *guess = baton;
    anshin_code_result_t *result = guess->result;
    anshin_link_t found;
    const anshin_event_t event = {.act = ANSHIN_ACT_WRONG_CODE, .account = &found.account};
    anshin_attempt_facts_t facts = {ANSHIN_COUNTER_REGISTRATION, NULL, guess->code, code_right, &found};
    anshin_attempt_t attempt;
    apr_status_t status = find(op, txn, guess->token, &found);

    memset(result, 0, sizeof(*result));
    if (status != APR_SUCCESS) {
        return status;
    }
    facts.subject = found.token.user;
    if ((status = anshin_attempt_run_in(op, txn, &facts, &attempt)) != APR_SUCCESS) {
        return status;
    }
    result->right = attempt.outcome == ANSHIN_ATTEMPT_SUCCEEDED;
    result->locked = attempt.locked;
    result->remaining = attempt.remaining;
    if (attempt.outcome == ANSHIN_ATTEMPT_NOT_MADE) {
        return APR_SUCCESS;
    }
    return result->right ? anshin_flow_reach(op, txn, ANSHIN_STAGE_CODE_OK, found.token.user, 0)
                         : anshin_event(op, txn, &event);
}

apr_status_t anshin_registration_code(anshin_op_t *op, const char *token, const char *code,
                                      anshin_code_result_t *result)
{
    guess_t guess = {token, code, result};

    memset(result, 0, sizeof(*result));
    return anshin_op_write(op, ANSHIN_DURABLE, code_in, &guess);
}

/* What is hashed; wiped by anshin_registration_complete(). */
typedef struct secrets_t {
    const char *password;
    const char *answer;
} secrets_t;

/* The rules of page 2, all in one go. */
static apr_status_t check_form(anshin_op_t *op, const anshin_link_t *found, const anshin_terminal_t *terminal,
                               const anshin_registration_form_t *form, secrets_t *secrets,
                               anshin_registration_result_t *result)
{
    const char *addresses[] = {terminal->address, NULL};
    const char *confirm = anshin_password_normalise(form->password_confirm, op->pool);
    apr_status_t status;

    secrets->password = anshin_password_normalise(form->password, op->pool);
    status =
        anshin_password_check_new(op, &result->password_broken, secrets->password, confirm, &found->account, addresses);
    anshin_secret_wipe(op, confirm);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (form->label != NULL) {
        result->label_error = anshin_label_error(anshin_label_rule(anshin_label_typed(form->label, op->pool)));
    }
    if (anshin_question_wanted(&op->contract->policy)) {
        anshin_question_check(op, form->question, form->answer, &result->question_error, &result->answer_error,
                              &secrets->answer);
    }
    return APR_SUCCESS;
}

typedef struct completion_t {
    const char *token;
    const anshin_registration_form_t *form;
    char password_hash[ANSHIN_PHC_MAX];
    char answer_hash[ANSHIN_PHC_MAX]; /* "": nothing asks for an answer */
    anshin_registration_result_t *result;
} completion_t;

static apr_status_t put_label(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *label)
{
    anshin_terminal_t terminal;
    apr_status_t status = label != NULL ? find_terminal(op, txn, user, &terminal) : APR_SUCCESS;

    if (status != APR_SUCCESS || label == NULL) {
        return status;
    }
    terminal.label = anshin_label_typed(label, op->pool);
    return anshin_terminal_put(op, txn, &terminal);
}

/* The one transaction of page 2. */
static apr_status_t complete_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const completion_t *completion = baton;
    const anshin_registration_form_t *form = completion->form;
    anshin_link_t found;
    anshin_account_t *account = &found.account;
    const anshin_event_t event = {.act = ANSHIN_ACT_REGISTERED, .account = account};
    apr_status_t status = find(op, txn, completion->token, &found);

    completion->result->download_password = NULL;
    if (status != APR_SUCCESS) {
        return status;
    }
    account->state = ANSHIN_ACCOUNT_ACTIVE;
    account->password_hash = completion->password_hash;
    if (completion->answer_hash[0] != '\0') {
        account->answer_hash = completion->answer_hash;
        account->question = form->question;
    }
    if (form->language_chosen || !account->language_given) {
        account->language = form->language;
        account->language_given = 0;
    }
    account->password_set_at = account->registered_at = op->now;
    account->registration = NULL;
    if ((status = anshin_account_put(op, txn, account)) != APR_SUCCESS ||
        (status = put_label(op, txn, account->user, form->label)) != APR_SUCCESS ||
        (status = anshin_password_file(op, txn, account)) != APR_SUCCESS ||
        (status = anshin_token_use(op, txn, found.key, &found.token)) != APR_SUCCESS ||
        (status = anshin_counters_reset(op, txn, account->user)) != APR_SUCCESS ||
        (status = anshin_event(op, txn, &event)) != APR_SUCCESS ||
        (status = anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, account->user, FIRST_TERMINAL)) != APR_SUCCESS) {
        return status;
    }
    return account->method == ANSHIN_METHOD_CERTIFICATE
               ? anshin_download_prepare(op, txn, account, FIRST_TERMINAL, &completion->result->download_password)
               : APR_SUCCESS;
}

static apr_status_t complete(anshin_op_t *op, const char *token, const anshin_registration_form_t *form,
                             const secrets_t *secrets, anshin_registration_result_t *result)
{
    completion_t completion = {.token = token, .form = form, .answer_hash = "", .result = result};
    apr_status_t status = anshin_password_hash(op, completion.password_hash, secrets->password);

    if (status == APR_SUCCESS && secrets->answer != NULL) {
        status = anshin_password_hash(op, completion.answer_hash, secrets->answer);
    }
    return status == APR_SUCCESS ? anshin_op_write_rehearsed(op, ANSHIN_DURABLE, complete_in, &completion) : status;
}

apr_status_t anshin_registration_complete(anshin_op_t *op, const char *token, const anshin_registration_form_t *form,
                                          anshin_registration_result_t *result)
{
    secrets_t secrets = {NULL, NULL};
    entry_t entry = {.token = token};
    apr_status_t status = anshin_op_read(op, read_subject, &entry);

    memset(result, 0, sizeof(*result));
    if (status != APR_SUCCESS) {
        return status;
    }
    result->user = entry.found.account.user;
    result->method = (int)entry.found.account.method;
    status = check_form(op, &entry.found, &entry.terminal, form, &secrets, result);
    if (status == APR_SUCCESS && !result->password_broken && !result->label_error && !result->question_error &&
        !result->answer_error) {
        status = complete(op, token, form, &secrets, result);
    }
    anshin_secret_wipe(op, secrets.password);
    anshin_secret_wipe(op, secrets.answer);
    return status;
}
