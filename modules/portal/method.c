/*
 * Change of the login method (ACC-6): choose, confirm, done.
 */
#include <apr_strings.h>
#include <string.h>

#include "core/method.h"
#include "core/terminal.h"
#include "portal/member.h"
#include "portal/route.h"

static const char *const steps[] = {"steps.method_choose", "steps.method_confirm", "steps.method_done", NULL};

static int method_named(const char *name)
{
    for (int i = 0; i <= ANSHIN_METHOD_CERTIFICATE; i++) {
        if (strcmp(name, anshin_method_name(i)) == 0) {
            return i;
        }
    }
    return -1;
}

static void put_form(anshin_exchange_t *x, int selected)
{
    json_t *methods = json_array();

    for (int i = 0; i <= ANSHIN_METHOD_CERTIFICATE; i++) {
        const char *key = apr_pstrcat(x->op.pool, "methods_description.", anshin_method_name(i), NULL);
        if (ANSHIN_HAS(x->op.contract->policy.methods, i)) {
            anshin_page_append(x->page, methods,
                               json_pack("{s:s, s:s, s:s, s:b}", "id", anshin_method_name(i), "text",
                                         anshin_words_method(x, i), "description", anshin_page_say(x->page, key),
                                         "selected", i == selected));
        }
    }
    anshin_page_put(x->page, x->page->page, "methods", methods);
    anshin_page_steps(x->page, steps, 0);
    anshin_member_cancel(x);
    anshin_page_text(x->page, "action_url", anshin_exchange_link(x, "/method"));
}

/* The form as it was chosen on it; *method: what was chosen. The key of a complaint, or NULL. */
static const char *put_chosen(anshin_exchange_t *x, int *method)
{
    const char *error = NULL;

    *method = method_named(anshin_member_field(x, "method"));
    put_form(x, *method);
    if (*method < 0 || !ANSHIN_HAS(x->op.contract->policy.methods, *method)) {
        error = "errors.choose";
    } else if (*method == x->session.method) {
        error = "errors.same_method";
    }
    if (error != NULL) {
        anshin_page_error(x->page, "method", error);
    }
    return error;
}

int anshin_method_get(anshin_exchange_t *x)
{
    int method;

    if (x->typed != NULL) {
        (void)put_chosen(x, &method);
        return anshin_answer_form(x, "method");
    }
    put_form(x, (int)x->session.method);
    return anshin_answer_page(x, "method", HTTP_OK);
}

int anshin_method_post(anshin_exchange_t *x)
{
    int method;
    apr_status_t status;

    if (put_chosen(x, &method) != NULL) {
        return anshin_answer_form(x, "method");
    }
    status = anshin_flow_start(&x->op, &x->flow, ANSHIN_FLOW_METHOD, x->session.user);
    if (status == APR_SUCCESS) {
        status = anshin_flow_note(&x->op, &x->flow, json_pack("{s:i}", "method", method));
    }
    return status == APR_SUCCESS ? anshin_answer_flow_begun(x, "/method/confirm")
                                 : anshin_member_failure(x, status, "flow");
}

static int planned(const anshin_exchange_t *x)
{
    return (int)anshin_flow_number(&x->flow, "method");
}

static void put_effects(anshin_exchange_t *x, int to)
{
    json_t *effects = json_array();
    const char *keys[4] = {NULL, NULL, NULL, NULL};
    int count = 0;

    if (x->session.method == ANSHIN_METHOD_CERTIFICATE) {
        keys[count++] = "effects.certificate_revoke";
    }
    if (x->session.method == ANSHIN_METHOD_OTP) {
        keys[count++] = "effects.app_forget";
    }
    keys[count++] = to == ANSHIN_METHOD_CERTIFICATE ? "effects.certificate_issue"
                    : to == ANSHIN_METHOD_OTP       ? "effects.code_mail"
                                                    : "effects.password_only";
    keys[count++] = "effects.logout";
    for (int i = 0; i < count; i++) {
        anshin_page_append(x->page, effects, json_pack("{s:s}", "text", anshin_page_say(x->page, keys[i])));
    }
    anshin_page_put(x->page, x->page->page, "effects", effects);
}

int anshin_method_confirm_get(anshin_exchange_t *x)
{
    int method = planned(x);
    json_t *rows = json_array();
    apr_array_header_t *views;
    const anshin_member_t member = anshin_member_of(x);
    apr_status_t status = anshin_terminals_view(&x->op, &member, &views);

    for (int i = 0; status == APR_SUCCESS && i < views->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(views, i, anshin_terminal_view_t).terminal;
        anshin_page_append(x->page, rows,
                           json_pack("{s:I, s:s, s:s}", "number", (json_int_t)terminal->number, "kind_text",
                                     anshin_words_kind(x, terminal->kind), "address", terminal->address));
    }
    anshin_page_put(x->page, x->page->page, "terminals", rows);
    if (status != APR_SUCCESS) {
        return anshin_member_failure(x, status, "terminals");
    }
    anshin_page_text(x->page, "before_text", anshin_words_method(x, x->session.method));
    anshin_page_text(x->page, "after_text", anshin_words_method(x, method));
    put_effects(x, method);
    anshin_page_steps(x->page, steps, 1);
    anshin_page_text(x->page, "back_url", anshin_exchange_link(x, "/method"));
    anshin_member_cancel(x);
    anshin_page_text(x->page, "action_url", anshin_exchange_link(x, anshin_exchange_flow_path(x, "/method/confirm")));
    return anshin_answer_page(x, "method-confirm", HTTP_OK);
}

int anshin_method_confirm_post(anshin_exchange_t *x)
{
    anshin_member_t member = anshin_member_of(x);
    apr_array_header_t *issues;
    apr_status_t status = anshin_method_change(&x->op, &member, planned(x), &issues);

    status = status == ANSHIN_EINVALID ? ANSHIN_EDENIED : status; /* the account changed since the first page */
    if (status == APR_SUCCESS) {
        anshin_member_leaves(x);
    }
    return status == APR_SUCCESS ? anshin_answer_flow(x, "/method/done")
                                 : anshin_answer_failure(x, status, "login method");
}

int anshin_method_done_get(anshin_exchange_t *x)
{
    apr_status_t status = anshin_member_show_result(x, NULL);

    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "download passwords");
    }
    anshin_page_flag(x->page, apr_pstrcat(x->op.pool, "to_", anshin_method_name(planned(x)), NULL), 1);
    anshin_page_steps(x->page, steps, 2);
    anshin_page_text(x->page, "login_url", anshin_exchange_link(x, "/login"));
    return anshin_answer_page(x, "method-done", HTTP_OK);
}
