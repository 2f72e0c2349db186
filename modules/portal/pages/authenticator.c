/*
 * Enrolment of an authenticator app (LOG-7): QR code, then a code that shows that it was scanned.
 *
 * SECURITY: behind a full login with a fresh check of the password. The secret waits sealed in the browser until it is
 * confirmed, so that the flow's page can be looked at again (SEC-1).
 */
#include <apr_strings.h>
#include <string.h>

#include "core/context/secret.h"
#include "core/login/totp.h"
#include "portal/response/flow_cookie.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/pages/qr.h"
#include "portal/response/response.h"

#define CODE_MAX 64 /* bytes typed */

/* The secret in groups of four, for typing. */
static const char *grouped(const char *secret, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, strlen(secret) * 2 + 1), *to = text;

    for (apr_size_t i = 0; secret[i]; i++) {
        if (i > 0 && i % 4 == 0) {
            *to++ = ' ';
        }
        *to++ = secret[i];
    }
    *to = '\0';
    return text;
}

static int show(anshin_portal_request_t *request, int status)
{
    const char *svg = anshin_qr_svg(anshin_totp_uri(&request->op, request->session.user, request->flow.secret),
                             anshin_page_say(request->page, "authenticator.qr_alt"), request->op.pool);

    anshin_page_text(request->page, "qr_svg", svg);
    anshin_page_text(request->page, "app_url",
                     anshin_totp_uri(&request->op, request->session.user, request->flow.secret));
    anshin_page_text(request->page, "secret_text", grouped(request->flow.secret, request->op.pool));
    anshin_page_text(request->page, "cancel_url", anshin_portal_request_link(request, "/account"));
    return status == HTTP_OK ? anshin_response_page(request, "authenticator", HTTP_OK)
                             : anshin_response_form(request, "authenticator");
}

static apr_status_t put_state(anshin_portal_request_t *request)
{
    anshin_account_t account;
    const anshin_member_t member = anshin_member_of(request);
    apr_status_t status = anshin_member_read(&request->op, &member, &account);

    if (status == APR_SUCCESS && account.method != ANSHIN_METHOD_OTP) {
        return ANSHIN_ENOTFOUND;
    }
    anshin_page_flag(request->page, "enrolled", status == APR_SUCCESS && account.totp_blob != NULL);
    return status;
}

static apr_status_t begin(anshin_portal_request_t *request)
{
    apr_status_t status =
        anshin_flow_start(&request->op, &request->flow, ANSHIN_FLOW_AUTHENTICATOR, request->session.user);

    if (status == APR_SUCCESS) {
        status = anshin_totp_secret(&request->op, &request->flow.secret);
    }
    if (status == APR_SUCCESS) {
        status = anshin_flow_cookie_keep(request);
    }
    anshin_portal_request_put_place(request);
    return status;
}

int anshin_page_account_authenticator_get(anshin_portal_request_t *request)
{
    apr_status_t status = put_state(request);

    if (status == ANSHIN_ENOTFOUND) {
        return anshin_response_error(request, HTTP_NOT_FOUND);
    }
    if (anshin_form_get(request->query, "done")) {
        return anshin_response_done(request, "authenticator_set", "/account");
    }
    if (anshin_form_get(request->query, "removed")) {
        return anshin_response_done(request, "authenticator_removed", "/account");
    }
    if (request->flow.stage == ANSHIN_STAGE_RESULT) {
        return anshin_response_redirect(request, "/account/authenticator?done=1");
    }
    if (status == APR_SUCCESS && request->flow.kind == ANSHIN_FLOW_NONE) {
        status = begin(request);
    }
    return status == APR_SUCCESS ? show(request, HTTP_OK) : anshin_member_failure(request, status, "authenticator");
}

int anshin_page_account_authenticator_post(anshin_portal_request_t *request)
{
    anshin_member_t member = anshin_member_of(request);
    const char *code;
    int right;
    apr_status_t status = put_state(request);

    if (status == ANSHIN_ENOTFOUND) {
        return anshin_response_error(request, HTTP_NOT_FOUND);
    }
    if (status == APR_SUCCESS && strcmp(anshin_portal_request_text(request, "action"), "remove") == 0) {
        status = anshin_totp_remove(&request->op, &member);
        return status == APR_SUCCESS ? anshin_response_redirect(request, "/account/authenticator?removed=1")
                                     : anshin_member_failure(request, status, "authenticator");
    }
    if (status != APR_SUCCESS) {
        return anshin_member_failure(request, status, "authenticator");
    }
    if (request->flow.kind == ANSHIN_FLOW_NONE) {
        return anshin_response_flow_ended(request);
    }
    if (request->flow.stage != ANSHIN_STAGE_OPENED) { /* sent twice */
        return anshin_response_redirect(request, "/account/authenticator?done=1");
    }
    if (!(code = anshin_portal_request_field(request, "code", CODE_MAX))) {
        return show(request, HTTP_UNPROCESSABLE_ENTITY);
    }
    status = anshin_totp_enrol(&request->op, &member, request->flow.secret,
                               anshin_secret_normalise(code, request->op.pool), &right);
    if (status != APR_SUCCESS) {
        return anshin_member_failure(request, status, "authenticator");
    }
    if (!right) {
        anshin_page_error(request->page, "code", "errors.code_wrong");
        return show(request, HTTP_UNPROCESSABLE_ENTITY);
    }
    anshin_flow_cookie_forget(request);
    return anshin_response_redirect(request, "/account/authenticator?done=1");
}
