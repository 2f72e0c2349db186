/*
 * Dispatch: from a request to the handler of its page, through everything that all pages have in common.
 *
 * SECURITY: here stand the checks that no page may forget, in their order: method, language switch without open
 * redirect, links, for every POST its origin, its body's limits and its CSRF token (S10, S32), session, and the flow
 * that the page names: whose it is and how far it has come (FLO-1, S29).
 */
#include "portal/dispatch.h"

#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#include "core/mail/job.h"
#include "core/web/csrf.h"
#include "core/web/return_path.h"
#include "http/body.h"
#include "portal/desk/desk_page.h"
#include "portal/request/attempts.h"
#include "portal/request/cookie.h"
#include "http/env.h"
#include "http/page_headers.h"
#include "portal/response/flow_cookie.h"
#include "portal/response/flow_place.h"
#include "portal/pages/help.h"
#include "portal/request/link_token.h"
#include "portal/pages/login.h"
#include "portal/pages/member.h"
#include "portal/response/menu.h"
#include "portal/request/origin.h"
#include "portal/files/published.h"
#include "portal/response/response.h"
#include "portal/response/session_end.h"
#include "portal/routes.h"
#include "portal/files/static.h"

APLOG_USE_MODULE(anshin_portal);

#define STATIC_PREFIX "/static/"
#define PUBLISHED_PREFIX "/ca/"
#define LANGUAGE_LIFE (365 * 86400)

/* Each check answers and returns OK, or DECLINED: go on. */

static int check_method(anshin_portal_request_t *request, const anshin_route_t *route)
{
    if (request->r->method_number == M_GET || (request->r->method_number == M_POST && route->post != NULL)) {
        return DECLINED;
    }
    apr_table_setn(request->r->err_headers_out, "Allow", route->post ? "GET, HEAD, POST" : "GET, HEAD");
    return anshin_response_error(request, HTTP_METHOD_NOT_ALLOWED);
}

/* ?lang=: remembered by the browser, and the clean address opened. */
static int check_language(anshin_portal_request_t *request, const anshin_route_t *route)
{
    const char *wanted = anshin_form_get(request->query, "lang");
    const char *query;

    (void)route;
    if (wanted == NULL || request->r->method_number != M_GET || anshin_link_token_get(request->r) != NULL ||
        strcmp(anshin_texts_language(request->page->texts, wanted, NULL), wanted) != 0) {
        return DECLINED;
    }
    anshin_cookie_set(request->r, ANSHIN_LANGUAGE_COOKIE, wanted, LANGUAGE_LIFE);
    query = anshin_portal_request_query(request);
    return anshin_response_redirect(
        request, apr_pstrcat(request->op.pool, request->path, *query ? "?" : "", *query ? query + 1 : "", NULL));
}

/* A link was opened: its token goes into a cookie and out of the address (S9). Nothing is written (REG-5). Opened once
 * more, it goes on where it was, and takes no other flow's place. */
static int check_link(anshin_portal_request_t *request, const anshin_route_t *route)
{
    const char *token = route->flags & ANSHIN_ROUTE_LINK ? anshin_link_token_get(request->r) : NULL;
    apr_status_t status;

    if (token == NULL || request->r->method_number != M_GET) {
        return DECLINED;
    }
    if (!anshin_flow_token_valid(token)) {
        return anshin_response_link_invalid(request);
    }
    status = anshin_flow_cookie_newest(request, route->flow, token);
    if (status == APR_SUCCESS) {
        return anshin_response_flow(request, route->path);
    }
    status = status == ANSHIN_EDENIED ? anshin_flow_start(&request->op, &request->flow, route->flow, "") : status;
    if (status != APR_SUCCESS) {
        return anshin_response_unavailable(request, status, "flow");
    }
    request->flow.token = token;
    return anshin_response_flow_begun(request, route->path);
}

/* The flow that a page belongs to: the one it names; a page that is opened without a name shows the newest of its
 * kind, a form never acts on one that it does not name (FLO-1). */
static apr_status_t find_flow(anshin_portal_request_t *request, const anshin_route_t *route)
{
    if (anshin_flow_cookie_id(request) != NULL) {
        return anshin_flow_cookie_open(request, route->flow);
    }
    return request->form == NULL ? anshin_flow_cookie_newest(request, route->flow, NULL) : ANSHIN_EDENIED;
}

/* A page that begins its flow itself goes on with one that waits, or has none yet. */
static int may_begin(anshin_portal_request_t *request, const anshin_route_t *route, apr_status_t status)
{
    if (!(route->flags & ANSHIN_ROUTE_BEGINS) || anshin_flow_cookie_id(request) != NULL) {
        return 0;
    }
    if (status == APR_SUCCESS && request->flow.stage != ANSHIN_STAGE_OPENED) {
        memset(&request->flow, 0, sizeof(request->flow));
    }
    return status == APR_SUCCESS || status == ANSHIN_EDENIED;
}

