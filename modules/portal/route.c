/*
 * Routes: from a request to the handler of its page, through everything that all pages have in common.
 *
 * SECURITY: here stand the checks that no page may forget: method, language switch without open redirect, flow stage
 * (S29), session, and for every POST its origin, its body's limits and its CSRF token (S10, S32), in this order.
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
#include "portal/portal.h"

APLOG_USE_MODULE(anshin_portal);

#define FLOW_COOKIE "__Host-anshin-flow"
#define STATIC_PREFIX "/static/"
#define LANGUAGE_LIFE (365 * 86400)

static const anshin_route_t routes[] = {
    {"/login", anshin_login_get, anshin_login_post, 0, ANSHIN_FLOW_NONE, 0, 0},
    {"/logout", anshin_logout_get, anshin_logout_post, 0, ANSHIN_FLOW_NONE, 0, 0},
    {"/", anshin_home_get, NULL, ANSHIN_ROUTE_SESSION, ANSHIN_FLOW_NONE, 0, 0},
    {"/register", anshin_register_get, anshin_register_post, ANSHIN_ROUTE_LINK, ANSHIN_FLOW_REGISTER,
     ANSHIN_STAGE_OPENED, ANSHIN_STAGE_OPENED},
    {"/register/credentials", anshin_credentials_get, anshin_credentials_post, 0, ANSHIN_FLOW_REGISTER,
     ANSHIN_STAGE_CODE_OK, ANSHIN_STAGE_CODE_OK},
    {"/register/done", anshin_registered_get, NULL, 0, ANSHIN_FLOW_REGISTER, ANSHIN_STAGE_RESULT, ANSHIN_STAGE_RESULT},
    {"/download", anshin_download_get, anshin_download_post, ANSHIN_ROUTE_LINK, ANSHIN_FLOW_DOWNLOAD,
     ANSHIN_STAGE_OPENED, ANSHIN_STAGE_FETCHED},
    {"/download/done", anshin_downloaded_get, anshin_downloaded_post, 0, ANSHIN_FLOW_DOWNLOAD, ANSHIN_STAGE_FETCHED,
     ANSHIN_STAGE_RESULT},
    {"/help", anshin_help_get, NULL, 0, ANSHIN_FLOW_NONE, 0, 0},
    {"/help/import", anshin_help_import_get, NULL, 0, ANSHIN_FLOW_NONE, 0, 0},
    {"/help/certificate", anshin_help_certificate_get, NULL, 0, ANSHIN_FLOW_NONE, 0, 0},
};

/* Where a flow stands. */
static const struct {
    anshin_flow_kind_t kind;
    anshin_flow_stage_t stage;
    const char *path;
} places[] = {
    {ANSHIN_FLOW_REGISTER, ANSHIN_STAGE_OPENED, "/register"},
    {ANSHIN_FLOW_REGISTER, ANSHIN_STAGE_CODE_OK, "/register/credentials"},
    {ANSHIN_FLOW_REGISTER, ANSHIN_STAGE_RESULT, "/register/done"},
    {ANSHIN_FLOW_DOWNLOAD, ANSHIN_STAGE_OPENED, "/download"},
    {ANSHIN_FLOW_DOWNLOAD, ANSHIN_STAGE_FETCHED, "/download"},
    {ANSHIN_FLOW_DOWNLOAD, ANSHIN_STAGE_RESULT, "/download/done"},
};

static const anshin_route_t *find_route(const char *path)
{
    apr_size_t i;

    for (i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(routes[i].path, path) == 0) {
            return &routes[i];
        }
    }
    return NULL;
}

apr_status_t anshin_exchange_keep_flow(anshin_exchange_t *x)
{
    const char *text;
    apr_status_t status = anshin_flow_seal(&x->op, &x->flow, &text);

    if (status == APR_SUCCESS) {
        anshin_cookie_set(x->r, FLOW_COOKIE, text, 0);
    }
    return status;
}

void anshin_exchange_forget_flow(anshin_exchange_t *x)
{
    anshin_cookie_clear(x->r, FLOW_COOKIE);
}

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
static int check_language(anshin_exchange_t *x)
{
    const char *wanted = anshin_form_get(x->query, "lang");
    const char *back = anshin_form_get(x->query, "return");
    const char *query;

    if (wanted == NULL || x->r->method_number != M_GET || anshin_link_token_get(x->r) != NULL ||
        strcmp(anshin_texts_language(x->page->texts, wanted, NULL), wanted) != 0) {
        return DECLINED;
    }
    anshin_cookie_set(x->r, ANSHIN_LANGUAGE_COOKIE, wanted, LANGUAGE_LIFE);
    query = back ? apr_pstrcat(x->op.pool, "?return=", ap_escape_urlencoded(x->op.pool, back), NULL) : "";
    return anshin_answer_redirect(x, apr_pstrcat(x->op.pool, x->path, query, NULL));
}

/* A link was opened: its token goes into the cookie and out of the address (S9). Nothing is looked up (REG-5). */
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
    anshin_flow_start(&x->op, &x->flow, route->flow, token);
    status = anshin_exchange_keep_flow(x);
    return status == APR_SUCCESS ? anshin_answer_redirect(x, route->path) : anshin_answer_failure(x, status, "flow");
}

