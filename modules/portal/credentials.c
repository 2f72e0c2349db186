/*
 * Registration, page 2 (REG-3): password, secret question and answer.
 *
 * SECURITY: passwords go to the core and nowhere else; only question and answer are shown again.
 */
#include <apr_strings.h>
#include <string.h>

#include "core/registration.h"
#include "portal/member.h"
#include "portal/route.h"

static const char *const steps[] = {"steps.register_code", "steps.register_credentials", "steps.register_done", NULL};

/* The form for the user of this link. */
static void put_form(anshin_exchange_t *x, const char *user, const char *question)
{
    anshin_page_steps(x->page, steps, 1);
    anshin_page_text(x->page, "user", user);
    anshin_page_flag(x->page, "ask_question", 1);
    anshin_words_rules(x, 0);
    anshin_words_questions(x, question);
}

int anshin_credentials_get(anshin_exchange_t *x)
{
    anshin_account_t account;
    apr_status_t status = anshin_registration_find(&x->op, x->flow.token, &account);

    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "registration link");
    }
    put_form(x, account.user, "");
    return anshin_answer_page(x, "register-credentials", HTTP_OK);
}

static int complain(anshin_exchange_t *x, const anshin_registration_result_t *result)
{
    anshin_words_broken(x, result->password_broken);
    anshin_words_answer(x, result->question_error, result->answer_error);
    return anshin_answer_form(x, "register-credentials");
}

int anshin_credentials_post(anshin_exchange_t *x)
{
    anshin_registration_form_t form = {.password = anshin_member_field(x, "password"),
                                       .password_confirm = anshin_member_field(x, "password_confirm"),
                                       .question = anshin_member_field(x, "question"),
                                       .answer = anshin_member_field(x, "answer"),
                                       .language = x->page->language,
                                       .language_chosen = x->page->language_chosen};
    anshin_registration_result_t result;
    apr_status_t status = anshin_registration_complete(&x->op, x->flow.token, &form, &result);

    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "registration");
    }
    if (result.password_broken || result.question_error || result.answer_error) {
        put_form(x, result.user, form.question);
        anshin_page_value(x->page, "answer", form.answer);
        return complain(x, &result);
    }
    return anshin_answer_flow(x, "/register/done");
}
