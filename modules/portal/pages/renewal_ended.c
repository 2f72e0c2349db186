/*
 * Renewal after the end (REN-3): an ended certificate on the connection, user ID and password.
 *
 * SECURITY: faces everybody. It is counted and answered as a login is, by the same verb (LCK, S8), and opens no
 * session.
 */
#include <string.h>

#include "core/certificate/certificate.h"
#include "core/login/login.h"
#include "portal/request/cookie.h"
#include "portal/pages/login.h"
#include "portal/pages/login_on.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"

/* DECLINED: the connection's certificate opens the page. Whoever comes with another one is led to the help. */
static int gate(anshin_portal_request_t *request)
{
    int renews;
    apr_status_t status;

    if (request->op.contract->policy.renew_after == 0) {
        return anshin_response_error(request, HTTP_NOT_FOUND);
    }
    status = anshin_certificate_renews(&request->op, request->presented, &renews);
    if (status != APR_SUCCESS) {
        return anshin_response_unavailable(request, status, "client certificate");
    }
    return renews ? DECLINED : anshin_response_redirect(request, "/help/certificate");
}

static int show(anshin_portal_request_t *request, int status)
{
    anshin_page_text(request->page, "certificate_name", request->presented->name);
    anshin_page_moment(request->page, request->page->page, "not_after", request->presented->not_after,
                       ANSHIN_DATE_PLAIN);
    anshin_page_text(request->page, "action_url", anshin_portal_request_link(request, "/renewal/ended"));
    anshin_page_text(request->page, "cancel_url", anshin_portal_request_link(request, "/help/certificate"));
    return status == HTTP_UNPROCESSABLE_ENTITY ? anshin_response_form(request, "renewal-ended")
                                               : anshin_response_page(request, "renewal-ended", status);
}

int anshin_page_renewal_ended_get(anshin_portal_request_t *request)
{
    int answer = gate(request);

    return answer == DECLINED ? show(request, HTTP_OK) : answer;
}

static int follow(anshin_portal_request_t *request, const char *user, const anshin_login_result_t *result)
{
    switch (result->outcome) {
    case ANSHIN_LOGIN_LOCKED:
        return anshin_response_locked(request, user, &result->lock);
    case ANSHIN_LOGIN_THROTTLED:
        return anshin_response_throttled(request);
    case ANSHIN_LOGIN_RENEWED:
        return anshin_response_flow_begun(request, "/renewal/ended/done");
    case ANSHIN_LOGIN_FULL:
        anshin_page_alert(request->page, "error", anshin_page_say(request->page, "errors.renewals"));
        return show(request, HTTP_UNPROCESSABLE_ENTITY);
    default:
        anshin_login_complain(request, result);
        return show(request, HTTP_UNAUTHORIZED);
    }
}

int anshin_page_renewal_ended_post(anshin_portal_request_t *request)
{
    anshin_login_facts_t facts = {.presented = request->presented, .renews = 1};
    anshin_login_result_t result;
    int answer = gate(request);
    apr_status_t status;

    if (answer != DECLINED) {
        return answer;
    }
    facts.user = anshin_portal_request_field(request, "user", ANSHIN_LOGIN_USER_MAX);
    facts.password = anshin_portal_request_field(request, "password", ANSHIN_LOGIN_PASSWORD_MAX);
    facts.known = anshin_cookie_get(request->r, anshin_login_known_cookie(request));
    anshin_page_value(request->page, "user", anshin_form_get(request->form, "user"));
    if (facts.user == NULL || facts.password == NULL) {
        return show(request, HTTP_UNPROCESSABLE_ENTITY);
    }
    status = anshin_flow_start(&request->op, &request->flow, ANSHIN_FLOW_RENEWAL_ENDED, "");
    if (status == APR_SUCCESS) {
        request->op.flow = &request->flow;
        status = anshin_login(&request->op, &facts, &result);
    }
    return status == APR_SUCCESS ? follow(request, facts.user, &result)
                                 : anshin_response_unavailable(request, status, "renewal");
}
