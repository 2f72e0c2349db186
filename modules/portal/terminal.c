/*
 * Terminals: add, change, delete (ACC-5), each by way of a confirmation.
 *
 * SECURITY: what is confirmed travels sealed in the flow, whose user is compared by flow_cookie.c (S29); the core
 * checks it all again.
 */
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/terminal.h"
#include "portal/member.h"
#include "portal/route.h"

#define ADDRESS_TYPED_MAX 512 /* bytes typed */

#define CODE_MAX 64 /* the same of a code */

static const char *const steps[] = {"steps.terminal_edit", "steps.terminal_confirm", "steps.terminal_done", NULL};
static const char *const steps_with_code[] = {"steps.terminal_edit", "steps.terminal_confirm", "steps.terminal_code",
                                              "steps.terminal_done", NULL};

enum { STEP_EDIT, STEP_CONFIRM, STEP_CODE, STEP_DONE };

/* What the flow's note holds. */
typedef enum action_t { ACTION_ADD, ACTION_CHANGE, ACTION_DELETE } action_t;
static const char *const action_names[] = {"add", "change", "delete"};

typedef struct plan_t {
    action_t action;
    apr_int64_t number;
    int kind;
    int coded; /* the address needs a code (AnshinConfirmAddress) */
    const char *address;
} plan_t;

static int start(anshin_exchange_t *x, const plan_t *plan)
{
    apr_status_t status = anshin_flow_start(&x->op, &x->flow, ANSHIN_FLOW_TERMINAL, x->session.user);

    if (status == APR_SUCCESS) {
        status = anshin_flow_note(&x->op, &x->flow,
                                  json_pack("{s:i, s:I, s:i, s:i, s:s}", "action", (int)plan->action, "number",
                                            (json_int_t)plan->number, "kind", plan->kind, "coded", plan->coded,
                                            "address", plan->address));
    }
    return status == APR_SUCCESS ? anshin_answer_flow_begun(x, "/terminal/confirm")
                                 : anshin_member_failure(x, status, "flow");
}

static plan_t plan_of(const anshin_exchange_t *x)
{
    apr_int64_t action = anshin_flow_number(&x->flow, "action");
    plan_t plan = {action == ACTION_CHANGE || action == ACTION_DELETE ? (action_t)action : ACTION_ADD,
                   anshin_flow_number(&x->flow, "number"), (int)anshin_flow_number(&x->flow, "kind"),
                   (int)anshin_flow_number(&x->flow, "coded"), anshin_flow_text(&x->flow, "address")};

    return plan;
}

/* A deletion has nothing to type, so its flow begins with the confirmation. */
static void put_steps(anshin_exchange_t *x, const plan_t *plan, int step)
{
    int skip = plan->action == ACTION_DELETE;

    anshin_page_steps(x->page, (plan->coded ? steps_with_code : steps) + skip,
                      step - skip - (step == STEP_DONE && !plan->coded));
}

/* --- the form --- */

static void put_form(anshin_exchange_t *x, const plan_t *plan)
{
    json_t *kinds = json_array();

    for (int kind = 0; kind <= ANSHIN_TERMINAL_SMARTPHONE; kind++) {
        if (ANSHIN_HAS(x->op.contract->policy.terminal_kinds, kind)) {
            anshin_page_append(x->page, kinds,
                               json_pack("{s:s, s:s, s:b}", "id", anshin_terminal_kind_name(kind), "text",
                                         anshin_words_kind(x, kind), "selected", kind == plan->kind));
        }
    }
    anshin_page_put(x->page, x->page->page, "kinds", kinds);
    anshin_page_flag(x->page, action_names[plan->action], 1);
    anshin_member_title(x, "terminal_edit", action_names[plan->action]);
    if (plan->number) {
        anshin_page_put(x->page, x->page->page, "number", json_integer(plan->number));
    }
    put_steps(x, plan, STEP_EDIT);
    anshin_member_cancel(x);
    anshin_page_text(x->page, "action_url",
                     apr_psprintf(x->op.pool, plan->number ? "%s?n=%" APR_INT64_T_FMT : "%s",
                                  anshin_exchange_link(x, x->path), plan->number));
}

/* The number in the address; 0: none, or nonsense. */
static apr_int64_t wanted_number(const anshin_exchange_t *x)
{
    const char *text = anshin_form_get(x->query, "n");

    return text && *text && strlen(text) < 10 && strspn(text, "0123456789") == strlen(text) ? apr_atoi64(text) : 0;
}

static int typed_kind(const anshin_exchange_t *x)
{
    const char *kind = anshin_member_field(x, "kind");

    for (int i = 0; i <= ANSHIN_TERMINAL_SMARTPHONE; i++) {
        if (strcmp(kind, anshin_terminal_kind_name(i)) == 0) {
            return i;
        }
    }
    return -1;
}