static int check_flow(anshin_portal_request_t *request, const anshin_route_t *route)
{
    const char *place;
    apr_status_t status;

    if (route->flow == ANSHIN_FLOW_NONE) {
        return DECLINED;
    }
    status = find_flow(request, route);
    if (may_begin(request, route, status)) {
        return DECLINED;
    }
    if (status != APR_SUCCESS) {
        anshin_portal_request_log(request, APLOG_INFO, "AN0983", "no flow of this page in the browser");
        return status == ANSHIN_EDENIED ? anshin_response_flow_ended(request)
                                        : anshin_response_unavailable(request, status, "flow");
    }
    place = anshin_flow_place(&request->flow);
    if (request->flow.stage < route->stage_from || request->flow.stage > route->stage_to) {
        return place != NULL ? anshin_response_flow(request, place) : anshin_response_flow_ended(request);
    }
    request->op.flow = request->form != NULL ? &request->flow : NULL;
    return DECLINED;
}

/* The page with what was typed into its form, for whom it was shown to, however the session has ended since (U14);
 * NULL: it keeps nothing, or more was typed than an address holds. */
static const char *typed_waits(anshin_portal_request_t *request, const anshin_route_t *route)
{
    const char *path;

    if (request->form == NULL || route->kept == NULL) {
        return NULL;
    }
    if (anshin_portal_request_typed_path(request, route->kept, !request->logged_in, &path) != APR_SUCCESS) {
        anshin_portal_request_log(request, APLOG_WARNING, "AN1390", "what was typed does not wait");
        return NULL;
    }
    path = anshin_portal_request_link(request, path);
    return anshin_return_path_valid(path) ? path : NULL;
}

static const char *way_back(anshin_portal_request_t *request, const anshin_route_t *route)
{
    const char *id = anshin_flow_cookie_id(request);
    const char *back = anshin_portal_request_link(request, route->path);

    if (route->flow != ANSHIN_FLOW_NONE && id != NULL && anshin_flow_id_valid(id)) {
        back = apr_pstrcat(request->op.pool, back, "?flow=", id, NULL);
    }
    if ((route->flags & ANSHIN_ROUTE_QUERY) && request->r->args != NULL) {
        const char *whole = apr_pstrcat(request->op.pool, back, "?", request->r->args, NULL);
        back = anshin_return_path_valid(whole) ? whole : back;
    }
    return back;
}

/* To a page that asks for something first and then leads back here. A form that was sent is not carried out; its page
 * is not lost. */
static int detour(anshin_portal_request_t *request, const anshin_route_t *route, const char *path)
{
    const char *typed = typed_waits(request, route);
    const char *form = "";
    const char *sealed;

    if (request->r->method_number == M_POST) {
        form = typed != NULL ? "&kept=form" : "&lost=form";
    }
    if (anshin_return_seal(&request->op, typed != NULL ? typed : way_back(request, route), &sealed) != APR_SUCCESS) {
        anshin_portal_request_log(request, APLOG_WARNING, "AN0621", "no way back from the login");
        return anshin_response_redirect(request, path);
    }
    return anshin_response_redirect(request, apr_pstrcat(request->op.pool, path, "?return=", sealed, form, NULL));
}

/* The one place where the user of a form is compared: a page of somebody who was logged in before in this browser acts
 * on nothing (FLO-1). Forms of pages that need no login act for whom they name themselves. */
static int check_form_user(anshin_portal_request_t *request)
{
    apr_status_t status = APR_SUCCESS;

    if (request->form != NULL) {
        status = anshin_csrf_of(&request->op, anshin_form_get(request->form, "csrf"),
                                anshin_portal_request_account(request));
    }
    if (status == ANSHIN_EDENIED) {
        anshin_portal_request_log(request, APLOG_INFO, "AN1153", "form of a page that another user was shown refused");
        return anshin_response_other_user(request);
    }
    return status == APR_SUCCESS ? DECLINED : anshin_response_failure(request, status, "CSRF token");
}

