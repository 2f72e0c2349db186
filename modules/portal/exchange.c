/*
 * Exchanges: what every page needs before its handler runs.
 *
 * SECURITY: the session decides who somebody is, and a store that cannot be read is no answer to that: 503 (S21).
 */
#include "portal/exchange.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <string.h>

#include "core/account.h"
#include "core/cookie_header.h"
#include "core/csrf.h"
#include "core/return_path.h"
#include "core/secret.h"
#include "core/seldom.h"
#include "httpd/cookie.h"
#include "httpd/env.h"
#include "portal/member.h"
#include "portal/portal.h"

APLOG_USE_MODULE(anshin_portal);

#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
/* One for all contracts and ports of a host (B55): what is bound to it is bound to the contract, under a key of the
 * installation, too; alone it says nothing, and one that is there is never replaced. */
#define BROWSER_COOKIE "__Host-anshin-browser"

/* From another site to a page that names a flow, and without cookies: a browser that keeps them back (SameSite=Strict),
 * whose id a new one would take the place of. */
static int keeps_back(const anshin_exchange_t *x)
{
    const char *site = apr_table_get(x->r->headers_in, "Sec-Fetch-Site");

    return site != NULL && strcmp(site, "cross-site") == 0 && anshin_form_get(x->query, "flow") != NULL;
}

/* The browser's id, a new one when it has none; set again by no answer, so that parallel pages agree on it. */
static apr_status_t open_browser(anshin_exchange_t *x)
{
    apr_status_t status;

    x->browser = anshin_cookie_get(x->r, BROWSER_COOKIE);
    if (x->browser != NULL && anshin_browser_id_valid(x->browser)) {
        return APR_SUCCESS;
    }
    status = anshin_secret_token(&x->op, &x->browser);
    if (status == APR_SUCCESS && !keeps_back(x)) {
        anshin_cookie_set(x->r, BROWSER_COOKIE, x->browser, 0);
    }
    return status;
}

