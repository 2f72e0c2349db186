/*
 * Terminals: add, change, delete (ACC-5), or lost (LST-2), each by way of a confirmation.
 *
 * SECURITY: what is confirmed travels sealed in the flow, whose user is compared by flow_cookie.c (S29); the core
 * checks it all again.
 */
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/label.h"
#include "core/selfservice/terminal.h"
#include "portal/response/flow_cookie.h"
#include "portal/pages/member.h"
#include "portal/response/menu.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"
#include "portal/request/words.h"

#define ADDRESS_TYPED_MAX 512 /* bytes typed */

#define CODE_MAX 64 /* the same of a code */

static const char *const steps[] = {"steps.terminal_edit", "steps.terminal_confirm", "steps.terminal_done", NULL};
static const char *const steps_with_code[] = {"steps.terminal_edit", "steps.terminal_confirm", "steps.terminal_code",
                                              "steps.terminal_done", NULL};

enum { STEP_EDIT, STEP_CONFIRM, STEP_CODE, STEP_DONE };

/* What the flow's note holds. */
typedef enum action_t { ACTION_ADD, ACTION_CHANGE, ACTION_DELETE, ACTION_LOST } action_t;
static const char *const action_names[] = {"add", "change", "delete", "lost"};

/* A terminal as it is: there is nothing to type. */
static int takes_away(action_t action)
{
    return action == ACTION_DELETE || action == ACTION_LOST;
}

typedef struct plan_t {
    action_t action;
    apr_int64_t number;
    int kind;
    int coded; /* the address needs a code (AnshinConfirmAddress) */
    const char *address;
    const char *label;
} plan_t;

static anshin_terminal_typed_t typed_of(const plan_t *plan)
{
    return (anshin_terminal_typed_t){
        .number = plan->number, .address = plan->address, .kind = plan->kind, .label = plan->label};
}

/* Something of what was typed cannot be taken. */
static int is_refused(const anshin_terminal_result_t *result)
{
    return result->address_error || result->kind_error || result->label_error;
}

/* What speaks against the whole, if anything does. */
static void put_error(anshin_portal_request_t *request, const anshin_terminal_result_t *result)
{
    int max = request->op.contract->policy.terminals_max;

    if (result->error) {
        anshin_page_alert(request->page, "error", anshin_page_say_number(request->page, result->error, "max", max));
    }
}

static int start(anshin_portal_request_t *request, const plan_t *plan)
{
    apr_status_t status = anshin_flow_start(&request->op, &request->flow, ANSHIN_FLOW_TERMINAL, request->session.user);

    if (status == APR_SUCCESS) {
        status = anshin_flow_note(&request->op, &request->flow,
                                  json_pack("{s:i, s:I, s:i, s:i, s:s, s:s}", "action", (int)plan->action, "number",
                                            (json_int_t)plan->number, "kind", plan->kind, "coded", plan->coded,
                                            "address", plan->address, "label", plan->label));
    }
    return status == APR_SUCCESS ? anshin_response_flow_begun(request, "/terminal/confirm")
                                 : anshin_member_failure(request, status, "flow");
}

static plan_t plan_of(const anshin_portal_request_t *request)
{
    apr_int64_t action = anshin_flow_number(&request->flow, "action");
    plan_t plan = {action > ACTION_ADD && action <= ACTION_LOST ? (action_t)action : ACTION_ADD,
                   anshin_flow_number(&request->flow, "number"),
                   (int)anshin_flow_number(&request->flow, "kind"),
                   (int)anshin_flow_number(&request->flow, "coded"),
                   anshin_flow_text(&request->flow, "address"),
                   anshin_flow_text(&request->flow, "label")};

    return plan;
}

/* Where there is nothing to type the flow begins with the confirmation. */
static void put_steps(anshin_portal_request_t *request, const plan_t *plan, int step)
{
    int skip = takes_away(plan->action);

    anshin_page_steps(request->page, (plan->coded ? steps_with_code : steps) + skip,
                      step - skip - (step == STEP_DONE && !plan->coded));
}

/* page.terminal; one that is new has no number yet. */
static void put_terminal(anshin_portal_request_t *request, apr_int64_t number, const char *label)
{
    json_t *terminal = json_object();

    if (number) {
        anshin_words_terminal(request->page, terminal, number, label);
    }
    anshin_page_put(request->page, request->page->page, "terminal", terminal);
}

/* --- the form --- */