static apr_status_t read_terminal(anshin_exchange_t *x, apr_int64_t number, anshin_terminal_t *terminal)
{
    const anshin_member_t member = anshin_member_of(x);

    return anshin_member_terminal(&x->op, &member, number, terminal);
}

/* Back from the confirmation, the form is as it was typed: the plan of the flow, when it is one for this form. */
static void came_back(anshin_exchange_t *x, plan_t *plan)
{
    plan_t kept;

    if (anshin_form_get(x->query, "back") == NULL ||
        anshin_exchange_open_flow(x, ANSHIN_FLOW_TERMINAL) != APR_SUCCESS || x->flow.stage != ANSHIN_STAGE_OPENED) {
        return;
    }
    kept = plan_of(x);
    if (kept.action == plan->action && kept.number == plan->number) {
        *plan = kept;
    }
}

/* The form as it was typed, with what is to be complained about; *plan: what was typed. *good: 1, it can be taken. */
static apr_status_t put_typed(anshin_exchange_t *x, plan_t *plan, int *good)
{
    anshin_member_t member = anshin_member_of(x);
    const char *address = anshin_exchange_field(x, "address", ADDRESS_TYPED_MAX);
    const char *confirm = anshin_member_field(x, "address_confirm");
    anshin_terminal_result_t result;
    apr_status_t status;

    *good = 0;
    plan->kind = typed_kind(x);
    put_form(x, plan);
    anshin_page_value(x->page, "address", anshin_member_field(x, "address"));
    anshin_page_value(x->page, "address_confirm", confirm);
    if (!address) {
        return APR_SUCCESS;
    }
    plan->address = anshin_address_typed(address, x->op.pool);
    status = anshin_terminal_check(&x->op, &member, plan->number, plan->address,
                                   anshin_address_typed(confirm, x->op.pool), plan->kind, &result);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (result.address_error) {
        anshin_page_error(x->page,
                          strcmp(result.address_error, "errors.address_mismatch") == 0 ? "address_confirm" : "address",
                          result.address_error);
    }
    if (result.kind_error) {
        anshin_page_error(x->page, "kind", result.kind_error);
    }
    if (result.error) {
        anshin_page_alert(x->page, "error",
                          anshin_page_say_number(x->page, result.error, "max", x->op.contract->policy.terminals_max));
    }
    plan->coded = result.needs_code;
    *good = !result.address_error && !result.kind_error && !result.error;
    return APR_SUCCESS;
}

static int no_form(anshin_exchange_t *x, apr_status_t status)
{
    return status == ANSHIN_ENOTFOUND ? anshin_answer_error(x, HTTP_NOT_FOUND)
                                      : anshin_member_failure(x, status, "terminal");
}

/* plan: what the form has before anybody types. */
static int draw_form(anshin_exchange_t *x, plan_t *plan)
{
    apr_status_t status;
    int good;

    if (x->typed != NULL) {
        status = put_typed(x, plan, &good);
        return status == APR_SUCCESS ? anshin_answer_form(x, "terminal-edit") : no_form(x, status);
    }
    came_back(x, plan);
    put_form(x, plan);
    anshin_page_value(x->page, "address", plan->address);
    anshin_page_value(x->page, "address_confirm", plan->address);
    return anshin_answer_page(x, "terminal-edit", HTTP_OK);
}

int anshin_terminal_add_get(anshin_exchange_t *x)
{
    plan_t plan = {ACTION_ADD, 0, ANSHIN_TERMINAL_PC, x->op.contract->policy.confirm_address, ""};

    return draw_form(x, &plan);
}

int anshin_terminal_change_get(anshin_exchange_t *x)
{
    plan_t plan = {ACTION_CHANGE, wanted_number(x), 0, 0, ""};
    anshin_terminal_t terminal;
    apr_status_t status = plan.number ? read_terminal(x, plan.number, &terminal) : ANSHIN_ENOTFOUND;

    if (status != APR_SUCCESS) {
        return no_form(x, status);
    }
    plan.kind = (int)terminal.kind;
    plan.address = terminal.address;
    return draw_form(x, &plan);
}

/* Both forms: check, then on to the confirmation. */
static int edit(anshin_exchange_t *x, action_t action, apr_int64_t number)
{
    plan_t plan = {action, number, 0, action == ACTION_ADD && x->op.contract->policy.confirm_address, ""};
    int good;
    apr_status_t status = put_typed(x, &plan, &good);

    if (status != APR_SUCCESS) {
        return no_form(x, status);
    }
    return good ? start(x, &plan) : anshin_answer_form(x, "terminal-edit");
}

int anshin_terminal_add_post(anshin_exchange_t *x)
{
    return edit(x, ACTION_ADD, 0);
}