static apr_status_t open_session(anshin_exchange_t *x)
{
    const char *id = anshin_cookie_get(x->r, anshin_session_cookie(x->op.contract->name, x->op.pool));
    apr_status_t status;
    json_t *user;

    if (id == NULL || !x->secure) {
        return APR_SUCCESS;
    }
    status = anshin_session_find(&x->op, id, x->peer, &x->session, &x->session_key);
    if (status == ANSHIN_ENOTFOUND || status == ANSHIN_EDENIED) {
        return APR_SUCCESS; /* an answer: nobody is logged in here */
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    x->logged_in = 1;
    user = json_pack("{s:s, s:s}", "id", x->session.user, "method_text", anshin_words_method(x, x->session.method));
    anshin_page_put(x->page, x->page->data, "user", user);
    return APR_SUCCESS;
}

/* What we have put into addresses ourselves; anything else is not carried on. */
static int is_plain(const char *value)
{
    return *value != '\0' && value[strspn(value, BASE64URL)] == '\0';
}

const char *anshin_exchange_value(const anshin_exchange_t *x, const char *name)
{
    const char *value = x->form != NULL ? anshin_form_get(x->form, name) : NULL;

    value = value != NULL ? value : anshin_form_get(x->query, name);
    return value != NULL && is_plain(value) ? value : NULL;
}

const char *anshin_exchange_query(const anshin_exchange_t *x)
{
    static const char *const names[] = {"return", "flow", "n", "back", "page", "sent", "typed"};
    const char *query = "";

    for (apr_size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = anshin_exchange_value(x, names[i]);

        value = strcmp(names[i], "flow") == 0 && x->flow.id != NULL ? x->flow.id : value;
        if (value != NULL) {
            query = apr_pstrcat(x->op.pool, query, "&", names[i], "=", value, NULL);
        }
    }
    return query;
}

void anshin_exchange_put_place(anshin_exchange_t *x)
{
    static const struct {
        const char *code;
        const char *name;
    } offered[] = {{"ja", "日本語"}, {"en", "English"}};
    const char *here = ap_os_escape_path(x->op.pool, anshin_exchange_link(x, x->path), 1); /* it may be any bytes */
    const char *query = anshin_exchange_query(x);
    json_t *list = json_array();
    apr_size_t i;

    for (i = 0; i < sizeof offered / sizeof offered[0]; i++) {
        const char *url = apr_pstrcat(x->op.pool, here, "?lang=", offered[i].code, query, NULL);
        json_t *entry = json_pack("{s:s, s:s, s:s, s:b}", "code", offered[i].code, "name", offered[i].name, "url", url,
                                  "current", strcmp(offered[i].code, x->page->language) == 0);

        anshin_page_append(x->page, list, entry);
    }
    anshin_page_put(x->page, x->page->data, "languages", list);
    if (x->flow.id != NULL) {
        anshin_page_put(x->page, x->page->data, "flow", json_string(x->flow.id));
        anshin_page_put(x->page, x->page->data, "flow_query",
                        json_string(apr_pstrcat(x->op.pool, "?flow=", x->flow.id, NULL)));
    }
}

static apr_status_t open_csrf(anshin_exchange_t *x)
{
    const char *token;
    apr_status_t status = anshin_csrf_make(&x->op, x->browser, anshin_exchange_account(x), &token);

    if (status == APR_SUCCESS) {
        anshin_page_put(x->page, x->page->data, "csrf", json_string(token));
    }
    return status;
}

/* The query; one that cannot be read counts as empty, and *broken says so. A page of ours in a place of the site's
 * (own: 0) has nothing to do with the site's query. */
static void open_query(anshin_exchange_t *x, int own, int *broken)
{
    const char *sent = own ? anshin_link_token_args(x->r) : NULL;
    const char *args = sent != NULL ? sent : "";
    anshin_form_t *query;

    *broken = anshin_form_parse(&query, args, strlen(args), NULL, x->op.pool) != APR_SUCCESS;
    if (*broken) {
        anshin_form_parse(&query, NULL, 0, NULL, x->op.pool);
    }
    x->query = query;
}

/* OK, or what was answered. */
static int open_base(anshin_exchange_t *x, request_rec *r)
{
    const anshin_texts_t *texts;
    anshin_visit_t visit;

    memset(x, 0, sizeof *x);
    x->r = r;
    x->path = "/";
    anshin_visit_get(r, &visit);
    if (visit.env == NULL) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "AN0601: no store or keys in this process, see its start in this log");
        anshin_page_bare(r, HTTP_SERVICE_UNAVAILABLE);
        return DONE;
    }
    if (visit.contract == NULL) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "AN0602: no contract serves this place (AnshinUse)");
        anshin_page_bare(r, HTTP_NOT_FOUND);
        return DONE;
    }
    anshin_op_init(&x->op, visit.env, visit.contract, r->useragent_ip, r->pool);
    x->peer = visit.peer;
    x->secure = visit.secure;
    texts = anshin_portal_texts(visit.contract);
    x->page = texts ? anshin_page_create(r, &x->op, texts) : NULL;
    if (x->page == NULL) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "AN0603: contract %s has no texts, see the start of this process",
                      visit.contract->name);
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

apr_status_t anshin_exchange_renew(anshin_exchange_t *x)
{
    apr_status_t status;

    x->op.now = x->op.env->now(x->op.env->now_baton);
    x->logged_in = 0;
    json_object_del(x->page->data, "user");
    status = open_session(x);
    return status == APR_SUCCESS ? open_csrf(x) : status;
}