static void put_form(anshin_portal_request_t *request, const plan_t *plan)
{
    json_t *kinds = json_array();

    for (const anshin_word_t *kind = anshin_terminal_kind_words; kind->name != NULL; kind++) {
        if (ANSHIN_HAS(request->op.contract->policy.terminal_kinds, kind->value)) {
            anshin_page_append(request->page, kinds,
                               json_pack("{s:s, s:s, s:b}", "id", kind->name, "text",
                                         anshin_words_kind(request->page, kind->value), "selected",
                                         kind->value == plan->kind));
        }
    }
    anshin_page_put(request->page, request->page->page, "kinds", kinds);
    anshin_page_flag(request->page, action_names[plan->action], 1);
    anshin_response_title(request, "terminal_edit", action_names[plan->action]);
    put_terminal(request, plan->number, NULL);
    put_steps(request, plan, STEP_EDIT);
    anshin_menu_cancel(request);
    anshin_page_text(request->page, "action_url",
                     apr_psprintf(request->op.pool, plan->number ? "%s?n=%" APR_INT64_T_FMT : "%s",
                                  anshin_portal_request_link(request, request->path), plan->number));
}

static apr_status_t read_terminal(anshin_portal_request_t *request, apr_int64_t number, anshin_terminal_t *terminal)
{
    const anshin_member_t member = anshin_member_of(request);

    return anshin_member_terminal(&request->op, &member, number, terminal);
}

/* Back from the confirmation, the form is as it was typed: the plan of the flow, when it is one for this form. */
static void came_back(anshin_portal_request_t *request, plan_t *plan)
{
    plan_t kept;

    if (anshin_form_get(request->query, "back") == NULL ||
        anshin_flow_cookie_open(request, ANSHIN_FLOW_TERMINAL) != APR_SUCCESS ||
        request->flow.stage != ANSHIN_STAGE_OPENED) {
        return;
    }
    kept = plan_of(request);
    if (kept.action == plan->action && kept.number == plan->number) {
        *plan = kept;
    }
}

/* The form as it was typed, with what is to be complained about; *plan: what was typed. *good: 1, it can be taken. */
static apr_status_t put_typed(anshin_portal_request_t *request, plan_t *plan, int *good)
{
    anshin_member_t member = anshin_member_of(request);
    const char *address = anshin_portal_request_field(request, "address", ADDRESS_TYPED_MAX);
    const char *confirm = anshin_portal_request_text(request, "address_confirm");
    anshin_terminal_typed_t typed;
    anshin_terminal_result_t result;
    apr_status_t status;

    *good = 0;
    plan->label = anshin_portal_request_text(request, "label");
    plan->kind = anshin_word_value(anshin_terminal_kind_words, anshin_portal_request_text(request, "kind"), -1);
    put_form(request, plan);
    anshin_page_value(request->page, "address", anshin_portal_request_text(request, "address"));
    anshin_page_value(request->page, "address_confirm", confirm);
    anshin_page_value(request->page, "label", plan->label);
    if (!address) {
        return APR_SUCCESS;
    }
    plan->address = anshin_address_typed(address, request->op.pool);
    typed = typed_of(plan);
    typed.confirm = anshin_address_typed(confirm, request->op.pool);
    status = anshin_terminal_check(&request->op, &member, &typed, &result);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (result.address_error) {
        int mismatch = strcmp(result.address_error, "errors.address_mismatch") == 0;
        anshin_page_error(request->page, mismatch ? "address_confirm" : "address", result.address_error);
    }
    if (result.kind_error) {
        anshin_page_error(request->page, "kind", result.kind_error);
    }
    if (result.label_error) {
        anshin_page_error(request->page, "label", result.label_error);
    }
    put_error(request, &result);
    plan->label = result.label_error ? "" : anshin_label_typed(plan->label, request->op.pool);
    plan->coded = result.needs_code;
    *good = !is_refused(&result) && !result.error;
    return APR_SUCCESS;
}

static int no_form(anshin_portal_request_t *request, apr_status_t status)
{
    return status == ANSHIN_ENOTFOUND ? anshin_response_error(request, HTTP_NOT_FOUND)
                                      : anshin_member_failure(request, status, "terminal");
}

