/*
 * Password change and change of question and answer (ACC-3).
 *
 * SECURITY: the current password proves the person; nothing typed into a password field is shown again.
 */
#include <string.h>

#include "portal/member.h"
#include "portal/route.h"

int anshin_password_get(anshin_exchange_t *x)
{
    if (anshin_form_get(x->query, "done") != NULL) {
        return anshin_member_done(x, "password", "/");
    }
    anshin_member_cancel(x);
    anshin_words_rules(x, 1);
    return anshin_answer_page(x, "password", HTTP_OK);
}

int anshin_password_post(anshin_exchange_t *x)
{
    static const char *const fields[] = {"current", "password", "password_confirm", NULL};
    anshin_member_t member = anshin_member_of(x);
    anshin_change_result_t result;
    apr_status_t status;

    anshin_member_cancel(x);
    anshin_words_rules(x, 1);
    if (anshin_member_too_long(x, fields) || !anshin_exchange_field(x, "current", ANSHIN_TYPED_MAX)) {
        return anshin_answer_form(x, "password");
    }
    status =
        anshin_password_change(&x->op, &member, anshin_member_field(x, "current"), anshin_member_field(x, "password"),
                               anshin_member_field(x, "password_confirm"), &result);
    if (status != APR_SUCCESS) {
        return anshin_member_failure(x, status, "password change");
    }
    if (result.proof.locked) {
        return anshin_answer_locked(x, result.proof.unlock_at);
    }
    anshin_words_broken(x, result.password_broken);
    if (anshin_member_complain(x, "current", &result.proof) || result.password_broken) {
        return anshin_answer_form(x, "password");
    }
    anshin_member_cookie(x, result.session_id);
    return anshin_answer_redirect(x, "/password?done=1");
}

int anshin_question_get(anshin_exchange_t *x)
{
    const anshin_member_t member = anshin_member_of(x);
    anshin_account_t account;
    apr_status_t status;

    if (anshin_form_get(x->query, "done") != NULL) {
        return anshin_member_done(x, "question", "/");
    }
    if ((status = anshin_member_read(&x->op, &member, &account)) != APR_SUCCESS) {
        return anshin_member_failure(x, status, "question");
    }
    anshin_member_cancel(x);
    anshin_words_questions(x, account.question ? account.question : "");
    return anshin_answer_page(x, "question", HTTP_OK);
}

int anshin_question_post(anshin_exchange_t *x)
{
    static const char *const fields[] = {"current", "question", "answer", NULL};
    anshin_member_t member = anshin_member_of(x);
    anshin_change_result_t result;
    apr_status_t status;

    anshin_member_cancel(x);
    anshin_words_questions(x, anshin_member_field(x, "question"));
    anshin_page_value(x->page, "answer", anshin_member_field(x, "answer"));
    if (anshin_member_too_long(x, fields) || !anshin_exchange_field(x, "current", ANSHIN_TYPED_MAX)) {
        return anshin_answer_form(x, "question");
    }
    status = anshin_question_change(&x->op, &member, anshin_member_field(x, "current"),
                                    anshin_member_field(x, "question"), anshin_member_field(x, "answer"), &result);
    if (status != APR_SUCCESS) {
        return anshin_member_failure(x, status, "question change");
    }
    if (result.proof.locked) {
        return anshin_answer_locked(x, result.proof.unlock_at);
    }
    anshin_words_answer(x, result.question_error, result.answer_error);
    if (anshin_member_complain(x, "current", &result.proof) || result.question_error || result.answer_error) {
        return anshin_answer_form(x, "question");
    }
    anshin_member_cookie(x, result.session_id);
    return anshin_answer_redirect(x, "/question?done=1");
}

/* The password again, before a sensitive change (ACC-7, S12). */
int anshin_reauthenticate_get(anshin_exchange_t *x)
{
    anshin_member_cancel(x);
    anshin_page_text(x->page, "return", anshin_form_get(x->query, "return"));
    return anshin_answer_page(x, "reauthenticate", HTTP_OK);
}

int anshin_reauthenticate_post(anshin_exchange_t *x)
{
    anshin_member_t member = anshin_member_of(x);
    const char *password = anshin_exchange_field(x, "password", ANSHIN_TYPED_MAX);
    const char *path, *session_id;
    anshin_proof_t proof;
    apr_status_t status;

    anshin_member_cancel(x);
    anshin_page_text(x->page, "return", anshin_form_get(x->form, "return"));
    if (!password) {
        return anshin_answer_form(x, "reauthenticate");
    }
    if ((status = anshin_member_prove(&x->op, &member, password, &proof, &session_id)) != APR_SUCCESS) {
        return anshin_member_failure(x, status, "re-authentication");
    }
    if (proof.locked) {
        return anshin_answer_locked(x, proof.unlock_at);
    }
    if (anshin_member_complain(x, "password", &proof)) {
        return anshin_answer_form(x, "reauthenticate");
    }
    anshin_member_cookie(x, session_id);
    path = anshin_exchange_return(x, anshin_member_field(x, "return"));
    return path != NULL ? anshin_page_redirect(x->r, path) : anshin_answer_redirect(x, anshin_member_start(x));
}
