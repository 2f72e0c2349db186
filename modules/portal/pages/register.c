/*
 * Registration, pages 1 and 3 (REG-2, REG-4, REG-5): the code, and the result.
 *
 * SECURITY: whoever has the link sees page 1 and learns nothing from it, not even for whom it is.
 */
#include "core/account/lockout_look.h"
#include "core/selfservice/registration.h"

#include <apr_strings.h>

#include "core/web/return_path.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"
#include "portal/request/words.h"

#define CODE_MAX 128 /* bytes typed */

static const char *const steps[] = {"steps.register_code", "steps.register_credentials", "steps.register_done", NULL};

static void put_code_form(anshin_portal_request_t *request)
{
    anshin_page_steps(request->page, steps, 0);
    anshin_page_text(request->page, "code_label", anshin_page_say(request->page, "register_code.label"));
    anshin_page_label(request->page, "code", "register_code.label");
}

int anshin_page_register_get(anshin_portal_request_t *request)
{
    anshin_account_t account;
    anshin_lock_t lock;
    apr_time_t until;
    apr_status_t status = anshin_registration_find(&request->op, request->flow.token, &account, NULL, &until);

    if (status == APR_SUCCESS) { /* said before anybody types (U18) */
        status = anshin_lock_find(&request->op, ANSHIN_COUNTER_REGISTRATION, account.user, &lock);
    }
    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "registration link");
    }
    if (lock.kinds != 0) {
        return anshin_response_link_locked(request, "registration");
    }
    put_code_form(request);
    anshin_words_life(request->page, until);
    return anshin_response_page(request, "register-code", HTTP_OK);
}

int anshin_page_register_post(anshin_portal_request_t *request)
{
    const char *code = anshin_portal_request_field(request, "code", CODE_MAX);
    anshin_code_result_t result;
    apr_status_t status;

    put_code_form(request);
    if (code == NULL) {
        return anshin_response_form(request, "register-code");
    }
    status = anshin_registration_code(&request->op, request->flow.token, code, &result);
    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "registration code");
    }
    if (result.locked) {
        return anshin_response_link_locked(request, "registration");
    }
    if (!result.right) {
        anshin_words_wrong(request->page, "code", "errors.registration_code_wrong", result.remaining);
        return anshin_response_form(request, "register-code");
    }
    return anshin_response_flow(request, "/register/credentials");
}

/* The app is enrolled behind a full login, never on the password alone (LOG-7): the login leads on to it. */
static void offer_app(anshin_portal_request_t *request)
{
    const char *sealed;

    if (ANSHIN_HAS(request->op.contract->policy.functions, ANSHIN_FUNCTION_ACCOUNT) &&
        anshin_return_seal(&request->op, anshin_portal_request_link(request, "/account/authenticator"), &sealed) ==
            APR_SUCCESS) {
        anshin_page_text(
            request->page, "app_url",
            apr_pstrcat(request->op.pool, anshin_portal_request_link(request, "/login?return="), sealed, NULL));
    }
}

int anshin_page_register_done_get(anshin_portal_request_t *request)
{
    int method;
    apr_status_t status = anshin_member_show_result(request, &method);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "registration");
    }
    anshin_page_steps(request->page, steps, 2);
    anshin_page_flag(request->page, "certificate", method == ANSHIN_METHOD_CERTIFICATE);
    anshin_page_flag(request->page, "otp", method == ANSHIN_METHOD_OTP);
    anshin_page_text(request->page, "login_url", anshin_portal_request_link(request, "/login"));
    if (method == ANSHIN_METHOD_OTP) {
        offer_app(request);
    }
    return anshin_response_page(request, "register-done", HTTP_OK);
}