/* plan: what the form has before anybody types. */
static int draw_form(anshin_portal_request_t *request, plan_t *plan)
{
    apr_status_t status;
    int good;

    if (request->typed != NULL) {
        status = put_typed(request, plan, &good);
        return status == APR_SUCCESS ? anshin_response_form(request, "terminal-edit") : no_form(request, status);
    }
    came_back(request, plan);
    put_form(request, plan);
    anshin_page_value(request->page, "address", plan->address);
    anshin_page_value(request->page, "address_confirm", plan->address);
    anshin_page_value(request->page, "label", plan->label);
    return anshin_response_page(request, "terminal-edit", HTTP_OK);
}

int anshin_page_terminal_add_get(anshin_portal_request_t *request)
{
    plan_t plan = {ACTION_ADD, 0, ANSHIN_TERMINAL_PC, request->op.contract->policy.confirm_address, "", ""};
    const anshin_member_t member = anshin_member_of(request);
    const int max = request->op.contract->policy.terminals_max;
    apr_array_header_t *terminals;
    apr_status_t status = anshin_member_terminals(&request->op, &member, &terminals);

    if (status != APR_SUCCESS) {
        return no_form(request, status);
    }
    if (terminals->nelts >= max) {
        anshin_page_alert(request->page, "notice",
                          anshin_page_say_number(request->page, "errors.terminal_max", "max", max));
    }
    return draw_form(request, &plan);
}

int anshin_page_terminal_change_get(anshin_portal_request_t *request)
{
    plan_t plan = {ACTION_CHANGE, anshin_member_number(request), 0, 0, "", ""};
    anshin_terminal_t terminal;
    apr_status_t status = plan.number ? read_terminal(request, plan.number, &terminal) : ANSHIN_ENOTFOUND;

    if (status != APR_SUCCESS) {
        return no_form(request, status);
    }
    plan.kind = (int)terminal.kind;
    plan.address = terminal.address;
    plan.label = terminal.label ? terminal.label : "";
    return draw_form(request, &plan);
}

/* Both forms: check, then on to the confirmation. */
static int edit(anshin_portal_request_t *request, action_t action, apr_int64_t number)
{
    plan_t plan = {action, number, 0, action == ACTION_ADD && request->op.contract->policy.confirm_address, "", ""};
    int good;
    apr_status_t status = put_typed(request, &plan, &good);

    if (status != APR_SUCCESS) {
        return no_form(request, status);
    }
    return good ? start(request, &plan) : anshin_response_form(request, "terminal-edit");
}

int anshin_page_terminal_add_post(anshin_portal_request_t *request)
{
    return edit(request, ACTION_ADD, 0);
}

int anshin_page_terminal_change_post(anshin_portal_request_t *request)
{
    apr_int64_t number = anshin_member_number(request);

    return number ? edit(request, ACTION_CHANGE, number) : anshin_response_error(request, HTTP_NOT_FOUND);
}

/* GET begins the flow in the browser alone; nothing changes on the server. */
static int begin(anshin_portal_request_t *request, action_t action)
{
    plan_t plan = {action, anshin_member_number(request), 0, 0, "", ""};
    anshin_terminal_t terminal;
    apr_status_t status = plan.number ? read_terminal(request, plan.number, &terminal) : ANSHIN_ENOTFOUND;

    if (status != APR_SUCCESS) {
        return no_form(request, status);
    }
    plan.address = terminal.address; /* for the last page, when it may be gone */
    plan.kind = (int)terminal.kind;
    plan.label = terminal.label ? terminal.label : "";
    return start(request, &plan);
}

int anshin_page_terminal_delete_get(anshin_portal_request_t *request)
{
    return begin(request, ACTION_DELETE);
}

int anshin_page_terminal_lost_get(anshin_portal_request_t *request)
{
    return begin(request, ACTION_LOST);
}

/* --- confirmation and result --- */

/* To the form; NULL: there was none, and the way out is the way back (U30). */
static const char *back_url(anshin_portal_request_t *request, const plan_t *plan)
{
    switch (plan->action) {
    case ACTION_ADD:
        return anshin_portal_request_link(request, anshin_flow_cookie_path(request, "/terminal/add?back=1"));
    case ACTION_CHANGE:
        return apr_psprintf(
            request->op.pool, "%s&n=%" APR_INT64_T_FMT,
            anshin_portal_request_link(request, anshin_flow_cookie_path(request, "/terminal/change?back=1")),
            plan->number);
    case ACTION_DELETE:
    case ACTION_LOST:
        break;
    }
    return NULL;
}

