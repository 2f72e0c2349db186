/*
 * Change of the login method (ACC-6): choose, confirm, done.
 */
#include <apr_strings.h>
#include <string.h>

#include "core/selfservice/method.h"
#include "core/selfservice/terminal.h"
#include "portal/response/flow_cookie.h"
#include "portal/pages/member.h"
#include "portal/response/menu.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"
#include "portal/request/words.h"

static const char *const steps[] = {"steps.method_choose", "steps.method_confirm", "steps.method_done", NULL};

static void put_form(anshin_portal_request_t *request, int selected)
{
    json_t *methods = json_array();

    for (const anshin_word_t *method = anshin_method_words; method->name != NULL; method++) {
        const char *key = apr_pstrcat(request->op.pool, "methods_description.", method->name, NULL);

        if (ANSHIN_HAS(request->op.contract->policy.methods, method->value)) {
            anshin_page_append(request->page, methods,
                               json_pack("{s:s, s:s, s:s, s:b}", "id", method->name, "text",
                                         anshin_words_method(request->page, method->value), "description",
                                         anshin_page_say(request->page, key), "selected", method->value == selected));
        }
    }
    anshin_page_put(request->page, request->page->page, "methods", methods);
    anshin_page_steps(request->page, steps, 0);
    anshin_menu_cancel(request);
    anshin_page_text(request->page, "action_url", anshin_portal_request_link(request, "/method"));
}

/* The form as it was chosen on it; *method: what was chosen. The key of a complaint, or NULL. */
static const char *put_chosen(anshin_portal_request_t *request, int *method)
{
    const char *error = NULL;

    *method = anshin_word_value(anshin_method_words, anshin_portal_request_text(request, "method"), -1);
    put_form(request, *method);
    if (*method < 0 || !ANSHIN_HAS(request->op.contract->policy.methods, *method)) {
        error = "errors.choose";
    } else if (*method == request->session.method) {
        error = "errors.same_method";
    }
    if (error != NULL) {
        anshin_page_error(request->page, "method", error);
    }
    return error;
}

int anshin_page_method_get(anshin_portal_request_t *request)
{
    int method;

    if (request->typed != NULL) {
        (void)put_chosen(request, &method);
        return anshin_response_form(request, "method");
    }
    put_form(request, (int)request->session.method);
    return anshin_response_page(request, "method", HTTP_OK);
}

int anshin_page_method_post(anshin_portal_request_t *request)
{
    int method;
    apr_status_t status;

    if (put_chosen(request, &method) != NULL) {
        return anshin_response_form(request, "method");
    }
    status = anshin_flow_start(&request->op, &request->flow, ANSHIN_FLOW_METHOD, request->session.user);
    if (status == APR_SUCCESS) {
        status = anshin_flow_note(&request->op, &request->flow, json_pack("{s:i}", "method", method));
    }
    return status == APR_SUCCESS ? anshin_response_flow_begun(request, "/method/confirm")
                                 : anshin_member_failure(request, status, "flow");
}

static int planned(const anshin_portal_request_t *request)
{
    return (int)anshin_flow_number(&request->flow, "method");
}

static void put_effects(anshin_portal_request_t *request, int to)
{
    json_t *effects = json_array();
    const char *keys[4] = {NULL, NULL, NULL, NULL};
    int count = 0;

    if (request->session.method == ANSHIN_METHOD_CERTIFICATE) {
        keys[count++] = "effects.certificate_revoke";
    }
    if (request->session.method == ANSHIN_METHOD_OTP) {
        keys[count++] = "effects.app_forget";
    }
    keys[count++] = to == ANSHIN_METHOD_CERTIFICATE ? "effects.certificate_issue"
                    : to == ANSHIN_METHOD_OTP       ? "effects.code_mail"
                                                    : "effects.password_only";
    keys[count++] = "effects.logout";
    for (int i = 0; i < count; i++) {
        anshin_page_append(request->page, effects, json_pack("{s:s}", "text", anshin_page_say(request->page, keys[i])));
    }
    anshin_page_put(request->page, request->page->page, "effects", effects);
}

int anshin_page_method_confirm_get(anshin_portal_request_t *request)
{
    int method = planned(request);
    json_t *rows = json_array();
    apr_array_header_t *views;
    const anshin_member_t member = anshin_member_of(request);
    apr_status_t status = anshin_terminals_view(&request->op, &member, &views);

    for (int i = 0; status == APR_SUCCESS && i < views->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(views, i, anshin_terminal_view_t).terminal;
        json_t *row = json_pack("{s:s}", "kind_text", anshin_words_kind(request->page, terminal->kind));

        anshin_page_long(request->page, row, "address", terminal->address);
        anshin_words_terminal(request->page, row, terminal->number, terminal->label);
        anshin_page_append(request->page, rows, row);
    }
    anshin_page_put(request->page, request->page->page, "terminals", rows);
    if (status != APR_SUCCESS) {
        return anshin_member_failure(request, status, "terminals");
    }
    anshin_page_text(request->page, "before_text", anshin_words_method(request->page, request->session.method));
    anshin_page_text(request->page, "after_text", anshin_words_method(request->page, method));
    put_effects(request, method);
    anshin_page_steps(request->page, steps, 1);
    anshin_page_text(request->page, "back_url", anshin_portal_request_link(request, "/method"));
    anshin_menu_cancel(request);
    anshin_page_text(request->page, "action_url",
                     anshin_portal_request_link(request, anshin_flow_cookie_path(request, "/method/confirm")));
    return anshin_response_page(request, "method-confirm", HTTP_OK);
}

int anshin_page_method_confirm_post(anshin_portal_request_t *request)
{
    anshin_member_t member = anshin_member_of(request);
    apr_array_header_t *issues;
    apr_status_t status = anshin_method_change(&request->op, &member, planned(request), &issues);

    status = status == ANSHIN_EINVALID ? ANSHIN_EDENIED : status; /* the account changed since the first page */
    if (status == APR_SUCCESS) {
        anshin_member_leaves(request);
    }
    return status == APR_SUCCESS ? anshin_response_flow(request, "/method/done")
                                 : anshin_response_failure(request, status, "login method");
}

int anshin_page_method_done_get(anshin_portal_request_t *request)
{
    apr_status_t status = anshin_member_show_result(request, NULL);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "download passwords");
    }
    anshin_page_flag(request->page, apr_pstrcat(request->op.pool, "to_", anshin_method_name(planned(request)), NULL),
                     1);
    anshin_page_text(request->page, "method_text", anshin_words_method(request->page, planned(request)));
    anshin_page_steps(request->page, steps, 2);
    anshin_page_text(request->page, "login_url", anshin_portal_request_link(request, "/login"));
    return anshin_response_page(request, "method-done", HTTP_OK);
}