static int check_session(anshin_portal_request_t *request, const anshin_route_t *route)
{
    anshin_member_t member = anshin_member_of(request);
    int answer;

    if (!(route->flags & ANSHIN_ROUTE_SESSION)) {
        return DECLINED;
    }
    if (!request->logged_in) {
        return detour(request, route, "/login");
    }
    answer = check_form_user(request);
    if (answer != DECLINED) {
        return answer;
    }
    if ((route->flags & ANSHIN_ROUTE_FRESH) && !anshin_member_fresh(&request->op, &member)) {
        return detour(request, route, "/reauthenticate");
    }
    if (route->flags & ANSHIN_ROUTE_WATCH && request->r->method_number != M_POST) {
        return DECLINED;
    }
    if (anshin_session_touch(&request->op, request->session_key, &request->session) != APR_SUCCESS) {
        anshin_portal_request_log(request, APLOG_WARNING, "AN0620", "use of the session cannot be noted");
    }
    return DECLINED;
}

/* The help desk is for who has a role there, as the account says now (ROL-1). */
static int check_staff(anshin_portal_request_t *request, const anshin_route_t *route)
{
    const anshin_member_t member = anshin_member_of(request);
    apr_status_t status;

    if (!(route->flags & ANSHIN_ROUTE_STAFF)) {
        return DECLINED;
    }
    status = anshin_staff_find(&request->op, &member, &request->staff);
    return status == APR_SUCCESS ? DECLINED : anshin_desk_failure(request, status, "no operator");
}

/* On whatever is answered to somebody who is logged in, errors and pages that are not there among it (U36). */
static void put_menu(anshin_portal_request_t *request)
{
    if (request->logged_in) {
        anshin_menu_put(request);
        anshin_session_end_put(request, NULL, NULL);
    } else {
        anshin_menu_remove(request);
    }
}

/* Origin before the body is read, CSRF token after. */
static int check_post(anshin_portal_request_t *request, const anshin_route_t *route)
{
    request_rec *r = request->r;
    const char *origin = apr_table_get(r->headers_in, "Origin");
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    apr_status_t status;
    int answer;

    if (r->method_number != M_POST) {
        return DECLINED;
    }
    if (!anshin_csrf_origin_allowed(request->op.contract->portal_origin, origin, site)) {
        anshin_portal_request_log(request, APLOG_WARNING, "AN0622", "form of another origin refused");
        answer = anshin_body_discard(r);
        return answer == OK ? anshin_response_error(request, HTTP_FORBIDDEN) : answer;
    }
    answer = anshin_body_form(r, request->op.env,
                              route->flags & ANSHIN_ROUTE_ROWS ? ANSHIN_FORM_ROWS_MAX : ANSHIN_FORM_FIELDS_MAX,
                              &request->form, &request->op.error);
    if (answer == AP_FILTER_ERROR) {
        return answer;
    }
    if (answer != OK) {
        anshin_portal_request_log(request, APLOG_INFO, "AN0623", apr_psprintf(r->pool, "body refused with %d", answer));
        return anshin_response_error(request, answer);
    }
    status = anshin_portal_request_renew(request);
    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "session");
    }
    put_menu(request);
    status = anshin_csrf_check(&request->op, request->browser, anshin_form_get(request->form, "csrf"));
    if (status == ANSHIN_EDENIED) {
        anshin_portal_request_log(request, APLOG_WARNING, "AN0624",
                                  "form without a CSRF token of this browser refused");
        return strcmp(request->path, "/login") == 0 ? anshin_login_again(request)
                                                    : anshin_response_error(request, HTTP_FORBIDDEN);
    }
    return status == APR_SUCCESS ? DECLINED : anshin_response_failure(request, status, "CSRF token");
}

/* A page that keeps what was typed: behind an error its address has it. What is none, or another's, counts for nothing:
 * the page is as if nothing had been typed. */
static int check_typed(anshin_portal_request_t *request, const anshin_route_t *route)
{
    const char *text = request->form == NULL ? anshin_form_get(request->query, "typed") : NULL;
    const anshin_typed_place_t place = anshin_portal_request_place(request);
    apr_status_t status;

    request->kept = route->flags & ANSHIN_ROUTE_DIRECT ? NULL : route->kept;
    if (route->kept == NULL || text == NULL) {
        return DECLINED;
    }
    status = anshin_typed_unseal(&request->op, &place, text, &request->typed);
    if (status == ANSHIN_EDENIED) {
        request->typed = NULL;
        return DECLINED;
    }
    return status == APR_SUCCESS ? DECLINED : anshin_response_unavailable(request, status, "form");
}

/* A form that its page's script kept, since the login had ended there: it was not sent, and is shown again (U14). */
static int check_draft(anshin_portal_request_t *request, const anshin_route_t *route)
{
    const char *path;

    if (request->form == NULL || !(route->flags & ANSHIN_ROUTE_SESSION) || !anshin_portal_request_draft(request)) {
        return DECLINED;
    }
    path = typed_waits(request, route);
    return anshin_page_redirect(request->r, path != NULL ? path : way_back(request, route));
}

