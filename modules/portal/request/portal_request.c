/*
 * What every page needs before its handler runs.
 *
 * SECURITY: the session decides who somebody is, and a store that cannot be read is no answer to that: 503 (S21).
 */
#include "portal/request/portal_request.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#include "core/account/account.h"
#include "core/base/seldom.h"
#include "core/context/secret.h"
#include "core/web/cookie_header.h"
#include "core/web/csrf.h"
#include "core/web/return_path.h"
#include "portal/request/cookie.h"
#include "http/env.h"
#include "portal/request/device.h"
#include "portal/request/link_token.h"
#include "portal/request/texts.h"
#include "portal/request/words.h"

APLOG_USE_MODULE(anshin_portal);

#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
/* One for all contracts and ports of a host (B55): what is bound to it is bound to the contract, under a key of the
 * installation, too; alone it says nothing, and one that is there is never replaced. */
#define BROWSER_COOKIE "__Host-anshin-browser"

/* From another site to a page that names a flow, and without cookies: a browser that keeps them back (SameSite=Strict),
 * whose id a new one would take the place of. */
static int keeps_back(const anshin_portal_request_t *request)
{
    const char *site = apr_table_get(request->r->headers_in, "Sec-Fetch-Site");

    return site != NULL && strcmp(site, "cross-site") == 0 && anshin_form_get(request->query, "flow") != NULL;
}

/* The browser's id, a new one when it has none; set again by no answer, so that parallel pages agree on it. */
static apr_status_t open_browser(anshin_portal_request_t *request)
{
    apr_status_t status;

    request->browser = anshin_cookie_get(request->r, BROWSER_COOKIE);
    if (request->browser != NULL && anshin_browser_id_valid(request->browser)) {
        return APR_SUCCESS;
    }
    status = anshin_secret_token(&request->op, &request->browser);
    if (status == APR_SUCCESS && !keeps_back(request)) {
        anshin_cookie_set(request->r, BROWSER_COOKIE, request->browser, 0);
    }
    return status;
}

static anshin_actor_t stranger(const request_rec *r)
{
    return (anshin_actor_t){.kind = ANSHIN_ACTOR_STRANGER,
                            .address = r->useragent_ip,
                            .client = anshin_device_client(apr_table_get(r->headers_in, "User-Agent"), r->pool)};
}