static apr_status_t put_confirm(anshin_portal_request_t *request, const plan_t *plan)
{
    anshin_terminal_t terminal;
    apr_status_t status = APR_SUCCESS;

    if (plan->action != ACTION_ADD && (status = read_terminal(request, plan->number, &terminal)) == APR_SUCCESS) {
        int erase = takes_away(plan->action);
        put_terminal(request, plan->number, terminal.label);
        anshin_page_text(request->page, "former_label", terminal.label);
        anshin_page_long(request->page, request->page->page, erase ? "address" : "former_address", terminal.address);
        anshin_page_text(request->page, erase ? "kind_text" : "former_kind_text",
                         anshin_words_kind(request->page, terminal.kind));
        anshin_page_flag(request->page, "has_certificate", terminal.certificate != NULL || terminal.renewing != NULL);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (!takes_away(plan->action)) {
        anshin_page_long(request->page, request->page->page, "address", plan->address);
        anshin_page_text(request->page, "label", *plan->label ? plan->label : NULL);
        anshin_page_text(request->page, "kind_text", anshin_words_kind(request->page, plan->kind));
        anshin_page_flag(request->page, "has_certificate", request->session.method == ANSHIN_METHOD_CERTIFICATE);
    }
    anshin_page_flag(request->page, action_names[plan->action], 1);
    anshin_response_title(request, "terminal_confirm", action_names[plan->action]);
    put_steps(request, plan, STEP_CONFIRM);
    anshin_menu_cancel(request);
    anshin_page_text(request->page, "action_url",
                     anshin_portal_request_link(request, anshin_flow_cookie_path(request, "/terminal/confirm")));
    anshin_page_text(request->page, "back_url", back_url(request, plan));
    if (plan->coded) {
        anshin_page_flag(request->page, "coded", 1);
        anshin_page_text(request->page, "action_text", anshin_page_say(request->page, "terminal_code.send"));
    }
    return APR_SUCCESS;
}

int anshin_page_terminal_confirm_get(anshin_portal_request_t *request)
{
    plan_t plan = plan_of(request);
    apr_status_t status = put_confirm(request, &plan);

    return status == APR_SUCCESS ? anshin_response_page(request, "terminal-confirm", HTTP_OK)
                                 : anshin_member_failure(request, status, "terminal");
}

/* What the flow is for; code: NULL, or what was typed of it. */
static apr_status_t execute(anshin_portal_request_t *request, const plan_t *plan, const char *code,
                            anshin_terminal_result_t *result)
{
    anshin_member_t member = anshin_member_of(request);
    anshin_terminal_typed_t typed = typed_of(plan);
    apr_status_t status = ANSHIN_EDENIED;

    typed.code = code;
    switch (plan->action) {
    case ACTION_ADD:
        return anshin_terminal_add(&request->op, &member, &typed, result);
    case ACTION_CHANGE:
        return anshin_terminal_change(&request->op, &member, &typed, result);
    case ACTION_DELETE:
        status = anshin_terminal_delete(&request->op, &member, plan->number, result);
        break;
    case ACTION_LOST:
        status = anshin_terminal_lost(&request->op, &member, plan->number, result);
        break;
    }
    if (status == APR_SUCCESS && !result->error && takes_away(plan->action) &&
        plan->number == request->session.terminal) {
        anshin_member_leaves(request);
    }
    return status;
}

/* Leads to the page for the code, so that a reload sends nothing (FLO-2). DECLINED: none can be sent, and the page that
 * the caller draws says why. */
static int send_code(anshin_portal_request_t *request, const plan_t *plan)
{
    anshin_member_t member = anshin_member_of(request);
    const anshin_terminal_typed_t typed = typed_of(plan);
    anshin_terminal_result_t result;
    apr_status_t status = anshin_terminal_code_send(&request->op, &member, &typed, &result);

    if (status == ANSHIN_ECONFLICT) {
        return anshin_response_flow(request, "/terminal/code?sent=before");
    }
    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "terminal");
    }
    if (is_refused(&result) || !result.needs_code) {
        return anshin_response_failure(request, ANSHIN_EDENIED, "terminal");
    }
    if (result.error) {
        put_error(request, &result);
        return DECLINED;
    }
    return anshin_response_flow(request, "/terminal/code");
}