/* Pages that are open for long tell when the login ends. */
static void put_end(anshin_portal_request_t *request, const anshin_route_t *route)
{
    if (request->logged_in) {
        anshin_session_end_put(request, way_back(request, route),
                               route->flags & ANSHIN_ROUTE_SESSION ? route->kept : NULL);
    }
}

/* In this order; the first that answers is the last. */
static int (*const checks[])(anshin_portal_request_t *request, const anshin_route_t *route) = {
    check_method, check_language, check_link,  check_post,  check_session,
    check_staff,  check_flow,     check_typed, check_draft,
};

static int run(anshin_portal_request_t *request, const anshin_route_t *route)
{
    int answer = DECLINED;

    for (apr_size_t i = 0; answer == DECLINED && i < sizeof checks / sizeof checks[0]; i++) {
        answer = checks[i](request, route);
    }
    if (answer == DECLINED) {
        anshin_portal_request_put_place(request);
        put_end(request, route);
        answer = request->r->method_number == M_POST ? route->post(request) : route->get(request);
    }
    anshin_form_wipe(request->form, request->op.env->crypto);
    if (request->op.jobs_queued) {
        anshin_job_ring(&request->op);
    }
    anshin_portal_attempts_tell(request);
    return answer;
}

/* OK; otherwise everything has been answered (DONE). path: as of anshin_portal_request_open(). */
static int open_request(anshin_portal_request_t *request, request_rec *r, const anshin_request_state_t *state,
                        const char *path)
{
    apr_status_t status;

    if (anshin_portal_request_open(request, r, state, path) != OK) {
        return DONE;
    }
    status = anshin_portal_request_identify(request);
    if (status != APR_SUCCESS) {
        anshin_response_failure(request, status, "session");
        return DONE;
    }
    put_menu(request);
    if (request->query_broken) {
        anshin_response_error(request, HTTP_BAD_REQUEST);
        return DONE;
    }
    return OK;
}

/* What is no page: it needs neither session nor origin. DECLINED: no such path. */
static int serve_plain(request_rec *r, const anshin_request_state_t *state)
{
    apr_size_t base;

    if (state->env == NULL || state->contract == NULL) {
        return DECLINED;
    }
    base = strlen(state->contract->portal_base);
    if (strncmp(r->uri, state->contract->portal_base, base) != 0) {
        return DECLINED;
    }
    if (strncmp(r->uri + base, PUBLISHED_PREFIX, strlen(PUBLISHED_PREFIX)) == 0) {
        return anshin_published_serve(r, state, r->uri + base + strlen(PUBLISHED_PREFIX));
    }
    return strncmp(r->uri + base, STATIC_PREFIX, strlen(STATIC_PREFIX)) == 0
               ? anshin_static_get(r, state->env->config->server.share_dir, r->uri + base + strlen(STATIC_PREFIX))
               : DECLINED;
}

int anshin_portal_handle(request_rec *r)
{
    const anshin_route_t *route;
    anshin_request_state_t state;
    anshin_portal_request_t request;
    int answer;

    if (!anshin_handler_is(r, ANSHIN_HANDLER)) {
        return DECLINED;
    }
    r->allowed |= (AP_METHOD_BIT << M_GET) | (AP_METHOD_BIT << M_POST);
    anshin_request_state_get(r, &state);
    answer = serve_plain(r, &state);
    answer = answer == DECLINED ? anshin_portal_origin_check(r, &state) : answer;
    if (answer != DECLINED) {
        return answer;
    }
    if (open_request(&request, r, &state, NULL) != OK) {
        return DONE;
    }
    if (*request.path == '\0') {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "AN0625: %s is not below %s, the portal of contract %s (AnshinPortalURL)", r->uri,
                      request.op.contract->policy.portal_url, request.op.contract->name);
    }
    route = anshin_route_find(request.path);
    if (route != NULL && !anshin_route_on(route, &request.op.contract->policy)) {
        route = NULL;
    }
    return route ? run(&request, route) : anshin_response_error(&request, HTTP_NOT_FOUND);
}

int anshin_portal_page(request_rec *r, const char *name, int status)
{
    int help = strcmp(name, "help/certificate") == 0;
    anshin_portal_request_t request;
    anshin_request_state_t state;

    anshin_request_state_get(r, &state);
    if (open_request(&request, r, &state, help ? "/help/certificate" : "/login") != OK) {
        return DONE;
    }
    if (help) {
        anshin_help_certificate(&request, status);
    } else if (strcmp(name, "framed") == 0) {
        anshin_login_framed(&request, status);
    } else {
        anshin_response_page(&request, "unavailable", status);
    }
    return DONE;
}