int anshin_exchange_open(anshin_exchange_t *x, request_rec *r, const char *path)
{
    apr_status_t status;
    int broken_query;

    if (open_base(x, r) != OK) {
        return DONE;
    }
    x->path = path ? path : path_behind(r, x->op.contract->portal_base);
    open_query(x, path == NULL, &broken_query);
    anshin_exchange_put_place(x);
    status = open_browser(x);
    status = status == APR_SUCCESS ? open_session(x) : status;
    status = status == APR_SUCCESS ? open_csrf(x) : status;
    if (status != APR_SUCCESS) {
        anshin_answer_failure(x, status, "session");
        return DONE;
    }
    if (broken_query) {
        anshin_answer_error(x, HTTP_BAD_REQUEST);
        return DONE;
    }
    return OK;
}

const char *anshin_exchange_link(const anshin_exchange_t *x, const char *path)
{
    return apr_pstrcat(x->op.pool, x->op.contract->portal_base, *path ? path : "/login", NULL);
}

/* Kinds whose names fall together share a place: then lines of both are left out. */
static anshin_seldom_t *kind_of(const char *name)
{
    static anshin_seldom_t kinds[64];
    apr_ssize_t length = APR_HASH_KEY_STRING;

    return &kinds[apr_hashfunc_default(name, &length) % (sizeof kinds / sizeof kinds[0])];
}

int anshin_exchange_seldom(anshin_exchange_t *x, const char *kind, unsigned most, const char **also)
{
    unsigned left_out;

    *also = "";
    if (!anshin_seldom(kind_of(kind), most, x->op.now, &left_out)) {
        return 0;
    }
    if (left_out > 0) {
        *also = apr_psprintf(x->op.pool, " (%u more of this kind were not logged)", left_out);
    }
    return 1;
}

static void log_cause(anshin_exchange_t *x, int level, const char *id, const char *what, const anshin_error_t *err)
{
    const char *also = "";

    if ((level == APLOG_WARNING || level == APLOG_NOTICE) &&
        !anshin_exchange_seldom(x, apr_pstrcat(x->op.pool, id, err->status == APR_SUCCESS ? NULL : err->id, NULL), 1,
                                &also)) {
        return;
    }
    if (err->status == APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, level, 0, x->r, "%s: %s %s: %s%s", id, x->r->method, x->path, what, also);
    } else {
        ap_log_rerror(APLOG_MARK, level, 0, x->r, "%s: %s %s: %s: %s: %s%s", id, x->r->method, x->path, what, err->id,
                      err->text, also);
    }
}

const char *anshin_exchange_typed(const anshin_exchange_t *x, const char *name)
{
    return x->form != NULL ? anshin_form_get(x->form, name) : json_string_value(json_object_get(x->typed, name));
}

const char *anshin_exchange_account(const anshin_exchange_t *x)
{
    const char *number = x->logged_in && x->session.account != NULL ? x->session.account : "";

    return x->logged_in ? apr_pstrcat(x->op.pool, number, "/", x->session.user, NULL) : "";
}

anshin_typed_place_t anshin_exchange_place(const anshin_exchange_t *x)
{
    return (anshin_typed_place_t){x->browser, anshin_exchange_account(x), x->path};
}

void anshin_exchange_log(anshin_exchange_t *x, int level, const char *id, const char *what)
{
    log_cause(x, level, id, what, &x->op.error);
}

const char *anshin_exchange_return(anshin_exchange_t *x, const char *sealed)
{
    anshin_op_t op = x->op; /* a place that is refused is no failure of the page */
    const char *path = NULL;

    if (sealed == NULL || *sealed == '\0') {
        return NULL;
    }
    if (anshin_return_unseal(&op, sealed, &path) != APR_SUCCESS) {
        log_cause(x, APLOG_INFO, "AN0630", "place to return to refused", &op.error);
        return NULL;
    }
    return path;
}

const char *anshin_exchange_field(anshin_exchange_t *x, const char *name, apr_size_t max)
{
    const char *value = anshin_exchange_typed(x, name);

    if (value == NULL || *value == '\0') {
        anshin_page_error(x->page, name, "errors.required");
        return NULL;
    }
    if (strlen(value) > max) {
        anshin_page_error(x->page, name, "errors.too_long");
        return NULL;
    }
    return value;
}