int anshin_terminal_change_post(anshin_exchange_t *x)
{
    apr_int64_t number = wanted_number(x);

    return number ? edit(x, ACTION_CHANGE, number) : anshin_answer_error(x, HTTP_NOT_FOUND);
}

/* GET begins the flow in the browser alone; nothing changes on the server. */
int anshin_terminal_delete_get(anshin_exchange_t *x)
{
    plan_t plan = {ACTION_DELETE, wanted_number(x), 0, 0, ""};
    anshin_terminal_t terminal;
    apr_status_t status = plan.number ? read_terminal(x, plan.number, &terminal) : ANSHIN_ENOTFOUND;

    return status == APR_SUCCESS ? start(x, &plan) : no_form(x, status);
}

/* --- confirmation and result --- */

static const char *back_url(anshin_exchange_t *x, const plan_t *plan)
{
    switch (plan->action) {
    case ACTION_ADD:
        return anshin_exchange_link(x, anshin_exchange_flow_path(x, "/terminal/add?back=1"));
    case ACTION_CHANGE:
        return apr_psprintf(x->op.pool, "%s&n=%" APR_INT64_T_FMT,
                            anshin_exchange_link(x, anshin_exchange_flow_path(x, "/terminal/change?back=1")),
                            plan->number);
    case ACTION_DELETE:
        break;
    }
    return anshin_exchange_link(x, anshin_member_start(x));
}

static apr_status_t put_confirm(anshin_exchange_t *x, const plan_t *plan)
{
    anshin_terminal_t terminal;
    apr_status_t status = APR_SUCCESS;

    if (plan->action != ACTION_ADD && (status = read_terminal(x, plan->number, &terminal)) == APR_SUCCESS) {
        int erase = plan->action == ACTION_DELETE;
        anshin_page_put(x->page, x->page->page, "number", json_integer(plan->number));
        anshin_page_text(x->page, erase ? "address" : "former_address", terminal.address);
        anshin_page_text(x->page, erase ? "kind_text" : "former_kind_text", anshin_words_kind(x, terminal.kind));
        anshin_page_flag(x->page, "has_certificate", terminal.certificate != NULL);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (plan->action != ACTION_DELETE) {
        anshin_page_text(x->page, "address", plan->address);
        anshin_page_text(x->page, "kind_text", anshin_words_kind(x, plan->kind));
        anshin_page_flag(x->page, "has_certificate", x->session.method == ANSHIN_METHOD_CERTIFICATE);
    }
    anshin_page_flag(x->page, action_names[plan->action], 1);
    anshin_member_title(x, "terminal_confirm", action_names[plan->action]);
    put_steps(x, plan, STEP_CONFIRM);
    anshin_member_cancel(x);
    anshin_page_text(x->page, "action_url", anshin_exchange_link(x, anshin_exchange_flow_path(x, "/terminal/confirm")));
    anshin_page_text(x->page, "back_url", back_url(x, plan));
    if (plan->coded) {
        anshin_page_flag(x->page, "coded", 1);
        anshin_page_text(x->page, "action_text", anshin_page_say(x->page, "terminal_code.send"));
    }
    return APR_SUCCESS;
}

int anshin_terminal_confirm_get(anshin_exchange_t *x)
{
    plan_t plan = plan_of(x);
    apr_status_t status = put_confirm(x, &plan);

    return status == APR_SUCCESS ? anshin_answer_page(x, "terminal-confirm", HTTP_OK)
                                 : anshin_member_failure(x, status, "terminal");
}

/* What the flow is for; code: NULL, or what was typed of it. */
static apr_status_t execute(anshin_exchange_t *x, const plan_t *plan, const char *code,
                            anshin_terminal_result_t *result)
{
    anshin_member_t member = anshin_member_of(x);
    apr_status_t status = ANSHIN_EDENIED;

    switch (plan->action) {
    case ACTION_ADD:
        return anshin_terminal_add(&x->op, &member, plan->address, plan->kind, code, result);
    case ACTION_CHANGE:
        return anshin_terminal_change(&x->op, &member, plan->number, plan->address, plan->kind, code, result);
    case ACTION_DELETE:
        status = anshin_terminal_delete(&x->op, &member, plan->number, result);
        if (status == APR_SUCCESS && plan->number == x->session.terminal) {
            anshin_member_leaves(x);
        }
        break;
    }
    return status;
}

/* Leads to the page for the code, so that a reload sends nothing (FLO-2). DECLINED: none can be sent, and the page that
 * the caller draws says why. */
static int send_code(anshin_exchange_t *x, const plan_t *plan)
{
    anshin_member_t member = anshin_member_of(x);
    anshin_terminal_result_t result;
    apr_status_t status = anshin_terminal_code_send(&x->op, &member, plan->number, plan->address, plan->kind, &result);

    if (status == ANSHIN_ECONFLICT) {
        return anshin_answer_flow(x, "/terminal/code?sent=before");
    }
    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "terminal");
    }
    if (result.address_error || result.kind_error || !result.needs_code) {
        return anshin_answer_failure(x, ANSHIN_EDENIED, "terminal");
    }
    if (result.error) {
        anshin_page_alert(x->page, "error",
                          anshin_page_say_number(x->page, result.error, "max", x->op.contract->policy.terminals_max));
        return DECLINED;
    }
    return anshin_answer_flow(x, "/terminal/code");
}

