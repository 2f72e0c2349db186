/*
 * The portal's one origin: that of AnshinPortalURL (ISO-3). By another name, port or scheme its cookies and forms would
 * not work, and by plain http the password has gone in the clear before anybody can refuse it.
 *
 * SECURITY: the host is what the client calls us. It is compared, and leads nowhere: the address to go to is the
 * contract's. A terminator that AnshinTrustedProxy names may call us by any name; what its client speaks it knows.
 */
#include "portal/portal.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>

#include "core/flow.h"
#include "core/portal_url.h"
#include "httpd/body.h"
#include "httpd/page.h"

APLOG_USE_MODULE(anshin_portal);

static int is_there(request_rec *r, const anshin_visit_t *visit)
{
    if (!visit->secure) {
        return 0;
    }
    return visit->relayed ||
           strcmp(anshin_portal_origin(r->hostname, r->parsed_uri.port, r->pool), visit->contract->portal_origin) == 0;
}

/* HSTS (RFC 6797): from then on the browser itself never asks by plain http. */
static void say_strict(request_rec *r, const anshin_visit_t *visit)
{
    apr_int64_t seconds = apr_time_sec(visit->contract->policy.strict_transport);

    if (seconds > 0) {
        apr_table_setn(r->headers_out, "Strict-Transport-Security",
                       apr_psprintf(r->pool, "max-age=%" APR_INT64_T_FMT, seconds));
    }
}

/* The same path with its query, at the portal's origin. The token of a link was taken out before anything could log it
 * and is put in again. */
static int lead_there(request_rec *r, const anshin_visit_t *visit)
{
    const char *token = anshin_link_token_get(r);
    const char *query = r->args;
    const char *path = ap_os_escape_path(r->pool, r->uri, 1);

    if (token != NULL) {
        query = anshin_flow_token_valid(token) ? apr_pstrcat(r->pool, "t=", token, NULL) : NULL;
    }
    return anshin_page_redirect(r, apr_pstrcat(r->pool, visit->contract->portal_origin, path, query != NULL ? "?" : "",
                                               query != NULL ? query : "", NULL));
}

int anshin_portal_origin_check(request_rec *r, const anshin_visit_t *visit)
{
    int answer;

    if (visit->contract == NULL) {
        return DECLINED;
    }
    if (is_there(r, visit)) {
        say_strict(r, visit);
        return DECLINED;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "AN0960: the portal of contract %s was asked for at another origin than %s (AnshinPortalURL); "
                  "a TLS terminator is named by AnshinTrustedProxy",
                  visit->contract->name, visit->contract->portal_origin);
    if (r->method_number == M_GET) {
        return lead_there(r, visit);
    }
    answer = anshin_body_discard(r);
    return answer == OK ? anshin_page_bare(r, HTTP_FORBIDDEN) : answer;
}
