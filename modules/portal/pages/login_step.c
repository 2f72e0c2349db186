/*
 * The steps between the right password and the session: one-time password (LOG-7), forced change (LOG-6).
 *
 * SECURITY: who it is and the step token that only the right password gives stand in the store, under the nonce that
 * only the browser has (S39).
 */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "core/login/login_change.h"
#include "core/login/login_code.h"
#include "core/web/cookie_header.h"
#include "portal/request/cookie.h"
#include "portal/response/flow_cookie.h"
#include "portal/pages/login_on.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"
#include "portal/request/words.h"

#define CODE_MAX 64          /* bytes typed */
#define SENT_BEFORE "before" /* in the query: a moment ago, so not again */

static void facts_of(anshin_portal_request_t *request, anshin_login_facts_t *facts)
{
    *facts = (anshin_login_facts_t){.user = request->flow.user, .password = "", .presented = request->presented};
    facts->old_session =
        anshin_cookie_get(request->r, anshin_session_cookie(request->op.contract->name, request->op.pool));
}

/* The flow has ended: the login begins anew. */
static int again(anshin_portal_request_t *request)
{
    anshin_flow_cookie_forget(request);
    return anshin_response_redirect(request, "/login");
}

static int failure(anshin_portal_request_t *request, apr_status_t status, const char *what)
{
    int answer;

    if (status == ANSHIN_EDENIED) {
        return anshin_response_went_on(request, &answer) ? answer : again(request);
    }
    return anshin_response_unavailable(request, status, what);
}

/* --- one-time password --- */

/* The chosen terminal, or the one that was sent to, or the first is marked; sent to: as the form before this page, or
 * one in another tab, had it done (U24). */
static void put_ways(anshin_portal_request_t *request, const anshin_code_ways_t *ways)
{
    const char *chosen = request->form ? anshin_form_get(request->form, "terminal") : NULL;
    json_t *rows = json_array();

    for (int i = 0; i < ways->terminals->nelts; i++) {
        const anshin_code_way_t *way = &APR_ARRAY_IDX(ways->terminals, i, anshin_code_way_t);
        const char *number = apr_psprintf(request->op.pool, "%" APR_INT64_T_FMT, way->terminal);
        int selected =
            chosen != NULL ? strcmp(chosen, number) == 0 : way->terminal == ways->sent || (ways->sent == 0 && i == 0);

        anshin_page_append(request->page, rows,
                           json_pack("{s:s, s:s, s:s, s:b}", "terminal", number, "kind_text",
                                     anshin_words_kind(request->page, way->kind), "address", way->address, "selected",
                                     selected));
        if (way->terminal == ways->sent) {
            anshin_page_text(request->page, "sent_text",
                             anshin_page_say_text(request->page, "login_code.sent", "address", way->address));
        }
    }
    anshin_page_put(request->page, request->page->page, "ways", rows);
    anshin_page_flag(request->page, "several", ways->terminals->nelts > 1);
    anshin_page_flag(request->page, "can_send", ways->terminals->nelts > 0);
}

/* What was typed is answered where it was typed, also when no code can be right any more. */
static int is_typed(const anshin_portal_request_t *request)
{
    return request->form != NULL && anshin_form_get(request->form, "send") == NULL;
}

static apr_status_t put_code_form(anshin_portal_request_t *request)
{
    anshin_code_ways_t ways;
    apr_status_t status = anshin_login_code_ways(&request->op, request->flow.user, request->flow.token, &ways);

    if (status != APR_SUCCESS) {
        return status;
    }
    put_ways(request, &ways);
    anshin_words_life(request->page, ways.until);
    anshin_page_flag(request->page, "app", ways.app);
    anshin_page_flag(request->page, "can_enter", ways.app || ways.sent != 0 || is_typed(request));
    anshin_page_text(request->page, "return",
                     anshin_form_get(request->form ? request->form : request->query, "return"));
    anshin_page_text(request->page, "cancel_url", anshin_portal_request_link(request, "/login"));
    return APR_SUCCESS;
}

int anshin_page_login_code_get(anshin_portal_request_t *request)
{
    apr_status_t status = put_code_form(request);
    int answer;

    if (status != APR_SUCCESS) {
        return failure(request, status, "login code");
    }
    if ((answer = anshin_response_if_locked(request, request->flow.user)) != DECLINED) {
        return answer;
    }
    if (anshin_form_get(request->query, SENT_BEFORE) != NULL) {
        anshin_page_alert(request->page, "notice", anshin_page_say(request->page, "errors.code_sent_recently"));
    }
    return anshin_response_page(request, "login-code", HTTP_OK);
}

