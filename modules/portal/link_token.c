/*
 * Tokens of links in addresses (S9): hidden before anything logs the request.
 *
 * SECURITY: mod_log_config (%r, %q), mod_log_forensic, mod_status and error logs read the_request, unparsed_uri and
 * args. The token is replaced in all of them before they look, and waits in the request's own place for the handler.
 * Only addresses of portals are touched: others have parameters called "t", too.
 */
#include "portal/portal.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <string.h>

#include "core/link_query.h"
#include "httpd/env.h"
#include "portal/route.h"

/* The place behind base: 1 for those that links lead to, by the route table. */
static int path_takes_token(const char *path, const char *base)
{
    apr_size_t length = strlen(base);

    return strncmp(path, base, length) == 0 && anshin_route_takes_token(path + length);
}

static int is_portal(request_rec *r, const char *path)
{
    const anshin_config_t *config = anshin_config_get();
    anshin_visit_t visit;
    int i;

    if (config == NULL) { /* nothing will be served, and still nothing may be logged */
        anshin_visit_get(r, &visit);
        return visit.contract != NULL && path_takes_token(path, visit.contract->portal_base);
    }
    for (i = 0; i < config->contracts->nelts; i++) {
        if (path_takes_token(path, APR_ARRAY_IDX(config->contracts, i, anshin_contract_t *)->portal_base)) {
            return 1;
        }
    }
    return 0;
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

int anshin_link_token_hide(request_rec *r)
{
    const char *token = NULL;
    const char *question;
    const char *hidden;

    if (r->args == NULL || r->uri == NULL || anshin_link_token_get(r) != NULL || !is_portal(r, plain_path(r))) {
        return DECLINED;
    }
    hidden = anshin_link_query_hide(r->args, &token, r->pool);
    if (token == NULL) {
        return DECLINED;
    }
    ap_set_module_config(r->request_config, &anshin_portal_module, (void *)token);
    r->args = apr_pstrdup(r->pool, hidden);
    r->parsed_uri.query = r->args;
    question = strchr(r->unparsed_uri, '?');
    r->unparsed_uri = apr_pstrcat(
        r->pool, apr_pstrmemdup(r->pool, r->unparsed_uri, question ? (apr_size_t)(question - r->unparsed_uri) : 0), "?",
        hidden, NULL);
    r->the_request = apr_pstrcat(r->pool, r->method, " ", r->unparsed_uri, " ", r->protocol, NULL);
    return DECLINED;
}

const char *anshin_link_token_get(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &anshin_portal_module);
}
