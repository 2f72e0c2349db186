/*
 * Login page (LOG-2 to LOG-5).
 *
 * SECURITY: faces everybody. Whatever failed gets one answer, the same body, status and headers (S8); which it was is
 * the core's to decide and to write down. The place to return to comes sealed, by nobody but us (S26).
 */
#include "portal/pages/login.h"

#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "core/certificate/certificate.h"
#include "core/login/login.h"
#include "core/web/cookie_header.h"
#include "core/web/return_path.h"
#include "portal/request/cookie.h"
#include "http/page_headers.h"
#include "portal/pages/help.h"
#include "portal/pages/login_on.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"

APLOG_USE_MODULE(anshin_portal);

static int show(anshin_portal_request_t *request, const char *sealed, int status)
{
    const anshin_policy_t *policy = &request->op.contract->policy;
    int certificates = ANSHIN_HAS(policy->methods, ANSHIN_METHOD_CERTIFICATE);

    anshin_page_text(request->page, "return", sealed);
    if (certificates && request->presented->state == ANSHIN_PRESENTED_GOOD) {
        anshin_page_text(request->page, "certificate_name", request->presented->name);
    }
    anshin_page_flag(request->page, "show_certificate_link", certificates);
    anshin_page_text(request->page, "help_url", anshin_portal_request_link(request, "/help"));
    if (ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_PASSWORD_REISSUE)) {
        anshin_page_text(request->page, "password_reissue_url",
                         anshin_portal_request_link(request, "/reissue/password"));
    }
    if (certificates && ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_CERTIFICATE_REISSUE)) {
        anshin_page_text(request->page, "certificate_reissue_url",
                         anshin_portal_request_link(request, "/reissue/certificate"));
    }
    if (certificates && ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_LOST_DEVICE)) {
        anshin_page_text(request->page, "lost_url", anshin_portal_request_link(request, "/lost"));
    }
    if (certificates && ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_RESEND)) {
        anshin_page_text(request->page, "resend_url", anshin_portal_request_link(request, "/resend"));
    }
    if (ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_USER_ID)) {
        anshin_page_text(request->page, "user_id_url", anshin_portal_request_link(request, "/user-id"));
    }
    if (!policy->mail_links) {
        anshin_page_text(request->page, "code_url", anshin_portal_request_link(request, "/code"));
    }
    anshin_page_announcements(request->page);
    if (status == HTTP_UNPROCESSABLE_ENTITY) {
        return anshin_response_form(request, "login");
    }
    return anshin_response_page(request, "login", status);
}

/* How the session of this browser's cookie has ended (U28). kept: a form waits for the login: its user looks at it
 * before it is sent once more, the more so where somebody else has ended the session (U14). */
static const char *ended_key(anshin_portal_request_t *request, int kept)
{
    static const char *const keys[][2] = {
        [ANSHIN_SESSION_GONE] = {"alerts.session_ended", "alerts.entry_kept"},
        [ANSHIN_SESSION_OVER] = {"alerts.session_over", "alerts.entry_kept"},
        [ANSHIN_SESSION_ENDED] = {"alerts.session_ended_elsewhere", "alerts.entry_kept_elsewhere"}};
    anshin_session_past_t past;

    if (anshin_portal_request_past(request, &past) != APR_SUCCESS) {
        anshin_portal_request_log(request, APLOG_WARNING, "AN1391", "no word of how the session has ended");
        past.end = ANSHIN_SESSION_GONE;
    }
    return keys[past.end][kept];
}

/* What was lost on the way here, or that a session has ended. */
static void put_notice(anshin_portal_request_t *request, const char *sealed)
{
    const char *lost = anshin_form_get(request->query, "lost");
    const char *key = NULL;

    if (anshin_form_get(request->query, "kept") != NULL) {
        key = ended_key(request, 1);
    } else if (lost != NULL && strcmp(lost, "form") == 0) {
        key = "alerts.entry_lost";
    } else if (lost != NULL && strcmp(lost, "address") == 0) {
        key = "alerts.address_lost";
    } else if (sealed != NULL && anshin_cookie_get(request->r, anshin_session_cookie(request->op.contract->name,
                                                                                     request->op.pool)) != NULL) {
        key = ended_key(request, 0);
    }
    if (key != NULL) {
        anshin_page_alert(request->page, "notice", anshin_page_say(request->page, key));
    }
}

int anshin_login_again(anshin_portal_request_t *request)
{
    const char *path;
    const char *sealed = anshin_login_return(request, &path);

    anshin_page_value(request->page, "user", anshin_form_get(request->form, "user"));
    anshin_page_alert(request->page, "error", anshin_page_say(request->page, "error.csrf.text"));
    return show(request, sealed, HTTP_FORBIDDEN);
}