/* Leads to the page again, so that its reload sends nothing (FLO-2). */
static int send_code(anshin_portal_request_t *request, const char *terminal)
{
    int number = strlen(terminal) < 10 ? (int)apr_atoi64(terminal) : 0;
    apr_status_t status = anshin_login_code_send(&request->op, request->flow.user, request->flow.token, number);

    if (status == ANSHIN_ENOTFOUND || status == ANSHIN_EINVALID) {
        anshin_page_error(request->page, "terminal",
                          status == ANSHIN_ENOTFOUND ? "errors.choose" : "errors.address_mails");
        return anshin_response_form(request, "login-code");
    }
    if (status != APR_SUCCESS && status != ANSHIN_ECONFLICT) {
        return failure(request, status, "login code");
    }
    return anshin_response_flow(request, status == APR_SUCCESS ? "/login/code" : "/login/code?" SENT_BEFORE "=1");
}

int anshin_page_login_code_post(anshin_portal_request_t *request)
{
    const char *terminal = anshin_portal_request_text(request, "terminal");
    anshin_login_facts_t facts;
    anshin_login_result_t result;
    const char *code;
    apr_status_t status = put_code_form(request);

    if (status != APR_SUCCESS) {
        return failure(request, status, "login code");
    }
    if (anshin_form_get(request->form, "send") != NULL) {
        return send_code(request, terminal);
    }
    if (!(code = anshin_portal_request_field(request, "code", CODE_MAX))) {
        return anshin_response_form(request, "login-code");
    }
    facts_of(request, &facts);
    status = anshin_login_code_check(&request->op, &facts, request->flow.token, code, &result);
    if (status != APR_SUCCESS) {
        return failure(request, status, "login code");
    }
    if (result.outcome == ANSHIN_LOGIN_LOCKED) {
        return anshin_response_locked(request, request->flow.user, &result.lock);
    }
    if (result.outcome == ANSHIN_LOGIN_WRONG) {
        anshin_words_wrong(request->page, "code", "errors.code_wrong", result.remaining);
        return anshin_response_form(request, "login-code");
    }
    return anshin_login_done(request, &result);
}

/* --- forced change --- */

/* With the reason: it is too old, or it is one that was reissued. */
static apr_status_t put_change_form(anshin_portal_request_t *request)
{
    int reissued;
    apr_status_t status = anshin_login_change_reason(&request->op, request->flow.user, &reissued);

    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_words_rules(request->page, 1);
    anshin_page_text(request->page, "user", request->flow.user);
    anshin_page_text(
        request->page, "reason_text",
        anshin_page_say(request->page, reissued ? "login_change.reason_reissued" : "login_change.reason_expired"));
    anshin_page_text(request->page, "return",
                     anshin_form_get(request->form ? request->form : request->query, "return"));
    anshin_page_text(request->page, "cancel_url", anshin_portal_request_link(request, "/login"));
    return APR_SUCCESS;
}

int anshin_page_login_change_get(anshin_portal_request_t *request)
{
    apr_status_t status = put_change_form(request);

    return status == APR_SUCCESS ? anshin_response_page(request, "login-change", HTTP_OK)
                                 : failure(request, status, "forced change");
}

int anshin_page_login_change_post(anshin_portal_request_t *request)
{
    static const char *const fields[] = {"password", "password_confirm", NULL};
    anshin_login_change_t typed;
    anshin_login_facts_t facts;
    anshin_login_result_t result;
    unsigned broken;
    apr_status_t status = put_change_form(request);

    if (status != APR_SUCCESS) {
        return failure(request, status, "forced change");
    }
    if (anshin_portal_request_too_long(request, fields)) {
        return anshin_response_form(request, "login-change");
    }
    facts_of(request, &facts);
    typed = (anshin_login_change_t){request->flow.token, anshin_portal_request_text(request, "password"),
                                    anshin_portal_request_text(request, "password_confirm")};
    status = anshin_login_change(&request->op, &facts, &typed, &broken, &result);
    if (status != APR_SUCCESS) {
        return failure(request, status, "forced change");
    }
    if (broken) {
        anshin_words_broken(request->page, broken);
        return anshin_response_form(request, "login-change");
    }
    return anshin_login_done(request, &result);
}
