/*
 * Login page (LOG-2 to LOG-5).
 *
 * SECURITY: faces everybody. Whatever failed gets one answer, the same body, status and headers (S8); which it was is
 * the core's to decide and to write down. The place to return to comes sealed, by nobody but us (S26).
 */
#include "portal/route.h"

#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "core/cookie_header.h"
#include "core/return_path.h"
#include "httpd/cookie.h"
#include "portal/login.h"
#include "portal/member.h"

APLOG_USE_MODULE(anshin_portal);

#define USER_MAX 256      /* bytes typed; longer than any user ID in full width */
#define PASSWORD_MAX 1024 /* bytes typed; beyond any contract's maximum */
#define KNOWN_LIFE (400 * 86400)

/* Where the browser keeps the mark of its last login; no contract's name has that sign, so it is nobody's session. */
static const char *known_cookie(const anshin_exchange_t *x)
{
    return apr_pstrcat(x->op.pool, ANSHIN_SESSION_COOKIE_PREFIX "known.", x->op.contract->name, NULL);
}

/* The sealed place to return to, as it came, when it is ours; NULL otherwise. *path: unsealed. */
static const char *sealed_return(anshin_exchange_t *x, const char **path)
{
    const char *sealed = anshin_form_get(x->form ? x->form : x->query, "return");

    *path = anshin_exchange_return(x, sealed);
    return *path != NULL ? sealed : NULL;
}

static int show(anshin_exchange_t *x, const char *sealed, int status)
{
    const anshin_policy_t *policy = &x->op.contract->policy;
    int certificates = ANSHIN_HAS(policy->methods, ANSHIN_METHOD_CERTIFICATE);

    anshin_page_text(x->page, "return", sealed);
    if (certificates && x->peer->state == ANSHIN_PEER_GOOD) {
        anshin_page_text(x->page, "certificate_name", x->peer->name);
    }
    anshin_page_flag(x->page, "show_certificate_link", certificates);
    anshin_page_text(x->page, "help_url", anshin_exchange_link(x, "/help"));
    if (ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_PASSWORD_REISSUE)) {
        anshin_page_text(x->page, "password_reissue_url", anshin_exchange_link(x, "/reissue/password"));
    }
    if (certificates && ANSHIN_HAS(policy->functions, ANSHIN_FUNCTION_CERTIFICATE_REISSUE)) {
        anshin_page_text(x->page, "certificate_reissue_url", anshin_exchange_link(x, "/reissue/certificate"));
    }
    if (status == HTTP_UNPROCESSABLE_ENTITY) {
        return anshin_answer_form(x, "login");
    }
    return anshin_answer_page(x, "login", status);
}

/* What was lost on the way here, or that a session has ended. */
static void put_notice(anshin_exchange_t *x, const char *sealed)
{
    const char *lost = anshin_form_get(x->query, "lost");
    const char *key = NULL;

    if (lost != NULL && strcmp(lost, "form") == 0) {
        key = "alerts.entry_lost";
    } else if (lost != NULL && strcmp(lost, "address") == 0) {
        key = "alerts.address_lost";
    } else if (sealed != NULL &&
               anshin_cookie_get(x->r, anshin_session_cookie(x->op.contract->name, x->op.pool)) != NULL) {
        key = "alerts.session_ended";
    }
    if (key != NULL) {
        anshin_page_alert(x->page, "notice", anshin_page_say(x->page, key));
    }
}

int anshin_login_again(anshin_exchange_t *x)
{
    const char *path;
    const char *sealed = sealed_return(x, &path);

    anshin_page_value(x->page, "user", anshin_form_get(x->form, "user"));
    anshin_page_alert(x->page, "error", anshin_page_say(x->page, "error.csrf.text"));
    return show(x, sealed, HTTP_FORBIDDEN);
}

/* Back to the page that has the frame, where the browser names it, or to what the frame would have shown. */
int anshin_login_framed(anshin_exchange_t *x, int status)
{
    const char *page =
        anshin_return_of_referer(apr_table_get(x->r->headers_in, "Referer"), apr_table_get(x->r->headers_in, "Host"));
    const char *url = apr_pstrcat(x->op.pool, x->op.contract->portal_origin, anshin_exchange_link(x, "/login"), NULL);
    const char *sealed;

    if (anshin_return_seal(&x->op, page != NULL ? page : x->r->unparsed_uri, &sealed) == APR_SUCCESS) {
        url = apr_pstrcat(x->op.pool, url, "?return=", sealed, NULL);
    }
    anshin_page_text(x->page, "login_url", url);
    x->page->framed = 1;
    return anshin_answer_page(x, "framed", status);
}

int anshin_login_get(anshin_exchange_t *x)
{
    const char *path;
    const char *sealed = sealed_return(x, &path);
    int answer;

    if (x->logged_in) { /* another tab has logged in meanwhile */
        return sealed != NULL ? anshin_page_redirect(x->r, path) : anshin_answer_redirect(x, "/");
    }
    answer = anshin_help_gate(x);
    if (answer != DECLINED) {
        return answer;
    }
    put_notice(x, sealed);
    return show(x, sealed, HTTP_OK);
}

