/*
 * Registration, page 2 (REG-3): password, secret question and answer.
 *
 * SECURITY: passwords go to the core and nowhere else; only question and answer are shown again.
 */
#include <apr_strings.h>
#include <string.h>

#include "core/selfservice/change.h"
#include "core/selfservice/registration.h"
#include "portal/request/device.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"
#include "portal/request/words.h"

static const char *const steps[] = {"steps.register_code", "steps.register_credentials", "steps.register_done", NULL};

/* The form for the user of this link; label: of the terminal. */
static void put_form(anshin_portal_request_t *request, const char *user, const char *question, const char *label)
{
    anshin_page_steps(request->page, steps, 1);
    anshin_page_text(request->page, "user", user);
    anshin_page_flag(request->page, "ask_question", anshin_question_wanted(&request->op.contract->policy));
    anshin_words_rules(request->page, 0);
    anshin_words_questions(request->page, question);
    anshin_page_value(request->page, "label", label);
}

/* The label that the operator has given, or one by the system of this browser, which may well run on another device. */
static const char *proposed_label(anshin_portal_request_t *request, const anshin_terminal_t *terminal)
{
    const char *key = anshin_device_text(apr_table_get(request->r->headers_in, "User-Agent"));

    if (terminal->label != NULL || key == NULL) {
        return terminal->label;
    }
    return anshin_page_say(request->page, key);
}

int anshin_page_register_credentials_get(anshin_portal_request_t *request)
{
    anshin_account_t account;
    anshin_terminal_t terminal;
    apr_status_t status = anshin_registration_find(&request->op, request->flow.token, &account, &terminal, NULL);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "registration link");
    }
    put_form(request, account.user, "", proposed_label(request, &terminal));
    return anshin_response_page(request, "register-credentials", HTTP_OK);
}

static int complain(anshin_portal_request_t *request, const anshin_registration_result_t *result)
{
    anshin_words_broken(request->page, result->password_broken);
    if (result->label_error != NULL) {
        anshin_page_error(request->page, "label", result->label_error);
    }
    anshin_words_answer(request->page, result->question_error, result->answer_error);
    return anshin_response_form(request, "register-credentials");
}

int anshin_page_register_credentials_post(anshin_portal_request_t *request)
{
    anshin_registration_form_t form = {.password = anshin_portal_request_text(request, "password"),
                                       .password_confirm = anshin_portal_request_text(request, "password_confirm"),
                                       .question = anshin_portal_request_text(request, "question"),
                                       .answer = anshin_portal_request_text(request, "answer"),
                                       .label = anshin_form_get(request->form, "label"),
                                       .language = request->page->language,
                                       .language_chosen = request->page->language_chosen};
    anshin_registration_result_t result;
    apr_status_t status = anshin_registration_complete(&request->op, request->flow.token, &form, &result);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "registration");
    }
    if (result.password_broken || result.label_error || result.question_error || result.answer_error) {
        put_form(request, result.user, form.question, form.label);
        anshin_page_value(request->page, "answer", form.answer);
        return complain(request, &result);
    }
    return anshin_response_flow(request, "/register/done");
}