static apr_status_t open_session(anshin_portal_request_t *request)
{
    const char *id = anshin_cookie_get(request->r, anshin_session_cookie(request->op.contract->name, request->op.pool));
    apr_status_t status;
    json_t *user;

    if (id == NULL || !request->secure) {
        return APR_SUCCESS;
    }
    status = anshin_session_find(&request->op, id, request->presented, &request->session, &request->session_key);
    if (status == ANSHIN_ENOTFOUND || status == ANSHIN_EDENIED) {
        return APR_SUCCESS; /* an answer: nobody is logged in here */
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    request->logged_in = 1;
    request->op.actor.kind = ANSHIN_ACTOR_USER;
    request->op.actor.name = request->session.user;
    request->op.actor.number = request->session.account;
    user = json_pack("{s:s, s:s}", "id", request->session.user, "method_text",
                     anshin_words_method(request->page, request->session.method));
    anshin_page_put(request->page, request->page->data, "user", user);
    return APR_SUCCESS;
}

/* What we have put into addresses ourselves; anything else is not carried on. */
static int is_plain(const char *value)
{
    return *value != '\0' && value[strspn(value, BASE64URL)] == '\0';
}

const char *anshin_portal_request_value(const anshin_portal_request_t *request, const char *name)
{
    const char *value = request->form != NULL ? anshin_form_get(request->form, name) : NULL;

    value = value != NULL ? value : anshin_form_get(request->query, name);
    return value != NULL && is_plain(value) ? value : NULL;
}

const char *anshin_portal_request_query(const anshin_portal_request_t *request)
{
    static const char *const names[] = {"return", "flow",  "n",   "back", "page", "sent",
                                        "typed",  "about", "who", "verb", "rows", "order"};
    const char *query = "";

    for (apr_size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = anshin_portal_request_value(request, names[i]);

        value = strcmp(names[i], "flow") == 0 && request->flow.id != NULL ? request->flow.id : value;
        if (value != NULL) {
            query = apr_pstrcat(request->op.pool, query, "&", names[i], "=", value, NULL);
        }
    }
    return query;
}

void anshin_portal_request_put_place(anshin_portal_request_t *request)
{
    static const struct {
        const char *code;
        const char *name;
    } offered[] = {{"ja", "日本語"}, {"en", "English"}};
    const char *here = ap_os_escape_path(request->op.pool, anshin_portal_request_link(request, request->path),
                                         1); /* it may be any bytes */
    const char *query = anshin_portal_request_query(request);
    json_t *list = json_array();
    apr_size_t i;

    for (i = 0; i < sizeof offered / sizeof offered[0]; i++) {
        const char *url = apr_pstrcat(request->op.pool, here, "?lang=", offered[i].code, query, NULL);
        json_t *entry = json_pack("{s:s, s:s, s:s, s:b}", "code", offered[i].code, "name", offered[i].name, "url", url,
                                  "current", strcmp(offered[i].code, request->page->language) == 0);

        anshin_page_append(request->page, list, entry);
    }
    anshin_page_put(request->page, request->page->data, "languages", list);
    if (request->flow.id != NULL) {
        anshin_page_put(request->page, request->page->data, "flow", json_string(request->flow.id));
        anshin_page_put(request->page, request->page->data, "flow_query",
                        json_string(apr_pstrcat(request->op.pool, "?flow=", request->flow.id, NULL)));
    }
}

static apr_status_t open_csrf(anshin_portal_request_t *request)
{
    const char *token;
    apr_status_t status =
        anshin_csrf_make(&request->op, request->browser, anshin_portal_request_account(request), &token);

    if (status == APR_SUCCESS) {
        anshin_page_put(request->page, request->page->data, "csrf", json_string(token));
    }
    return status;
}

/* A page of ours in a place of the site's (own: 0) has nothing to do with the site's query. */
static void open_query(anshin_portal_request_t *request, int own)
{
    const char *sent = own ? anshin_link_token_args(request->r) : NULL;
    const char *args = sent != NULL ? sent : "";
    anshin_form_t *query;

    request->query_broken =
        anshin_form_parse(&query, args, strlen(args), ANSHIN_FORM_FIELDS_MAX, NULL, request->op.pool) != APR_SUCCESS;
    if (request->query_broken) {
        anshin_form_parse(&query, NULL, 0, 0, NULL, request->op.pool);
    }
    request->query = query;
}

/* OK, or what was answered. */
static int open_base(anshin_portal_request_t *request, request_rec *r, const anshin_request_state_t *state)
{
    const anshin_actor_t client = stranger(r);
    const anshin_texts_t *texts;

    memset(request, 0, sizeof *request);
    request->r = r;
    request->path = "/";
    if (state->env == NULL) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "AN0601: this process has no store or no keys; this log tells why where the process starts");
        anshin_page_bare(r, HTTP_SERVICE_UNAVAILABLE);
        return DONE;
    }
    if (state->contract == NULL) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "AN0602: no contract serves this place (AnshinUse)");
        anshin_page_bare(r, HTTP_NOT_FOUND);
        return DONE;
    }
    anshin_op_init(&request->op, state->env, state->contract, &client, r->pool);
    request->presented = state->presented;
    request->secure = state->secure;
    texts = anshin_portal_texts(state->contract);
    request->page = texts ? anshin_page_create(r, &request->op, texts) : NULL;
    if (request->page == NULL) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "AN0603: contract %s has no texts; this log tells why where the process starts",
                      state->contract->name);
        anshin_page_bare(r, HTTP_SERVICE_UNAVAILABLE);
        return DONE;
    }
    return OK;
}

/* What of the request's path lies behind the portal's base; "" when it lies elsewhere. */
static const char *path_behind(const request_rec *r, const char *base)
{
    apr_size_t length = strlen(base);

    if (strncmp(r->uri, base, length) != 0) {
        return "";
    }
    if (r->uri[length] == '\0') {
        return "/";
    }
    return r->uri[length] == '/' ? r->uri + length : "";
}

int anshin_portal_request_open(anshin_portal_request_t *request, request_rec *r, const anshin_request_state_t *state,
                               const char *path)
{
    if (open_base(request, r, state) != OK) {
        return DONE;
    }
    request->path = path ? path : path_behind(r, request->op.contract->portal_base);
    open_query(request, path == NULL);
    anshin_portal_request_put_place(request);
    return OK;
}

apr_status_t anshin_portal_request_identify(anshin_portal_request_t *request)
{
    apr_status_t status = open_browser(request);

    status = status == APR_SUCCESS ? open_session(request) : status;
    return status == APR_SUCCESS ? open_csrf(request) : status;
}

apr_status_t anshin_portal_request_renew(anshin_portal_request_t *request)
{
    apr_status_t status;

    request->op.now = request->op.env->now(request->op.env->now_baton);
    request->logged_in = 0;
    request->op.actor = stranger(request->r);
    json_object_del(request->page->data, "user");
    status = open_session(request);
    return status == APR_SUCCESS ? open_csrf(request) : status;
}

const char *anshin_portal_request_link(const anshin_portal_request_t *request, const char *path)
{
    return apr_pstrcat(request->op.pool, request->op.contract->portal_base, *path ? path : "/login", NULL);
}