/* Back to the page that has the frame, where the browser names it, or to what the frame would have shown. */
int anshin_login_framed(anshin_portal_request_t *request, int status)
{
    const char *page = anshin_return_of_referer(apr_table_get(request->r->headers_in, "Referer"),
                                                apr_table_get(request->r->headers_in, "Host"));
    const char *url = apr_pstrcat(request->op.pool, request->op.contract->portal_origin,
                                  anshin_portal_request_link(request, "/login"), NULL);
    const char *sealed;

    if (anshin_return_seal(&request->op, page != NULL ? page : request->r->unparsed_uri, &sealed) == APR_SUCCESS) {
        url = apr_pstrcat(request->op.pool, url, "?return=", sealed, NULL);
    }
    anshin_page_text(request->page, "login_url", url);
    request->page->framed = 1;
    return anshin_response_page(request, "framed", status);
}

/* Whoever comes with a certificate has its password to type and nothing else. The field can be changed, and what is
 * sent counts as ever (LOG-4); of anybody's certificate but the connection's own nothing is told. */
static void fill_in(anshin_portal_request_t *request)
{
    anshin_certificate_t own = {.user = NULL};

    /* Where certificates cannot be looked at, people type, and those without one still get in (S21). */
    if (ANSHIN_HAS(request->op.contract->policy.methods, ANSHIN_METHOD_CERTIFICATE) &&
        anshin_certificate_of(&request->op, request->presented, &own) != APR_SUCCESS) {
        anshin_portal_request_log(request, APLOG_WARNING, "AN1334", "no user ID is filled in");
        own.user = NULL;
    }
    anshin_page_value(request->page, "user", own.user);
    anshin_page_flag(request->page, own.user != NULL ? "at_password" : "at_user", 1);
}

int anshin_page_login_get(anshin_portal_request_t *request)
{
    const char *path;
    const char *sealed = anshin_login_return(request, &path);
    int answer;

    if (request->logged_in) { /* another tab has logged in meanwhile */
        return sealed != NULL ? anshin_page_redirect(request->r, path) : anshin_response_redirect(request, "/");
    }
    answer = anshin_help_gate(request);
    if (answer != DECLINED) {
        return answer;
    }
    fill_in(request);
    put_notice(request, sealed);
    return show(request, sealed, HTTP_OK);
}

void anshin_login_complain(anshin_portal_request_t *request, const anshin_login_result_t *result)
{
    anshin_response_challenge(request);
    anshin_page_alert(request->page, "error", anshin_page_say(request->page, "errors.login_wrong"));
    if (result->show == ANSHIN_SHOW_REMAINING) {
        anshin_page_text(
            request->page, "remaining_text",
            anshin_page_say_number(request->page, "errors.login_remaining", "remaining", result->remaining));
    } else if (result->show == ANSHIN_SHOW_LIMIT) {
        anshin_page_text(request->page, "remaining_text",
                         anshin_page_say_number(request->page, "errors.login_limit", "limit", result->limit));
    }
}

static int wrong(anshin_portal_request_t *request, const anshin_login_result_t *result, const char *sealed)
{
    int answer = anshin_help_gate(request);

    if (answer != DECLINED) {
        return answer;
    }
    anshin_login_complain(request, result);
    return show(request, sealed, HTTP_UNAUTHORIZED);
}

int anshin_page_login_post(anshin_portal_request_t *request)
{
    const char *path;
    const char *sealed = anshin_login_return(request, &path);
    const char *user = anshin_portal_request_field(request, "user", ANSHIN_LOGIN_USER_MAX);
    const char *password = anshin_portal_request_field(request, "password", ANSHIN_LOGIN_PASSWORD_MAX);
    anshin_login_result_t result;
    anshin_login_facts_t facts = {.user = user, .password = password, .presented = request->presented};
    apr_status_t status;

    anshin_page_value(request->page, "user", anshin_form_get(request->form, "user"));
    if (user == NULL || password == NULL) {
        return show(request, sealed, HTTP_UNPROCESSABLE_ENTITY);
    }
    facts.known = anshin_cookie_get(request->r, anshin_login_known_cookie(request));
    facts.old_session =
        anshin_cookie_get(request->r, anshin_session_cookie(request->op.contract->name, request->op.pool));
    status = anshin_flow_start(&request->op, &request->flow, ANSHIN_FLOW_LOGIN, "");
    if (status == APR_SUCCESS) {
        request->flow.expires_at = request->op.now + ANSHIN_LOGIN_STEP_LIFE;
        request->op.flow = &request->flow;
        status = anshin_login(&request->op, &facts, &result);
    }
    if (status != APR_SUCCESS) {
        return anshin_response_unavailable(request, status, "login");
    }
    switch (result.outcome) {
    case ANSHIN_LOGIN_LOCKED:
        return anshin_response_locked(request, user, &result.lock);
    case ANSHIN_LOGIN_THROTTLED:
        return anshin_response_throttled(request);
    case ANSHIN_LOGIN_WRONG:
        return wrong(request, &result, sealed);
    case ANSHIN_LOGIN_OK:
    case ANSHIN_LOGIN_NEED_CODE:
    case ANSHIN_LOGIN_MUST_CHANGE:
    case ANSHIN_LOGIN_RENEWED: /* neither was asked for */
    case ANSHIN_LOGIN_FULL:
        break;
    }
    return anshin_login_done(request, &result);
}
