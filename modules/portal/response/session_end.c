/*
 * The end of the login: see session_end.h.
 */
#include "portal/response/session_end.h"

#include <apr_strings.h>
#include <http_log.h>

#include "core/web/return_path.h"

APLOG_USE_MODULE(anshin_portal);

#define BEFORE 120 /* seconds: people need 20 at least (WCAG 2.2.1) */

/* Whose it is and since when: a new id, as a password that is asked for again gives it, makes it no other one. */
static const char *name_of(const anshin_portal_request_t *request)
{
    return apr_psprintf(request->op.pool, "%s.%" APR_TIME_T_FMT, request->session.user, request->session.created_at);
}

json_t *anshin_session_end_facts(const anshin_portal_request_t *request)
{
    int final;
    apr_interval_time_t left = anshin_session_left(request->op.contract, &request->session, request->op.now, &final);

    return json_pack("{s:I, s:b, s:s}", "left", (json_int_t)apr_time_sec(left + APR_USEC_PER_SEC - 1), "final", final,
                     "of", name_of(request));
}

void anshin_session_end_put(anshin_portal_request_t *request, const char *back, const char *const *kept)
{
    const apr_int64_t half = apr_time_sec(request->op.contract->policy.session_idle) / 2;
    const char *url = anshin_portal_request_link(request, "/login");
    const char *names = "";
    const char *sealed;
    json_t *end;

    if (!request->logged_in) {
        return;
    }
    if (back != NULL && anshin_return_seal(&request->op, back, &sealed) == APR_SUCCESS) {
        url = apr_pstrcat(request->op.pool, url, "?return=", sealed, NULL);
    } else if (back != NULL) {
        anshin_portal_request_log(request, APLOG_WARNING, "AN1420", "no way back from a login that will have ended");
    }
    for (; kept != NULL && *kept != NULL; kept++) {
        names = apr_pstrcat(request->op.pool, names, *names ? " " : "", *kept, NULL);
    }
    end = anshin_session_end_facts(request);
    anshin_page_put(request->page, request->page->data, "session_end", end);
    anshin_page_put(request->page, end, "before", json_integer(half < BEFORE ? half : BEFORE));
    anshin_page_put(request->page, end, "login_url", json_string(url));
    if (*names) {
        anshin_page_put(request->page, end, "kept", json_string(names));
    }
    request->page->connects = 1;
}
