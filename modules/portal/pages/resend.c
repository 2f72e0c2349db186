/*
 * The mail with a download's link once more, for who is logged in (HLP-17, HLP-18); for others: reissue.c.
 */
#include "core/selfservice/resend.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/pages/waiting.h"
#include "portal/response/response.h"

/* Opened by hand, or led to by a login: the button is on the account page. */
int anshin_page_account_resend_get(anshin_portal_request_t *request)
{
    return anshin_response_redirect(request, "/account");
}

int anshin_page_account_resend_post(anshin_portal_request_t *request)
{
    const anshin_member_t member = anshin_member_of(request);
    anshin_resend_t resend;
    apr_status_t status = anshin_resend(&request->op, &member, anshin_waiting_number(request), &resend);

    if (status == ANSHIN_ENOTFOUND) { /* deleted meanwhile, or never there */
        return anshin_response_redirect(request, anshin_waiting_told(request, ANSHIN_RESEND_NOTHING));
    }
    if (status != APR_SUCCESS) {
        return anshin_member_failure(request, status, "resend");
    }
    return anshin_response_redirect(request, anshin_waiting_told(request, resend.outcome));
}
