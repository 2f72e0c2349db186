/*
 * From a login to where it leads: the next step, or the site.
 *
 * SECURITY: the place to return to comes sealed, by nobody but us (S26).
 */
#include "portal/pages/login_on.h"

#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "core/certificate/certificate.h"
#include "core/web/cookie_header.h"
#include "core/web/last_certificate.h"
#include "portal/request/cookie.h"
#include "http/page_headers.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"

APLOG_USE_MODULE(anshin_portal);

#define KNOWN_LIFE (400 * 86400)

/* No contract's name has that sign, so it is nobody's session. */
const char *anshin_login_known_cookie(const anshin_portal_request_t *request)
{
    return apr_pstrcat(request->op.pool, ANSHIN_SESSION_COOKIE_PREFIX "known.", request->op.contract->name, NULL);
}

const char *anshin_login_last_cookie(const anshin_portal_request_t *request)
{
    return apr_pstrcat(request->op.pool, ANSHIN_SESSION_COOKIE_PREFIX "last.", request->op.contract->name, NULL);
}

const char *anshin_login_return(anshin_portal_request_t *request, const char **path)
{
    const char *sealed = anshin_form_get(request->form ? request->form : request->query, "return");

    *path = anshin_portal_request_return(request, sealed);
    return *path != NULL ? sealed : NULL;
}

/* Where the login leads: the site, or the place that was asked for. */
static const char *target_of(const anshin_portal_request_t *request, const char *path)
{
    return path != NULL ? path : request->op.contract->policy.site_url;
}

const char *anshin_login_target(anshin_portal_request_t *request)
{
    const char *path;

    (void)anshin_login_return(request, &path);
    return target_of(request, path);
}

/* A browser applies the form-action of our page to every redirect behind its form, and the site's page may lead to
 * another origin (B02): so a page of ours, which no form stands before any more, leads on. What is no browser needs
 * none, nor do the portal's own pages. */
static int lead_on(anshin_portal_request_t *request, const char *sealed, const char *path)
{
    const char *mode = apr_table_get(request->r->headers_in, "Sec-Fetch-Mode");
    const char *own = anshin_portal_request_link(request, "/");
    const char *target = target_of(request, path);

    if (mode == NULL || strcmp(mode, "navigate") != 0 || strncmp(target, own, strlen(own)) == 0) {
        return anshin_page_redirect(request->r, target);
    }
    return anshin_response_redirect(
        request, path != NULL ? apr_pstrcat(request->op.pool, "/login/on?return=", sealed, NULL) : "/login/on");
}

int anshin_page_login_on_get(anshin_portal_request_t *request)
{
    const char *target = anshin_login_target(request);

    apr_table_setn(request->r->headers_out, "Refresh", apr_pstrcat(request->op.pool, "0; url=", target, NULL));
    return anshin_response_done_url(request, "login_on", target);
}

/* For the page that will see none one day (LOG-3). What fails here is no failure of the login. */
static void remember_certificate(anshin_portal_request_t *request)
{
    anshin_certificate_t own;
    anshin_last_certificate_t last;
    const char *text;
    apr_status_t status = anshin_certificate_of(&request->op, request->presented, &own);

    if (status == APR_SUCCESS && own.user == NULL) {
        return;
    }
    if (status == APR_SUCCESS) {
        last = (anshin_last_certificate_t){own.not_after, own.label};
        status = anshin_last_certificate_seal(&request->op, &last, &text);
    }
    if (status != APR_SUCCESS) {
        anshin_portal_request_log(request, APLOG_WARNING, "AN1312", "the browser is not told of its certificate");
        return;
    }
    anshin_cookie_set(request->r, anshin_login_last_cookie(request), text, KNOWN_LIFE);
}

int anshin_login_done(anshin_portal_request_t *request, const anshin_login_result_t *result)
{
    const anshin_contract_t *contract = request->op.contract;
    const char *path, *sealed;

    if (result->outcome == ANSHIN_LOGIN_NEED_CODE || result->outcome == ANSHIN_LOGIN_MUST_CHANGE) {
        return anshin_response_flow_begun(request,
                                          result->outcome == ANSHIN_LOGIN_NEED_CODE ? "/login/code" : "/login/change");
    }
    if (result->outcome != ANSHIN_LOGIN_OK) { /* a step without a page lets nobody in */
        return anshin_response_failure(request, ANSHIN_EFAULT, "login asks for a step without a page");
    }
    anshin_cookie_set(request->r, anshin_session_cookie(contract->name, request->op.pool), result->session_id, 0);
    anshin_cookie_set(request->r, anshin_login_known_cookie(request), result->known, KNOWN_LIFE);
    remember_certificate(request);
    sealed = anshin_login_return(request, &path);
    /* The notice of days left comes first, with the way to the site on it (LOG-6, REN-1). */
    if (result->days_left > 0 || result->certificate_days > 0) {
        return anshin_response_redirect(
            request, sealed != NULL ? apr_pstrcat(request->op.pool, "/?return=", sealed, NULL) : "/");
    }
    return lead_on(request, sealed, path);
}