int anshin_terminal_confirm_post(anshin_exchange_t *x)
{
    plan_t plan = plan_of(x);
    anshin_terminal_result_t result;
    int answer;
    apr_status_t status = execute(x, &plan, NULL, &result);

    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "terminal");
    }
    if (result.address_error || result.kind_error || result.error) { /* the account changed since the first page */
        return anshin_answer_failure(x, ANSHIN_EDENIED, "terminal");
    }
    if (!result.needs_code) {
        return anshin_answer_flow(x, "/terminal/done");
    }
    answer = send_code(x, &plan);
    if (answer == DECLINED) {
        status = put_confirm(x, &plan);
        answer = status == APR_SUCCESS ? anshin_answer_form(x, "terminal-confirm")
                                       : anshin_member_failure(x, status, "terminal");
    }
    return answer;
}

/* --- the code of a new address (ADR-1) --- */

static void put_code_form(anshin_exchange_t *x, const plan_t *plan)
{
    const char *here = anshin_exchange_link(x, anshin_exchange_flow_path(x, "/terminal/code"));

    anshin_page_text(x->page, "sent_text",
                     anshin_page_say_text(x->page, "terminal_code.sent", "address", plan->address));
    put_steps(x, plan, STEP_CODE);
    anshin_member_cancel(x);
    anshin_page_text(x->page, "action_url", here);
    anshin_page_text(x->page, "back_url", anshin_exchange_link(x, anshin_exchange_flow_path(x, "/terminal/confirm")));
}

int anshin_terminal_code_get(anshin_exchange_t *x)
{
    anshin_member_t member = anshin_member_of(x);
    plan_t plan = plan_of(x);
    const char *sent = anshin_form_get(x->query, "sent");
    apr_status_t status = plan.coded ? anshin_terminal_code_sent(&x->op, &member, plan.address) : ANSHIN_ENOTFOUND;

    if (status == ANSHIN_ENOTFOUND) { /* there is nothing to enter yet */
        return anshin_answer_flow(x, "/terminal/confirm");
    }
    if (status != APR_SUCCESS) {
        return anshin_member_failure(x, status, "address code");
    }
    put_code_form(x, &plan);
    if (sent != NULL && strcmp(sent, "before") == 0) {
        anshin_page_alert(x->page, "notice", anshin_page_say(x->page, "errors.code_sent_recently"));
    }
    return anshin_answer_page(x, "terminal-code", HTTP_OK);
}

int anshin_terminal_code_post(anshin_exchange_t *x)
{
    plan_t plan = plan_of(x);
    anshin_terminal_result_t result;
    const char *code;
    apr_status_t status;
    int answer;

    put_code_form(x, &plan);
    if (anshin_form_get(x->form, "send") != NULL) {
        answer = send_code(x, &plan);
        return answer == DECLINED ? anshin_answer_form(x, "terminal-code") : answer;
    }
    if ((code = anshin_exchange_field(x, "code", CODE_MAX)) == NULL) {
        return anshin_answer_form(x, "terminal-code");
    }
    status = execute(x, &plan, code, &result);
    if (status == APR_SUCCESS && result.code_error) {
        anshin_page_error(x->page, "code", result.code_error);
        return anshin_answer_form(x, "terminal-code");
    }
    if (status == APR_SUCCESS && (result.address_error || result.kind_error || result.error)) {
        status = ANSHIN_EDENIED;
    }
    return status == APR_SUCCESS ? anshin_answer_flow(x, "/terminal/done")
                                 : anshin_answer_failure(x, status, "terminal");
}

int anshin_terminal_done_get(anshin_exchange_t *x)
{
    plan_t plan = plan_of(x);
    apr_status_t status = anshin_member_show_result(x, NULL);

    if (status != APR_SUCCESS) {
        return anshin_member_failure(x, status, "download password");
    }
    anshin_page_flag(x->page, action_names[plan.action], 1);
    anshin_member_title(x, "terminal_done", action_names[plan.action]);
    put_steps(x, &plan, STEP_DONE);
    anshin_page_text(x->page, "next_url", anshin_exchange_link(x, anshin_member_start(x)));
    return anshin_answer_page(x, "terminal-done", HTTP_OK);
}
