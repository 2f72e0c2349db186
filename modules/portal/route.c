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
#include "portal/member.h"
#include "portal/portal.h"

APLOG_USE_MODULE(anshin_portal);

#define FLOW_COOKIE "__Host-anshin-flow"
#define STATIC_PREFIX "/static/"
#define LANGUAGE_LIFE (365 * 86400)

/* clang-format off */
#define NO_FLOW ANSHIN_FLOW_NONE, 0, 0
#define FLOW(kind, from, to) ANSHIN_FLOW_##kind, ANSHIN_STAGE_##from, ANSHIN_STAGE_##to
#define MEMBER ANSHIN_ROUTE_SESSION
#define FRESH (ANSHIN_ROUTE_SESSION | ANSHIN_ROUTE_FRESH)
#define TERMINALS (ANSHIN_SWITCH(TERMINAL_ADD) | ANSHIN_SWITCH(TERMINAL_CHANGE) | ANSHIN_SWITCH(TERMINAL_DELETE))

static const anshin_route_t routes[] = {
    {"/", anshin_home_get, NULL, MEMBER, NO_FLOW, 0},
    {"/login", anshin_login_get, anshin_login_post, 0, NO_FLOW, 0},
    {"/login/code", anshin_login_code_get, anshin_login_code_post, 0, FLOW(LOGIN, OPENED, OPENED), 0},
    {"/login/change", anshin_login_change_get, anshin_login_change_post, 0, FLOW(LOGIN, CODE_OK, CODE_OK), 0},
    {"/logout", anshin_logout_get, anshin_logout_post, 0, NO_FLOW, 0},
    {"/reauthenticate", anshin_reauthenticate_get, anshin_reauthenticate_post, MEMBER, NO_FLOW, 0},

    {"/register", anshin_register_get, anshin_register_post, ANSHIN_ROUTE_LINK, FLOW(REGISTER, OPENED, OPENED), 0},
    {"/register/credentials", anshin_credentials_get, anshin_credentials_post, 0, FLOW(REGISTER, CODE_OK, CODE_OK), 0},
    {"/register/done", anshin_registered_get, NULL, 0, FLOW(REGISTER, RESULT, RESULT), 0},
    {"/download", anshin_download_get, anshin_download_post, ANSHIN_ROUTE_LINK, FLOW(DOWNLOAD, OPENED, FETCHED), 0},
    {"/download/done", anshin_downloaded_get, anshin_downloaded_post, 0, FLOW(DOWNLOAD, FETCHED, RESULT), 0},

    {"/reissue/password", anshin_reissue_get, anshin_reissue_post, 0, NO_FLOW, ANSHIN_SWITCH(PASSWORD_REISSUE)},
    {"/reissue/password/sent", anshin_reissue_sent_get, NULL, 0, NO_FLOW, ANSHIN_SWITCH(PASSWORD_REISSUE)},
    {"/reissue/password/prove", anshin_reissue_prove_get, anshin_reissue_prove_post, ANSHIN_ROUTE_LINK,
     FLOW(REISSUE_PASSWORD, OPENED, OPENED), ANSHIN_SWITCH(PASSWORD_REISSUE)},
    {"/reissue/password/done", anshin_reissue_done_get, NULL, 0, FLOW(REISSUE_PASSWORD, RESULT, RESULT),
     ANSHIN_SWITCH(PASSWORD_REISSUE)},
    {"/reissue/certificate", anshin_reissue_get, anshin_reissue_post, 0, NO_FLOW, ANSHIN_SWITCH(CERTIFICATE_REISSUE)},
    {"/reissue/certificate/sent", anshin_reissue_sent_get, NULL, 0, NO_FLOW, ANSHIN_SWITCH(CERTIFICATE_REISSUE)},
    {"/reissue/certificate/prove", anshin_reissue_prove_get, anshin_reissue_prove_post, ANSHIN_ROUTE_LINK,
     FLOW(REISSUE_CERTIFICATE, OPENED, OPENED), ANSHIN_SWITCH(CERTIFICATE_REISSUE)},
    {"/reissue/certificate/done", anshin_reissue_done_get, NULL, 0, FLOW(REISSUE_CERTIFICATE, RESULT, RESULT),
     ANSHIN_SWITCH(CERTIFICATE_REISSUE)},

    {"/account", anshin_account_page_get, NULL, MEMBER, NO_FLOW, ANSHIN_SWITCH(ACCOUNT)},
    {"/account/authenticator", anshin_authenticator_get, anshin_authenticator_post, FRESH, NO_FLOW,
     ANSHIN_SWITCH(ACCOUNT)},
    {"/password", anshin_password_get, anshin_password_post, MEMBER, NO_FLOW, ANSHIN_SWITCH(PASSWORD)},
    {"/question", anshin_question_get, anshin_question_post, MEMBER, NO_FLOW, ANSHIN_SWITCH(QUESTION)},
    {"/history", anshin_history_get, NULL, MEMBER | ANSHIN_ROUTE_QUERY, NO_FLOW, ANSHIN_SWITCH(HISTORY)},
    {"/sessions", anshin_sessions_get, anshin_sessions_post, MEMBER, NO_FLOW, 0},
    {"/terminal/add", anshin_terminal_add_get, anshin_terminal_add_post, FRESH, NO_FLOW, ANSHIN_SWITCH(TERMINAL_ADD)},
    {"/terminal/change", anshin_terminal_change_get, anshin_terminal_change_post, FRESH | ANSHIN_ROUTE_QUERY, NO_FLOW,
     ANSHIN_SWITCH(TERMINAL_CHANGE)},
    {"/terminal/delete", anshin_terminal_delete_get, NULL, FRESH | ANSHIN_ROUTE_QUERY, NO_FLOW,
     ANSHIN_SWITCH(TERMINAL_DELETE)},
    {"/terminal/confirm", anshin_terminal_confirm_get, anshin_terminal_confirm_post, FRESH,
     FLOW(TERMINAL, OPENED, OPENED), TERMINALS},
    {"/terminal/done", anshin_terminal_done_get, NULL, MEMBER, FLOW(TERMINAL, RESULT, RESULT), TERMINALS},
    {"/method", anshin_method_get, anshin_method_post, FRESH, NO_FLOW, ANSHIN_SWITCH(METHOD)},
    {"/method/confirm", anshin_method_confirm_get, anshin_method_confirm_post, FRESH, FLOW(METHOD, OPENED, OPENED),
     ANSHIN_SWITCH(METHOD)},
    {"/method/done", anshin_method_done_get, NULL, 0, FLOW(METHOD, RESULT, RESULT), ANSHIN_SWITCH(METHOD)},

    {"/help", anshin_help_get, NULL, 0, NO_FLOW, 0},
    {"/help/import", anshin_help_import_get, NULL, 0, NO_FLOW, 0},
    {"/help/certificate", anshin_help_certificate_get, NULL, 0, NO_FLOW, 0},
};
/* clang-format on */

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
    {ANSHIN_FLOW_LOGIN, ANSHIN_STAGE_OPENED, "/login/code"},
    {ANSHIN_FLOW_LOGIN, ANSHIN_STAGE_CODE_OK, "/login/change"},
    {ANSHIN_FLOW_REISSUE_PASSWORD, ANSHIN_STAGE_OPENED, "/reissue/password/prove"},
    {ANSHIN_FLOW_REISSUE_PASSWORD, ANSHIN_STAGE_RESULT, "/reissue/password/done"},
    {ANSHIN_FLOW_REISSUE_CERTIFICATE, ANSHIN_STAGE_OPENED, "/reissue/certificate/prove"},
    {ANSHIN_FLOW_REISSUE_CERTIFICATE, ANSHIN_STAGE_RESULT, "/reissue/certificate/done"},
    {ANSHIN_FLOW_TERMINAL, ANSHIN_STAGE_OPENED, "/terminal/confirm"},
    {ANSHIN_FLOW_TERMINAL, ANSHIN_STAGE_RESULT, "/terminal/done"},
    {ANSHIN_FLOW_METHOD, ANSHIN_STAGE_OPENED, "/method/confirm"},
    {ANSHIN_FLOW_METHOD, ANSHIN_STAGE_RESULT, "/method/done"},
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

