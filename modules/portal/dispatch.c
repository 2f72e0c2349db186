/*
 * Dispatch: from a request to the handler of its page, through everything that all pages have in common.
 *
 * SECURITY: here stand the checks that no page may forget, in their order: method, language switch without open
 * redirect, links, for every POST its origin, its body's limits and its CSRF token (S10, S32), session, and the flow
 * that the page names: whose it is and how far it has come (FLO-1, S29).
 */
#include "portal/route.h"

#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#include "core/csrf.h"
#include "core/job.h"
#include "core/return_path.h"
#include "httpd/body.h"
#include "httpd/cookie.h"
#include "httpd/env.h"
#include "portal/member.h"
#include "portal/portal.h"

APLOG_USE_MODULE(anshin_portal);

#define STATIC_PREFIX "/static/"
#define LANGUAGE_LIFE (365 * 86400)

/* Each check answers and returns OK, or DECLINED: go on. */

static int check_method(anshin_exchange_t *x, const anshin_route_t *route)
{
    if (x->r->method_number == M_GET || (x->r->method_number == M_POST && route->post != NULL)) {
        return DECLINED;
    }
    apr_table_setn(x->r->err_headers_out, "Allow", route->post ? "GET, HEAD, POST" : "GET, HEAD");
    return anshin_answer_error(x, HTTP_METHOD_NOT_ALLOWED);
}

/* ?lang=: remembered by the browser, and the clean address opened. */
static int check_language(anshin_exchange_t *x, const anshin_route_t *route)
{
    const char *wanted = anshin_form_get(x->query, "lang");
    const char *query;

    (void)route;
    if (wanted == NULL || x->r->method_number != M_GET || anshin_link_token_get(x->r) != NULL ||
        strcmp(anshin_texts_language(x->page->texts, wanted, NULL), wanted) != 0) {
        return DECLINED;
    }
    anshin_cookie_set(x->r, ANSHIN_LANGUAGE_COOKIE, wanted, LANGUAGE_LIFE);
    query = anshin_exchange_query(x);
    return anshin_answer_redirect(x,
                                  apr_pstrcat(x->op.pool, x->path, *query ? "?" : "", *query ? query + 1 : "", NULL));
}

/* A link was opened: its token goes into a cookie and out of the address (S9). Nothing is written (REG-5). Opened once
 * more, it goes on where it was, and takes no other flow's place. */
static int check_link(anshin_exchange_t *x, const anshin_route_t *route)
{
    const char *token = route->flags & ANSHIN_ROUTE_LINK ? anshin_link_token_get(x->r) : NULL;
    apr_status_t status;

    if (token == NULL || x->r->method_number != M_GET) {
        return DECLINED;
    }
    if (!anshin_flow_token_valid(token)) {
        return anshin_answer_link_invalid(x);
    }
    status = anshin_exchange_newest_flow(x, route->flow, token);
    if (status == APR_SUCCESS) {
        return anshin_answer_flow(x, route->path);
    }
    status = status == ANSHIN_EDENIED ? anshin_flow_start(&x->op, &x->flow, route->flow, "") : status;
    if (status != APR_SUCCESS) {
        return anshin_answer_unavailable(x, status, "flow");
    }
    x->flow.token = token;
    return anshin_answer_flow_begun(x, route->path);
}

/* The flow that a page belongs to: the one it names; a page that is opened without a name shows the newest of its
 * kind, a form never acts on one that it does not name (FLO-1). */
static apr_status_t find_flow(anshin_exchange_t *x, const anshin_route_t *route)
{
    if (anshin_exchange_flow_id(x) != NULL) {
        return anshin_exchange_open_flow(x, route->flow);
    }
    return x->form == NULL ? anshin_exchange_newest_flow(x, route->flow, NULL) : ANSHIN_EDENIED;
}

/* A page that begins its flow itself goes on with one that waits, or has none yet. */
static int may_begin(anshin_exchange_t *x, const anshin_route_t *route, apr_status_t status)
{
    if (!(route->flags & ANSHIN_ROUTE_BEGINS) || anshin_exchange_flow_id(x) != NULL) {
        return 0;
    }
    if (status == APR_SUCCESS && x->flow.stage != ANSHIN_STAGE_OPENED) {
        memset(&x->flow, 0, sizeof(x->flow));
    }
    return status == APR_SUCCESS || status == ANSHIN_EDENIED;
}

