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

int anshin_method_get(anshin_exchange_t *x)
{
    put_form(x, (int)x->session.method);
    return anshin_answer_page(x, "method", HTTP_OK);
}

int anshin_method_post(anshin_exchange_t *x)
{
    int method = method_named(anshin_member_field(x, "method"));
    apr_status_t status;

    put_form(x, method);
    if (method < 0 || !ANSHIN_HAS(x->op.contract->policy.methods, method)) {
        anshin_page_error(x->page, "method", "errors.choose");
        return anshin_answer_form(x, "method");
    }
    if (method == x->session.method) {
        anshin_page_error(x->page, "method", "errors.same_method");
        return anshin_answer_form(x, "method");
    }
    anshin_flow_start(&x->op, &x->flow, ANSHIN_FLOW_METHOD, "");
    x->flow.note = apr_pstrcat(x->op.pool, anshin_method_name(method), " ", x->session.user, NULL);
    status = anshin_exchange_keep_flow(x);
    return status == APR_SUCCESS ? anshin_answer_redirect(x, "/method/confirm")
                                 : anshin_member_failure(x, status, "flow");
}

/* The method of the flow; -1 when it is another user's. */
static int planned(const anshin_exchange_t *x)
{
    const char *space = strchr(x->flow.note, ' ');

    if (!space || strcmp(space + 1, x->session.user) != 0) {
        return -1;
    }
    return method_named(apr_pstrmemdup(x->op.pool, x->flow.note, (apr_size_t)(space - x->flow.note)));
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
    if (method < 0) {
        return anshin_answer_link_invalid(x);
    }
    anshin_page_text(x->page, "before_text", anshin_words_method(x, x->session.method));
    anshin_page_text(x->page, "after_text", anshin_words_method(x, method));
    put_effects(x, method);
    anshin_page_steps(x->page, steps, 1);
    anshin_page_text(x->page, "back_url", anshin_exchange_link(x, "/method"));
    anshin_member_cancel(x);
    anshin_page_text(x->page, "action_url", anshin_exchange_link(x, "/method/confirm"));
    return anshin_answer_page(x, "method-confirm", HTTP_OK);
}

int anshin_method_confirm_post(anshin_exchange_t *x)
{
    anshin_member_t member = anshin_member_of(x);
    apr_array_header_t *issues;
    int method = planned(x);
    apr_status_t status = method < 0 ? ANSHIN_EDENIED : anshin_method_change(&x->op, &member, method, &issues);
    const char *note;

    if (status == ANSHIN_EDENIED || status == ANSHIN_EINVALID) {
        return anshin_answer_link_invalid(x);
    }
    if (status != APR_SUCCESS) {
        return anshin_member_failure(x, status, "login method");
    }
    anshin_member_leaves(x);
    note = anshin_method_name(method); /* then "TERMINAL PASSWORD ADDRESS" for each new certificate */
    for (int i = 0; i < issues->nelts; i++) {
        const anshin_method_issue_t *issue = &APR_ARRAY_IDX(issues, i, anshin_method_issue_t);
        const char *next = apr_psprintf(x->op.pool, "%s %" APR_INT64_T_FMT " %s %s", note, issue->terminal,
                                        issue->download_password, anshin_address_masked(issue->address, x->op.pool));
        note = strlen(next) <= ANSHIN_FLOW_NOTE_MAX ? next : note; /* what does not fit, the account page shows */
    }
    anshin_flow_finish(&x->op, &x->flow, NULL);
    x->flow.note = note;
    status = anshin_exchange_keep_flow(x);
    return status == APR_SUCCESS ? anshin_answer_redirect(x, "/method/done") : anshin_member_failure(x, status, "flow");
}

int anshin_method_done_get(anshin_exchange_t *x)
{
    char *at = apr_pstrdup(x->op.pool, x->flow.note), *last;
    const char *method = apr_strtok(at, " ", &last), *terminal;
    json_t *issues = json_array();

    if (!method) {
        return anshin_answer_link_invalid(x);
    }
    while ((terminal = apr_strtok(NULL, " ", &last)) != NULL) {
        const char *password = apr_strtok(NULL, " ", &last), *address = apr_strtok(NULL, " ", &last);
        anshin_page_append(x->page, issues,
                           json_pack("{s:s, s:s, s:s}", "terminal", terminal, "download_password",
                                     password ? password : "", "address", address ? address : ""));
    }
    anshin_page_put(x->page, x->page->page, "issues", issues);
    anshin_page_flag(x->page, apr_pstrcat(x->op.pool, "to_", method, NULL), 1);
    anshin_page_steps(x->page, steps, 2);
    anshin_page_text(x->page, "login_url", anshin_exchange_link(x, "/login"));
    if (!x->r->header_only) {
        anshin_exchange_forget_flow(x);
    }
    return anshin_answer_page(x, "method-done", HTTP_OK);
}