int anshin_route_takes_token(const char *path)
{
    const anshin_route_t *route = find_route(path);

    return route != NULL && (route->flags & ANSHIN_ROUTE_LINK);
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

apr_status_t anshin_exchange_open_flow(anshin_exchange_t *x, anshin_flow_kind_t kind)
{
    return anshin_flow_unseal(&x->op, anshin_cookie_get(x->r, FLOW_COOKIE), kind, &x->flow);
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
    status = anshin_exchange_open_flow(x, route->flow);
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

/* To a page that asks for something first and then leads back here. A form that was sent is lost, its page is not. */
static int detour(anshin_exchange_t *x, const anshin_route_t *route, const char *path)
{
    const char *back = anshin_exchange_link(x, route->path);
    const char *sealed;

    if ((route->flags & ANSHIN_ROUTE_QUERY) && x->r->args != NULL) {
        const char *whole = apr_pstrcat(x->op.pool, back, "?", x->r->args, NULL);
        back = anshin_return_path_valid(whole) ? whole : back;
    }
    if (anshin_return_seal(&x->op, back, &sealed) != APR_SUCCESS) {
        anshin_exchange_log(x, APLOG_WARNING, "AN0621", "no way back from the login");
        return anshin_answer_redirect(x, path);
    }
    return anshin_answer_redirect(x, apr_pstrcat(x->op.pool, path, "?return=", sealed, NULL));
}

static int check_session(anshin_exchange_t *x, const anshin_route_t *route)
{
    anshin_member_t member = anshin_member_of(x);

    if (x->logged_in) {
        anshin_member_menu(x);
    }
    if (!(route->flags & ANSHIN_ROUTE_SESSION)) {
        return DECLINED;
    }
    if (!x->logged_in) {
        return detour(x, route, "/login");
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
static int check_post(anshin_exchange_t *x)
{
    request_rec *r = x->r;
    const char *origin = apr_table_get(r->headers_in, "Origin");
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    apr_status_t status;
    int answer;

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
    answer = answer == DECLINED ? check_session(x, route) : answer;
    answer = answer == DECLINED ? check_flow(x, route) : answer;
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
    route = find_route(x.path);
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
    } else {
        anshin_answer_page(&x, "unavailable", status);
    }
    return DONE;
}