static int check_flow(anshin_exchange_t *x, const anshin_route_t *route)
{
    const char *place;
    apr_status_t status;

    if (route->flow == ANSHIN_FLOW_NONE) {
        return DECLINED;
    }
    status = find_flow(x, route);
    if (may_begin(x, route, status)) {
        return DECLINED;
    }
    if (status != APR_SUCCESS) {
        anshin_exchange_log(x, APLOG_INFO, "AN0983", "no flow of this page in the browser");
        return status == ANSHIN_EDENIED ? anshin_answer_flow_ended(x) : anshin_answer_unavailable(x, status, "flow");
    }
    place = anshin_route_of_flow(&x->flow);
    if (x->flow.stage < route->stage_from || x->flow.stage > route->stage_to) {
        return place != NULL ? anshin_answer_flow(x, place) : anshin_answer_flow_ended(x);
    }
    x->op.flow = x->form != NULL ? &x->flow : NULL;
    return DECLINED;
}

/* To a page that asks for something first and then leads back here. A form that was sent is lost, its page is not. */
static int detour(anshin_exchange_t *x, const anshin_route_t *route, const char *path)
{
    const char *id = anshin_exchange_flow_id(x);
    const char *back = anshin_exchange_link(x, route->path);
    const char *sealed;

    if (route->flow != ANSHIN_FLOW_NONE && id != NULL && anshin_flow_id_valid(id)) {
        back = apr_pstrcat(x->op.pool, back, "?flow=", id, NULL);
    }
    if ((route->flags & ANSHIN_ROUTE_QUERY) && x->r->args != NULL) {
        const char *whole = apr_pstrcat(x->op.pool, back, "?", x->r->args, NULL);
        back = anshin_return_path_valid(whole) ? whole : back;
    }
    if (anshin_return_seal(&x->op, back, &sealed) != APR_SUCCESS) {
        anshin_exchange_log(x, APLOG_WARNING, "AN0621", "no way back from the login");
        return anshin_answer_redirect(x, path);
    }
    return anshin_answer_redirect(
        x, apr_pstrcat(x->op.pool, path, "?return=", sealed, x->r->method_number == M_POST ? "&lost=form" : "", NULL));
}

/* The one place where the user of a form is compared: a page of somebody who was logged in before in this browser acts
 * on nothing (FLO-1). Forms of pages that need no login act for whom they name themselves. */
static int check_form_user(anshin_exchange_t *x)
{
    apr_status_t status = APR_SUCCESS;

    if (x->form != NULL) {
        status = anshin_csrf_of(&x->op, anshin_form_get(x->form, "csrf"), anshin_exchange_account(x));
    }
    if (status == ANSHIN_EDENIED) {
        anshin_exchange_log(x, APLOG_INFO, "AN1153", "form of a page that another user was shown refused");
        return anshin_answer_other_user(x);
    }
    return status == APR_SUCCESS ? DECLINED : anshin_answer_failure(x, status, "CSRF token");
}

static int check_session(anshin_exchange_t *x, const anshin_route_t *route)
{
    anshin_member_t member = anshin_member_of(x);
    int answer;

    if (x->logged_in) {
        anshin_member_menu(x);
    }
    if (!(route->flags & ANSHIN_ROUTE_SESSION)) {
        return DECLINED;
    }
    if (!x->logged_in) {
        return detour(x, route, "/login");
    }
    answer = check_form_user(x);
    if (answer != DECLINED) {
        return answer;
    }
    if ((route->flags & ANSHIN_ROUTE_FRESH) && !anshin_member_fresh(&x->op, &member)) {
        return detour(x, route, "/reauthenticate");
    }
    if (anshin_session_touch(&x->op, x->session_key, &x->session) != APR_SUCCESS) {
        anshin_exchange_log(x, APLOG_WARNING, "AN0620", "use of the session cannot be noted");
    }
    return DECLINED;
}

/* Origin before the body is read, CSRF token after. */
static int check_post(anshin_exchange_t *x, const anshin_route_t *route)
{
    request_rec *r = x->r;
    const char *origin = apr_table_get(r->headers_in, "Origin");
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    apr_status_t status;
    int answer;

    (void)route;
    if (r->method_number != M_POST) {
        return DECLINED;
    }
    if (!anshin_csrf_origin_allowed(x->op.contract->portal_origin, origin, site)) {
        anshin_exchange_log(x, APLOG_WARNING, "AN0622", "form of another origin refused");
        answer = anshin_body_discard(r);
        return answer == OK ? anshin_answer_error(x, HTTP_FORBIDDEN) : answer;
    }
    answer = anshin_body_form(r, x->op.env, &x->form, &x->op.error);
    if (answer == AP_FILTER_ERROR) {
        return answer;
    }
    if (answer != OK) {
        anshin_exchange_log(x, APLOG_INFO, "AN0623", apr_psprintf(r->pool, "body refused with %d", answer));
        return anshin_answer_error(x, answer);
    }
    status = anshin_exchange_renew(x);
    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "session");
    }
    status = anshin_csrf_check(&x->op, x->browser, anshin_form_get(x->form, "csrf"));
    if (status == ANSHIN_EDENIED) {
        anshin_exchange_log(x, APLOG_WARNING, "AN0624", "form without a CSRF token of this browser refused");
        return strcmp(x->path, "/login") == 0 ? anshin_login_again(x) : anshin_answer_error(x, HTTP_FORBIDDEN);
    }
    return status == APR_SUCCESS ? DECLINED : anshin_answer_failure(x, status, "CSRF token");
}

