/*
 * Tokens of links in addresses (S9): hidden before anything logs the request.
 *
 * SECURITY: mod_log_config (%r, %q, %U, %{Referer}i), mod_log_forensic, mod_status and error logs read the_request,
 * unparsed_uri, uri, args and headers. The token is replaced in all of them before they look, also where a link was
 * mangled and leads nowhere: who reads the log could mend it. It waits in the request's own place for the handler.
 * Only addresses of portals are touched: others have parameters called "t", too.
 */
#include "portal/link_hide.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

#include "core/web/link_query.h"
#include "http/env.h"
#include "portal/request/link_token.h"
#include "portal/routes.h"

/* Kept, since to ask mod_anshin_auth for it at each request costs more than the rest: from child_init on. */
static const anshin_config_t *config;

void anshin_link_hide_join(apr_pool_t *pool, server_rec *server)
{
    (void)pool;
    (void)server;
    config = anshin_config_get();
}

/* Does a question about a portal's base hold for any contract? */
typedef int base_fn(const char *base, const char *text);

static int any_base(request_rec *r, base_fn *holds, const char *text)
{
    anshin_request_state_t state;

    if (config == NULL) { /* nothing will be served, and still nothing may be logged */
        anshin_request_state_get(r, &state);
        return state.contract != NULL && holds(state.contract->portal_base, text);
    }
    for (int i = 0; i < config->contracts->nelts; i++) {
        if (holds(APR_ARRAY_IDX(config->contracts, i, anshin_contract_t *)->portal_base, text)) {
            return 1;
        }
    }
    return 0;
}

/* The path is that of a page that links lead to, by the route table. */
static int takes_token(const char *base, const char *path)
{
    apr_size_t length = strlen(base);
    const anshin_route_t *route = strncmp(path, base, length) == 0 ? anshin_route_find(path + length) : NULL;

    return route != NULL && (route->flags & ANSHIN_ROUTE_LINK);
}

/* By hand: most paths end the comparison at their second sign. */
static int begins(const char *base, const char *path)
{
    while (*base != '\0' && *base == *path) {
        base++;
        path++;
    }
    return *base == '\0';
}

static int stands_in(const char *base, const char *text)
{
    return strstr(text, base) != NULL;
}

/* 1: plain_path() would change nothing in it. That changes only what a '%' begins, and segments that are empty or begin
 * with a dot. Most paths are so, and each request comes here twice. */
static int is_plain(const char *path)
{
    if (*path != '/') {
        return 0;
    }
    for (;; path++) {
        if ((unsigned char)*path > '/') { /* most signs */
            continue;
        }
        if (*path == '\0') {
            return 1;
        }
        if (*path == '%' || (*path == '/' && (path[1] == '/' || path[1] == '.'))) {
            return 0;
        }
    }
}

/* The path as the handler will see it: decoded, without empty and dot segments. */
static const char *plain_path(request_rec *r)
{
    char *path;

    if (is_plain(r->uri)) {
        return r->uri;
    }
    path = apr_pstrdup(r->pool, r->uri);
    if (ap_unescape_url(path) != OK ||
        !ap_normalize_path(path,
                           AP_NORMALIZE_ALLOW_RELATIVE | AP_NORMALIZE_MERGE_SLASHES | AP_NORMALIZE_NOT_ABOVE_ROOT)) {
        return "";
    }
    return path;
}

/* Of a link as it was mailed. */
static void hide_parameter(request_rec *r, anshin_link_token_t *kept)
{
    const char *hidden = anshin_link_query_hide(r->args, &kept->token, r->pool);
    const char *question = strchr(r->unparsed_uri, '?');

    if (kept->token == NULL) {
        return;
    }
    kept->args = r->args = apr_pstrdup(r->pool, hidden);
    r->unparsed_uri = apr_pstrcat(
        r->pool, apr_pstrmemdup(r->pool, r->unparsed_uri, question ? (apr_size_t)(question - r->unparsed_uri) : 0), "?",
        hidden, NULL);
    r->the_request = apr_pstrcat(r->pool, r->method, " ", r->unparsed_uri, " ", r->protocol, NULL);
}

static void mask_address(request_rec *r)
{
    r->the_request = (char *)anshin_link_mask(r->the_request, 0, r->pool);
    r->unparsed_uri = (char *)anshin_link_mask(r->unparsed_uri, 0, r->pool);
    r->uri = r->parsed_uri.path = (char *)anshin_link_mask(r->uri, 0, r->pool);
    if (r->args != NULL) {
        r->args = r->parsed_uri.query = (char *)anshin_link_mask(r->args, 1, r->pool);
    }
}

static void mask_referer(request_rec *r)
{
    const char *referer = apr_table_get(r->headers_in, "Referer");

    if (referer != NULL && any_base(r, stands_in, referer)) {
        apr_table_setn(r->headers_in, "Referer", anshin_link_mask(referer, 0, r->pool));
    }
}

/* A rule has led it to another address since it was parsed. */
static int was_led_on(const request_rec *r)
{
    return r->uri != r->parsed_uri.path;
}

int anshin_link_hide(request_rec *r)
{
    anshin_link_token_t *kept;
    const char *path;

    if (r->uri == NULL || (anshin_link_token_looked(r) && (anshin_link_token_of(r) != NULL || !was_led_on(r)))) {
        return DECLINED;
    }
    mask_referer(r);
    path = plain_path(r);
    if (!any_base(r, begins, path)) {
        if (path == r->uri) { /* else httpd decodes it in its place, and it is looked at again */
            anshin_link_token_none(r);
        }
        return DECLINED;
    }
    kept = anshin_link_token_make(r);
    if (r->args != NULL && any_base(r, takes_token, path)) {
        hide_parameter(r, kept);
    }
    mask_address(r);
    return DECLINED;
}