static int check_flow(anshin_exchange_t *x, const anshin_route_t *route)
{
    apr_status_t status;
    apr_size_t i;

    if (route->flow == ANSHIN_FLOW_NONE) {
        return DECLINED;
    }
    status = anshin_flow_unseal(&x->op, anshin_cookie_get(x->r, FLOW_COOKIE), route->flow, &x->flow);
    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "no flow of this page in the browser");
    }
    if (x->flow.stage >= route->stage_from && x->flow.stage <= route->stage_to) {
        return DECLINED;
    }
    for (i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i].kind == x->flow.kind && places[i].stage == x->flow.stage) {
            return anshin_answer_redirect(x, places[i].path);
        }
    }
    return anshin_answer_link_invalid(x);
}

static int check_session(anshin_exchange_t *x, const anshin_route_t *route)
{
    const char *sealed;

    if (!(route->flags & ANSHIN_ROUTE_SESSION)) {
        return DECLINED;
    }
    if (x->logged_in) {
        if (anshin_session_touch(&x->op, x->session_key, &x->session) != APR_SUCCESS) {
            anshin_exchange_log(x, APLOG_WARNING, "AN0620", "use of the session cannot be noted");
        }
        return DECLINED;
    }
    if (anshin_return_seal(&x->op, anshin_exchange_link(x, route->path), &sealed) != APR_SUCCESS) {
        anshin_exchange_log(x, APLOG_WARNING, "AN0621", "no way back from the login");
        return anshin_answer_redirect(x, "/login");
    }
    return anshin_answer_redirect(x, apr_pstrcat(x->op.pool, "/login?return=", sealed, NULL));
}

/* Origin before the body is read, CSRF token after. */
static int check_post(anshin_exchange_t *x)
{
    request_rec *r = x->r;
    const char *origin = apr_table_get(r->headers_in, "Origin");
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    apr_status_t status;
    int answer;

    if (!anshin_csrf_origin_allowed(x->op.contract->portal_origin, origin, site)) {
        anshin_exchange_log(x, APLOG_WARNING, "AN0622", "form of another origin refused");
        return anshin_answer_error(x, HTTP_FORBIDDEN);
    }
    answer = anshin_body_form(r, x->op.env->crypto, &x->form, &x->op.error);
    if (answer == AP_FILTER_ERROR) {
        return answer;
    }
    if (answer != OK) {
        anshin_exchange_log(x, APLOG_INFO, "AN0623", apr_psprintf(r->pool, "body refused with %d", answer));
        return anshin_answer_error(x, answer);
    }
    status = anshin_csrf_check(&x->op, x->browser, anshin_form_get(x->form, "csrf"));
    if (status == ANSHIN_EDENIED) {
        anshin_exchange_log(x, APLOG_WARNING, "AN0624", "form without a CSRF token of this browser refused");
        return anshin_answer_error(x, HTTP_FORBIDDEN);
    }
    return status == APR_SUCCESS ? DECLINED : anshin_answer_failure(x, status, "CSRF token");
}

static int run(anshin_exchange_t *x, const anshin_route_t *route)
{
    int post = x->r->method_number == M_POST;
    int answer = check_method(x, route);

    answer = answer == DECLINED ? check_language(x) : answer;
    answer = answer == DECLINED ? check_link(x, route) : answer;
    answer = answer == DECLINED && post ? check_post(x) : answer;
    answer = answer == DECLINED ? check_flow(x, route) : answer;
    answer = answer == DECLINED ? check_session(x, route) : answer;
    if (answer == DECLINED) {
        answer = post ? route->post(x) : route->get(x);
    }
    anshin_form_wipe(x->form, x->op.env->crypto);
    if (x->op.jobs_queued) {
        anshin_job_ring(&x->op);
    }
    return answer;
}

/* Style sheets and pictures need neither session nor page. DECLINED: no such path. */
static int serve_static(request_rec *r)
{
    anshin_visit_t visit;
    apr_size_t base;

    anshin_visit_get(r, &visit);
    if (visit.env == NULL || visit.contract == NULL) {
        return DECLINED;
    }
    base = strlen(visit.contract->portal_base);
    if (strncmp(r->uri, visit.contract->portal_base, base) != 0 ||
        strncmp(r->uri + base, STATIC_PREFIX, strlen(STATIC_PREFIX)) != 0) {
        return DECLINED;
    }
    return anshin_static_get(r, visit.env->config->server.share_dir, r->uri + base + strlen(STATIC_PREFIX));
}

int anshin_portal_handle(request_rec *r)
{
    const anshin_route_t *route;
    anshin_exchange_t x;
    int answer;

    if (r->handler == NULL || strcmp(r->handler, "anshin") != 0) {
        return DECLINED;
    }
    r->allowed |= (AP_METHOD_BIT << M_GET) | (AP_METHOD_BIT << M_POST);
    answer = serve_static(r);
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
    route = find_route(x.path);
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
    } else {
        anshin_answer_page(&x, "unavailable", status);
    }
    return DONE;
}