/* A page that keeps what was typed: behind an error its address has it. What is none, or another's, counts for nothing:
 * the page is as if nothing had been typed. */
static int check_typed(anshin_exchange_t *x, const anshin_route_t *route)
{
    const char *text = x->form == NULL ? anshin_form_get(x->query, "typed") : NULL;
    const anshin_typed_place_t place = anshin_exchange_place(x);
    apr_status_t status;

    x->kept = anshin_route_kept(route->path);
    if (x->kept == NULL || text == NULL) {
        return DECLINED;
    }
    status = anshin_typed_unseal(&x->op, &place, text, &x->typed);
    if (status == ANSHIN_EDENIED) {
        x->typed = NULL;
        return DECLINED;
    }
    return status == APR_SUCCESS ? DECLINED : anshin_answer_unavailable(x, status, "form");
}

/* In this order; the first that answers is the last. */
static int (*const checks[])(anshin_exchange_t *x, const anshin_route_t *route) = {
    check_method, check_language, check_link, check_post, check_session, check_flow, check_typed,
};

static int run(anshin_exchange_t *x, const anshin_route_t *route)
{
    int answer = DECLINED;

    for (apr_size_t i = 0; answer == DECLINED && i < sizeof checks / sizeof checks[0]; i++) {
        answer = checks[i](x, route);
    }
    if (answer == DECLINED) {
        anshin_exchange_put_place(x);
        answer = x->r->method_number == M_POST ? route->post(x) : route->get(x);
    }
    anshin_form_wipe(x->form, x->op.env->crypto);
    if (x->op.jobs_queued) {
        anshin_job_ring(&x->op);
    }
    return answer;
}

/* Style sheets and pictures need neither session nor page. DECLINED: no such path. */
static int serve_static(request_rec *r, const anshin_visit_t *visit)
{
    apr_size_t base;

    if (visit->env == NULL || visit->contract == NULL) {
        return DECLINED;
    }
    base = strlen(visit->contract->portal_base);
    if (strncmp(r->uri, visit->contract->portal_base, base) != 0 ||
        strncmp(r->uri + base, STATIC_PREFIX, strlen(STATIC_PREFIX)) != 0) {
        return DECLINED;
    }
    return anshin_static_get(r, visit->env->config->server.share_dir, r->uri + base + strlen(STATIC_PREFIX));
}

int anshin_portal_handle(request_rec *r)
{
    const anshin_route_t *route;
    anshin_visit_t visit;
    anshin_exchange_t x;
    int answer;

    if (r->handler == NULL || strcmp(r->handler, ANSHIN_HANDLER) != 0) {
        return DECLINED;
    }
    r->allowed |= (AP_METHOD_BIT << M_GET) | (AP_METHOD_BIT << M_POST);
    anshin_visit_get(r, &visit);
    answer = serve_static(r, &visit);
    answer = answer == DECLINED ? anshin_portal_origin_check(r, &visit) : answer;
    if (answer != DECLINED) {
        return answer;
    }
    if (anshin_exchange_open(&x, r, NULL) != OK) {
        return DONE;
    }
    if (*x.path == '\0') {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "AN0625: %s is not below %s, the portal of contract %s (AnshinPortalURL)", r->uri,
                      x.op.contract->policy.portal_url, x.op.contract->name);
    }
    route = anshin_route_find(x.path);
    if (route != NULL && route->function != 0 && !((unsigned)x.op.contract->policy.functions & route->function)) {
        route = NULL; /* switched off: as if it did not exist (CON-2) */
    }
    return route ? run(&x, route) : anshin_answer_error(&x, HTTP_NOT_FOUND);
}

int anshin_portal_page(request_rec *r, const char *name, int status)
{
    anshin_exchange_t x;
    int help = strcmp(name, "help/certificate") == 0;

    if (anshin_exchange_open(&x, r, help ? "/help/certificate" : "/login") != OK) {
        return DONE;
    }
    if (help) {
        anshin_help_certificate_answer(&x, status);
    } else if (strcmp(name, "framed") == 0) {
        anshin_login_framed(&x, status);
    } else {
        anshin_answer_page(&x, "unavailable", status);
    }
    return DONE;
}
