/*
 * Password change and change of question and answer (ACC-3).
 *
 * SECURITY: the current password proves the person; nothing typed into a password field is shown again.
 */
#include <string.h>

#include "http/page_headers.h"
#include "portal/pages/member.h"
#include "portal/response/menu.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"
#include "portal/request/words.h"

int anshin_page_password_get(anshin_portal_request_t *request)
{
    int answer;

    if (anshin_form_get(request->query, "done") != NULL) {
        return anshin_response_done(request, "password", "/");
    }
    if ((answer = anshin_response_if_locked(request, request->session.user)) != DECLINED) {
        return answer;
    }
    anshin_menu_cancel(request);
    anshin_words_rules(request->page, 1);
    return anshin_response_page(request, "password", HTTP_OK);
}

int anshin_page_password_post(anshin_portal_request_t *request)
{
    static const char *const fields[] = {"current", "password", "password_confirm", NULL};
    anshin_member_t member = anshin_member_of(request);
    anshin_change_result_t result;
    apr_status_t status;

    anshin_menu_cancel(request);
    anshin_words_rules(request->page, 1);
    if (anshin_portal_request_too_long(request, fields) ||
        !anshin_portal_request_field(request, "current", ANSHIN_TYPED_MAX)) {
        return anshin_response_form(request, "password");
    }
    status = anshin_password_change(&request->op, &member, anshin_portal_request_text(request, "current"),
                                    anshin_portal_request_text(request, "password"),
                                    anshin_portal_request_text(request, "password_confirm"), &result);
    if (status != APR_SUCCESS) {
        return anshin_member_failure(request, status, "password change");
    }
    if (result.proof.locked) {
        return anshin_response_locked(request, request->session.user, &result.proof.lock);
    }
    anshin_words_broken(request->page, result.password_broken);
    if (anshin_member_complain(request, "current", &result.proof) || result.password_broken) {
        return anshin_response_form(request, "password");
    }
    anshin_member_cookie(request, result.session_id);
    return anshin_response_redirect(request, "/password?done=1");
}

int anshin_page_question_get(anshin_portal_request_t *request)
{
    const anshin_member_t member = anshin_member_of(request);
    anshin_account_t account;
    apr_status_t status;
    int answer;

    if (anshin_form_get(request->query, "done") != NULL) {
        return anshin_response_done(request, "question", "/");
    }
    if ((answer = anshin_response_if_locked(request, request->session.user)) != DECLINED) {
        return answer;
    }
    if ((status = anshin_member_read(&request->op, &member, &account)) != APR_SUCCESS) {
        return anshin_member_failure(request, status, "question");
    }
    anshin_menu_cancel(request);
    if (request->typed != NULL) {
        account.question = anshin_portal_request_text(request, "question");
    }
    anshin_words_questions(request->page, account.question ? account.question : "");
    return anshin_response_page(request, "question", HTTP_OK);
}

int anshin_page_question_post(anshin_portal_request_t *request)
{
    static const char *const fields[] = {"current", "question", "answer", NULL};
    anshin_member_t member = anshin_member_of(request);
    anshin_change_result_t result;
    apr_status_t status;

    anshin_menu_cancel(request);
    anshin_words_questions(request->page, anshin_portal_request_text(request, "question"));
    anshin_page_value(request->page, "answer", anshin_portal_request_text(request, "answer"));
    if (anshin_portal_request_too_long(request, fields) ||
        !anshin_portal_request_field(request, "current", ANSHIN_TYPED_MAX)) {
        return anshin_response_form(request, "question");
    }
    status = anshin_question_change(&request->op, &member, anshin_portal_request_text(request, "current"),
                                    anshin_portal_request_text(request, "question"),
                                    anshin_portal_request_text(request, "answer"), &result);
    if (status != APR_SUCCESS) {
        return anshin_member_failure(request, status, "question change");
    }
    if (result.proof.locked) {
        return anshin_response_locked(request, request->session.user, &result.proof.lock);
    }
    anshin_words_answer(request->page, result.question_error, result.answer_error);
    if (anshin_member_complain(request, "current", &result.proof) || result.question_error || result.answer_error) {
        return anshin_response_form(request, "question");
    }
    anshin_member_cookie(request, result.session_id);
    return anshin_response_redirect(request, "/question?done=1");
}

/* The password again, before a sensitive change (ACC-7, S12). */
int anshin_page_reauthenticate_get(anshin_portal_request_t *request)
{
    int kept = anshin_form_get(request->query, "kept") != NULL;
    int answer = anshin_response_if_locked(request, request->session.user);

    if (answer != DECLINED) {
        return answer;
    }
    if (kept || anshin_form_get(request->query, "lost") != NULL) { /* a form led here (U14) */
        anshin_page_alert(request->page, "notice",
                          anshin_page_say(request->page, kept ? "alerts.entry_waits" : "alerts.entry_again"));
    }
    anshin_menu_cancel(request);
    anshin_page_text(request->page, "return", anshin_form_get(request->query, "return"));
    return anshin_response_page(request, "reauthenticate", HTTP_OK);
}

int anshin_page_reauthenticate_post(anshin_portal_request_t *request)
{
    anshin_member_t member = anshin_member_of(request);
    const char *password = anshin_portal_request_field(request, "password", ANSHIN_TYPED_MAX);
    const char *path, *session_id;
    anshin_reauthentication_t proof;
    apr_status_t status;

    anshin_menu_cancel(request);
    anshin_page_text(request->page, "return", anshin_form_get(request->form, "return"));
    if (!password) {
        return anshin_response_form(request, "reauthenticate");
    }
    if ((status = anshin_member_prove(&request->op, &member, password, &proof, &session_id)) != APR_SUCCESS) {
        return anshin_member_failure(request, status, "re-authentication");
    }
    if (proof.locked) {
        return anshin_response_locked(request, request->session.user, &proof.lock);
    }
    if (anshin_member_complain(request, "password", &proof)) {
        return anshin_response_form(request, "reauthenticate");
    }
    anshin_member_cookie(request, session_id);
    path = anshin_portal_request_return(request, anshin_portal_request_text(request, "return"));
    return path != NULL ? anshin_page_redirect(request->r, path)
                        : anshin_response_redirect(request, anshin_menu_start(request));
}
