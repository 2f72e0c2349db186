/*
 * Tokens of links in addresses (S9): hidden before anything logs the request.
 *
 * SECURITY: mod_log_config (%r, %q, %U, %{Referer}i), mod_log_forensic, mod_status and error logs read the_request,
 * unparsed_uri, uri, args and headers. The token is replaced in all of them before they look, also where a link was
 * mangled and leads nowhere: who reads the log could mend it. It waits in the request's own place for the handler.
 * Only addresses of portals are touched: others have parameters called "t", too.
 */
#include "portal/portal.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

#include "core/link_query.h"
#include "httpd/env.h"
#include "portal/route.h"

typedef struct link_token_t {
    const char *token; /* or NULL */
    const char *args;  /* for the handler: only the token is missing */
} link_token_t;

/* Does a question about a portal's base hold for any contract? */
typedef int base_fn(const char *base, const char *text);

static int any_base(request_rec *r, base_fn *holds, const char *text)
{
    const anshin_config_t *config = anshin_config_get();
    anshin_visit_t visit;

    if (config == NULL) { /* nothing will be served, and still nothing may be logged */
        anshin_visit_get(r, &visit);
        return visit.contract != NULL && holds(visit.contract->portal_base, text);
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

    return strncmp(path, base, length) == 0 && anshin_route_takes_token(path + length);
}

static int begins(const char *base, const char *path)
{
    return strncmp(path, base, strlen(base)) == 0;
}

static int stands_in(const char *base, const char *text)
{
    return strstr(text, base) != NULL;
}

/* The path as the handler will see it: decoded, without empty and dot segments. */
static const char *plain_path(request_rec *r)
{
    char *path = apr_pstrdup(r->pool, r->uri);

    if (ap_unescape_url(path) != OK ||
        !ap_normalize_path(path,
                           AP_NORMALIZE_ALLOW_RELATIVE | AP_NORMALIZE_MERGE_SLASHES | AP_NORMALIZE_NOT_ABOVE_ROOT)) {
        return "";
    }
    return path;
}

/* Of a link as it was mailed. */
static void hide_parameter(request_rec *r, link_token_t *kept)
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

int anshin_link_token_hide(request_rec *r)
{
    link_token_t *kept = ap_get_module_config(r->request_config, &anshin_portal_module);
    const char *path;

    if (kept != NULL || r->uri == NULL) {
        return DECLINED;
    }
    mask_referer(r);
    path = plain_path(r);
    if (!any_base(r, begins, path)) {
        return DECLINED;
    }
    kept = apr_pcalloc(r->pool, sizeof(*kept));
    kept->args = r->args;
    ap_set_module_config(r->request_config, &anshin_portal_module, kept);
    if (r->args != NULL && any_base(r, takes_token, path)) {
        hide_parameter(r, kept);
    }
    mask_address(r);
    return DECLINED;
}

const char *anshin_link_token_get(const request_rec *r)
{
    const link_token_t *kept = ap_get_module_config(r->request_config, &anshin_portal_module);

    return kept == NULL ? NULL : kept->token;
}

const char *anshin_link_token_args(const request_rec *r)
{
    const link_token_t *kept = ap_get_module_config(r->request_config, &anshin_portal_module);

    return kept == NULL ? r->args : kept->args;
}