static int wrong(anshin_exchange_t *x, const anshin_login_result_t *result, const char *sealed)
{
    int answer = anshin_help_gate(x);

    if (answer != DECLINED) {
        return answer;
    }
    anshin_answer_challenge(x);
    anshin_page_alert(x->page, "error", anshin_page_say(x->page, "errors.login_wrong"));
    if (result->show == ANSHIN_SHOW_REMAINING) {
        anshin_page_text(x->page, "remaining_text",
                         anshin_page_say_number(x->page, "errors.login_remaining", "remaining", result->remaining));
    } else if (result->show == ANSHIN_SHOW_LIMIT) {
        anshin_page_text(x->page, "remaining_text",
                         anshin_page_say_number(x->page, "errors.login_limit", "limit", result->limit));
    }
    return show(x, sealed, HTTP_UNAUTHORIZED);
}

/* Where the login leads: the site, or the place that was asked for. */
static const char *target_of(const anshin_exchange_t *x, const char *path)
{
    return path != NULL ? path : x->op.contract->policy.site_url;
}

/* A browser applies the form-action of our page to every redirect behind its form, and the site's page may lead to
 * another origin (B02): so a page of ours, which no form stands before any more, leads on. What is no browser needs
 * none, nor do the portal's own pages. */
static int lead_on(anshin_exchange_t *x, const char *sealed, const char *path)
{
    const char *mode = apr_table_get(x->r->headers_in, "Sec-Fetch-Mode");
    const char *own = anshin_exchange_link(x, "/");
    const char *target = target_of(x, path);

    if (mode == NULL || strcmp(mode, "navigate") != 0 || strncmp(target, own, strlen(own)) == 0) {
        return anshin_page_redirect(x->r, target);
    }
    return anshin_answer_redirect(x, path != NULL ? apr_pstrcat(x->op.pool, "/login/on?return=", sealed, NULL)
                                                  : "/login/on");
}

int anshin_login_on_get(anshin_exchange_t *x)
{
    const char *path, *target;

    (void)sealed_return(x, &path);
    target = target_of(x, path);
    apr_table_setn(x->r->headers_out, "Refresh", apr_pstrcat(x->op.pool, "0; url=", target, NULL));
    return anshin_member_done_url(x, "login_on", target);
}

int anshin_login_answer(anshin_exchange_t *x, const anshin_login_result_t *result)
{
    const anshin_contract_t *contract = x->op.contract;
    const char *path, *sealed;

    if (result->outcome == ANSHIN_LOGIN_NEED_CODE || result->outcome == ANSHIN_LOGIN_MUST_CHANGE) {
        return anshin_login_step(x, result);
    }
    if (result->outcome != ANSHIN_LOGIN_OK) { /* a step without a page lets nobody in */
        return anshin_answer_failure(x, ANSHIN_EFAULT, "login asks for a step without a page");
    }
    anshin_cookie_set(x->r, anshin_session_cookie(contract->name, x->op.pool), result->session_id, 0);
    anshin_cookie_set(x->r, known_cookie(x), result->known, KNOWN_LIFE);
    sealed = sealed_return(x, &path);
    if (result->days_left > 0) { /* the notice of days left comes first, with the way to the site on it (LOG-6) */
        return anshin_answer_redirect(x, "/");
    }
    return lead_on(x, sealed, path);
}

int anshin_login_post(anshin_exchange_t *x)
{
    const char *path;
    const char *sealed = sealed_return(x, &path);
    const char *user = anshin_exchange_field(x, "user", USER_MAX);
    const char *password = anshin_exchange_field(x, "password", PASSWORD_MAX);
    anshin_login_result_t result;
    anshin_login_facts_t facts;
    apr_status_t status;

    anshin_page_value(x->page, "user", anshin_form_get(x->form, "user"));
    if (user == NULL || password == NULL) {
        return show(x, sealed, HTTP_UNPROCESSABLE_ENTITY);
    }
    facts.user = user;
    facts.password = password;
    facts.peer = x->peer;
    facts.known = anshin_cookie_get(x->r, known_cookie(x));
    facts.old_session = anshin_cookie_get(x->r, anshin_session_cookie(x->op.contract->name, x->op.pool));
    status = anshin_flow_start(&x->op, &x->flow, ANSHIN_FLOW_LOGIN, "");
    if (status == APR_SUCCESS) {
        x->flow.expires_at = x->op.now + ANSHIN_LOGIN_STEP_LIFE;
        x->op.flow = &x->flow;
        status = anshin_login(&x->op, &facts, &result);
    }
    if (status != APR_SUCCESS) {
        return anshin_answer_unavailable(x, status, "login");
    }
    switch (result.outcome) {
    case ANSHIN_LOGIN_LOCKED:
        return anshin_answer_locked(x, result.unlock_at);
    case ANSHIN_LOGIN_THROTTLED:
        return anshin_answer_throttled(x);
    case ANSHIN_LOGIN_WRONG:
        return wrong(x, &result, sealed);
    case ANSHIN_LOGIN_OK:
    case ANSHIN_LOGIN_NEED_CODE:
    case ANSHIN_LOGIN_MUST_CHANGE:
        break;
    }
    return anshin_login_answer(x, &result);
}