/* Kinds whose names fall together share a place: then lines of both are left out. */
static anshin_seldom_t *kind_of(const char *name)
{
    static anshin_seldom_t kinds[64];
    apr_ssize_t length = APR_HASH_KEY_STRING;

    return &kinds[apr_hashfunc_default(name, &length) % (sizeof kinds / sizeof kinds[0])];
}

int anshin_portal_request_seldom(anshin_portal_request_t *request, const char *kind, unsigned most, const char **also)
{
    unsigned left_out;

    *also = "";
    if (!anshin_seldom(kind_of(kind), most, request->op.now, &left_out)) {
        return 0;
    }
    if (left_out > 0) {
        *also = apr_psprintf(request->op.pool, " (%u more of this kind were not logged)", left_out);
    }
    return 1;
}

static void log_cause(anshin_portal_request_t *request, int level, const char *id, const char *what,
                      const anshin_error_t *err)
{
    const char *also = "";

    if ((level == APLOG_WARNING || level == APLOG_NOTICE) &&
        !anshin_portal_request_seldom(
            request, apr_pstrcat(request->op.pool, id, err->status == APR_SUCCESS ? NULL : err->id, NULL), 1, &also)) {
        return;
    }
    if (err->status == APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, level, 0, request->r, "%s: %s %s: %s%s", id, request->r->method, request->path, what,
                      also);
    } else {
        ap_log_rerror(APLOG_MARK, level, 0, request->r, "%s: %s %s: %s: %s: %s%s", id, request->r->method,
                      request->path, what, err->id, err->text, also);
    }
}

const char *anshin_portal_request_typed(const anshin_portal_request_t *request, const char *name)
{
    return request->form != NULL ? anshin_form_get(request->form, name)
                                 : json_string_value(json_object_get(request->typed, name));
}

const char *anshin_portal_request_account(const anshin_portal_request_t *request)
{
    const anshin_session_t *session = &request->session;

    if (!request->logged_in) {
        return "";
    }
    return apr_pstrcat(request->op.pool, session->account != NULL ? session->account : "", "/", session->user, NULL);
}

anshin_typed_place_t anshin_portal_request_place(const anshin_portal_request_t *request)
{
    return (anshin_typed_place_t){request->browser, anshin_portal_request_account(request), request->path};
}

int anshin_portal_request_draft(const anshin_portal_request_t *request)
{
    return anshin_form_get(request->form != NULL ? request->form : request->query, "draft") != NULL;
}

apr_status_t anshin_portal_request_typed_path(anshin_portal_request_t *request, const char *const *fields, int shown,
                                              const char **path)
{
    anshin_typed_place_t place = anshin_portal_request_place(request);
    const char *text;
    apr_status_t status;

    place.account = shown ? NULL : place.account;
    status = anshin_typed_seal(&request->op, &place, request->form, fields, &text);

    if (status == APR_SUCCESS) {
        *path = apr_pstrcat(request->op.pool, request->path, "?typed=", text,
                            anshin_portal_request_draft(request) ? "&draft=1" : "",
                            anshin_portal_request_query(request), NULL);
    }
    return status;
}

apr_status_t anshin_portal_request_past(anshin_portal_request_t *request, anshin_session_past_t *past)
{
    const char *id = anshin_cookie_get(request->r, anshin_session_cookie(request->op.contract->name, request->op.pool));

    return anshin_session_past(&request->op, id != NULL ? id : "", past);
}

void anshin_portal_request_log(anshin_portal_request_t *request, int level, const char *id, const char *what)
{
    log_cause(request, level, id, what, &request->op.error);
}

const char *anshin_portal_request_return(anshin_portal_request_t *request, const char *sealed)
{
    anshin_op_t op = request->op; /* a place that is refused is no failure of the page */
    const char *path = NULL;

    if (sealed == NULL || *sealed == '\0') {
        return NULL;
    }
    if (anshin_return_unseal(&op, sealed, &path) != APR_SUCCESS) {
        log_cause(request, APLOG_INFO, "AN0630", "place to return to refused", &op.error);
        return NULL;
    }
    return path;
}

const char *anshin_portal_request_field(anshin_portal_request_t *request, const char *name, apr_size_t max)
{
    const char *value = anshin_portal_request_typed(request, name);

    if (value == NULL || *value == '\0') {
        anshin_page_error(request->page, name, "errors.required");
        return NULL;
    }
    if (strlen(value) > max) {
        anshin_page_error(request->page, name, "errors.too_long");
        return NULL;
    }
    return value;
}

const char *anshin_portal_request_text(const anshin_portal_request_t *request, const char *name)
{
    const char *value = anshin_portal_request_typed(request, name);

    return value ? value : "";
}

int anshin_portal_request_too_long(anshin_portal_request_t *request, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strlen(anshin_portal_request_text(request, *names)) > ANSHIN_TYPED_MAX) {
            anshin_page_error(request->page, *names, "errors.too_long");
            return 1;
        }
    }
    return 0;
}