int anshin_page_terminal_confirm_post(anshin_portal_request_t *request)
{
    plan_t plan = plan_of(request);
    anshin_terminal_result_t result;
    int answer;
    apr_status_t status = execute(request, &plan, NULL, &result);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "terminal");
    }
    if (is_refused(&result) || result.error) { /* the account changed since the first page */
        return anshin_response_failure(request, ANSHIN_EDENIED, "terminal");
    }
    if (!result.needs_code) {
        return anshin_response_flow(request, "/terminal/done");
    }
    answer = send_code(request, &plan);
    if (answer == DECLINED) {
        status = put_confirm(request, &plan);
        answer = status == APR_SUCCESS ? anshin_response_form(request, "terminal-confirm")
                                       : anshin_member_failure(request, status, "terminal");
    }
    return answer;
}

/* --- the code of a new address (ADR-1) --- */

static void put_code_form(anshin_portal_request_t *request, const plan_t *plan)
{
    const char *here = anshin_portal_request_link(request, anshin_flow_cookie_path(request, "/terminal/code"));

    anshin_page_text(request->page, "sent_text",
                     anshin_page_say_text(request->page, "terminal_code.sent", "address", plan->address));
    anshin_page_text(request->page, "code_label", anshin_page_say(request->page, "terminal_code.label"));
    anshin_page_label(request->page, "code", "terminal_code.label");
    put_steps(request, plan, STEP_CODE);
    anshin_menu_cancel(request);
    anshin_page_text(request->page, "action_url", here);
    anshin_page_text(request->page, "back_url",
                     anshin_portal_request_link(request, anshin_flow_cookie_path(request, "/terminal/confirm")));
}

int anshin_page_terminal_code_get(anshin_portal_request_t *request)
{
    anshin_member_t member = anshin_member_of(request);
    plan_t plan = plan_of(request);
    const char *sent = anshin_form_get(request->query, "sent");
    apr_status_t status =
        plan.coded ? anshin_terminal_code_sent(&request->op, &member, plan.address) : ANSHIN_ENOTFOUND;

    if (status == ANSHIN_ENOTFOUND) { /* there is nothing to enter yet */
        return anshin_response_flow(request, "/terminal/confirm");
    }
    if (status != APR_SUCCESS) {
        return anshin_member_failure(request, status, "address code");
    }
    put_code_form(request, &plan);
    if (sent != NULL && strcmp(sent, "before") == 0) {
        anshin_page_alert(request->page, "notice", anshin_page_say(request->page, "errors.code_sent_recently"));
    }
    return anshin_response_page(request, "terminal-code", HTTP_OK);
}

int anshin_page_terminal_code_post(anshin_portal_request_t *request)
{
    plan_t plan = plan_of(request);
    anshin_terminal_result_t result;
    const char *code;
    apr_status_t status;
    int answer;

    put_code_form(request, &plan);
    if (anshin_form_get(request->form, "send") != NULL) {
        answer = send_code(request, &plan);
        return answer == DECLINED ? anshin_response_form(request, "terminal-code") : answer;
    }
    if ((code = anshin_portal_request_field(request, "code", CODE_MAX)) == NULL) {
        return anshin_response_form(request, "terminal-code");
    }
    status = execute(request, &plan, code, &result);
    if (status == APR_SUCCESS && result.code_error) {
        anshin_page_error(request->page, "code", result.code_error);
        return anshin_response_form(request, "terminal-code");
    }
    if (status == APR_SUCCESS && (is_refused(&result) || result.error)) {
        status = ANSHIN_EDENIED;
    }
    return status == APR_SUCCESS ? anshin_response_flow(request, "/terminal/done")
                                 : anshin_response_failure(request, status, "terminal");
}

int anshin_page_terminal_done_get(anshin_portal_request_t *request)
{
    plan_t plan = plan_of(request);
    apr_status_t status = anshin_member_show_result(request, NULL);

    if (status != APR_SUCCESS) {
        return anshin_member_failure(request, status, "download password");
    }
    anshin_page_flag(request->page, action_names[plan.action], 1);
    anshin_response_title(request, "terminal_done", action_names[plan.action]);
    put_steps(request, &plan, STEP_DONE);
    if (plan.action == ACTION_DELETE) {
        anshin_member_show_outcome(
            request, &(anshin_terminal_t){
                         .number = plan.number, .label = plan.label, .kind = plan.kind, .address = plan.address});
    }
    anshin_page_text(request->page, "next_url", anshin_portal_request_link(request, anshin_menu_start(request)));
    return anshin_response_page(request, "terminal-done", HTTP_OK);
}
