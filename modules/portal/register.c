/*
 * Registration, pages 1 and 3 (REG-2, REG-4, REG-5): the code, and the result.
 *
 * SECURITY: whoever has the link sees page 1 and learns nothing from it, not even for whom it is.
 */
#include "core/registration.h"

#include "portal/member.h"
#include "portal/route.h"

#define CODE_MAX 128 /* bytes typed */

static const char *const steps[] = {"steps.register_code", "steps.register_credentials", "steps.register_done", NULL};

int anshin_register_get(anshin_exchange_t *x)
{
    anshin_account_t account;
    apr_status_t status = anshin_registration_find(&x->op, x->flow.token, &account);

    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "registration link");
    }
    anshin_page_steps(x->page, steps, 0);
    return anshin_answer_page(x, "register-code", HTTP_OK);
}

int anshin_register_post(anshin_exchange_t *x)
{
    const char *code = anshin_exchange_field(x, "code", CODE_MAX);
    anshin_code_result_t result;
    apr_status_t status;

    anshin_page_steps(x->page, steps, 0);
    if (code == NULL) {
        return anshin_answer_form(x, "register-code");
    }
    status = anshin_registration_code(&x->op, x->flow.token, code, &result);
    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "registration code");
    }
    if (result.locked) {
        return anshin_answer_link_locked(x, "registration");
    }
    if (!result.right) {
        anshin_words_wrong(x, "code", "errors.registration_code_wrong", result.remaining);
        return anshin_answer_form(x, "register-code");
    }
    return anshin_answer_flow(x, "/register/credentials");
}

int anshin_registered_get(anshin_exchange_t *x)
{
    int method;
    apr_status_t status = anshin_member_show_result(x, &method);

    if (status != APR_SUCCESS) {
        return anshin_answer_failure(x, status, "registration");
    }
    anshin_page_steps(x->page, steps, 2);
    anshin_page_flag(x->page, "certificate", method == ANSHIN_METHOD_CERTIFICATE);
    anshin_page_text(x->page, "support", x->op.contract->policy.support);
    anshin_page_text(x->page, "login_url", anshin_exchange_link(x, "/login"));
    return anshin_answer_page(x, "register-done", HTTP_OK);
}
