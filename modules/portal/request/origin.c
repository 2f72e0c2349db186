/*
 * The portal's one origin: that of AnshinPortalURL (ISO-3), but for the page that says what is wrong with a
 * certificate, which answers by AnshinTryURL as well. By another name, port or scheme its cookies and forms would
 * not work, and by plain http the password has gone in the clear before anybody can refuse it.
 *
 * SECURITY: the host is what the client calls us. It is compared, and leads nowhere: the address to go to is the
 * contract's. A terminator that AnshinTrustedProxy names may call us by any name; what its client speaks it knows.
 */
#include "portal/request/origin.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>

#include "core/config/portal_url.h"
#include "core/context/flow.h"
#include "http/body.h"
#include "portal/request/page.h"
#include "http/page_headers.h"
#include "portal/request/link_token.h"

APLOG_USE_MODULE(anshin_portal);

#define TRIED "/help/certificate"

static int is_called(request_rec *r, const char *origin)
{
    return strcmp(anshin_portal_origin(r->hostname, r->parsed_uri.port, r->pool), origin) == 0;
}

/* Where a browser has chosen no certificate yet. It is a page that takes no form and lets nobody in. */
int anshin_portal_origin_tries(request_rec *r, const anshin_contract_t *contract, const char *path)
{
    return contract->try_origin != NULL && strcmp(path, TRIED) == 0 && is_called(r, contract->try_origin);
}

const char *anshin_portal_origin_try(const anshin_contract_t *contract, apr_pool_t *pool)
{
    return contract->try_origin != NULL ? apr_pstrcat(pool, contract->try_origin, contract->portal_base, TRIED, NULL)
                                        : NULL;
}

/* The page behind the portal's base, as far as there is one. */
static const char *page_of(const request_rec *r, const anshin_contract_t *contract)
{
    apr_size_t base = strlen(contract->portal_base);

    return strncmp(r->uri, contract->portal_base, base) == 0 ? r->uri + base : "";
}

static int is_there(request_rec *r, const anshin_request_state_t *state)
{
    if (!state->secure) {
        return 0;
    }
    return state->relayed || is_called(r, state->contract->portal_origin) ||
           anshin_portal_origin_tries(r, state->contract, page_of(r, state->contract));
}

/* HSTS (RFC 6797): from then on the browser itself never asks by plain http. */
static void say_strict(request_rec *r, const anshin_request_state_t *state)
{
    apr_int64_t seconds = apr_time_sec(state->contract->policy.strict_transport);

    if (seconds > 0) {
        apr_table_setn(r->headers_out, "Strict-Transport-Security",
                       apr_psprintf(r->pool, "max-age=%" APR_INT64_T_FMT, seconds));
    }
}

/* The same path with its query, at the portal's origin. The token of a link was taken out before anything could log it
 * and is put in again. */
static int lead_there(request_rec *r, const anshin_request_state_t *state)
{
    const char *token = anshin_link_token_get(r);
    const char *query = r->args;
    const char *path = ap_os_escape_path(r->pool, r->uri, 1);

    if (token != NULL) {
        query = anshin_flow_token_valid(token) ? apr_pstrcat(r->pool, "t=", token, NULL) : NULL;
    }
    return anshin_page_redirect(r, apr_pstrcat(r->pool, state->contract->portal_origin, path, query != NULL ? "?" : "",
                                               query != NULL ? query : "", NULL));
}

int anshin_portal_origin_check(request_rec *r, const anshin_request_state_t *state)
{
    int answer;

    if (state->contract == NULL) {
        return DECLINED;
    }
    if (is_there(r, state)) {
        say_strict(r, state);
        return DECLINED;
    }
    ap_log_rerror(
        APLOG_MARK, APLOG_INFO, 0, r,
        "AN0960: the portal of contract %s was asked for at another origin than %s (AnshinPortalURL); name a TLS "
        "terminator before it by AnshinTrustedProxy",
        state->contract->name, state->contract->portal_origin);
    if (r->method_number == M_GET) {
        return lead_there(r, state);
    }
    answer = anshin_body_discard(r);
    return answer == OK ? anshin_page_bare(r, HTTP_FORBIDDEN) : answer;
}
