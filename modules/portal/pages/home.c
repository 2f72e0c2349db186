/*
 * The page behind the login that belongs to the portal itself: who is logged in, how, and since when not.
 */
#include <apr_strings.h>

#include "core/account/account.h"
#include "core/certificate/reminder.h"
#include "portal/pages/login_on.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"
#include "portal/request/words.h"

/* How long the password may still be used, when that is worth a word (LOG-6). */
static apr_status_t put_days_left(anshin_portal_request_t *request)
{
    anshin_account_t account;
    const anshin_member_t member = anshin_member_of(request);
    apr_status_t status = anshin_member_read(&request->op, &member, &account);
    int days = status == APR_SUCCESS ? anshin_password_days_left(&request->op, &account) : -1;

    if (days >= 0) {
        anshin_page_text(request->page, "days_left_text",
                         anshin_page_say_number(request->page, "home.days_left", "days", days));
        if (ANSHIN_HAS(request->op.contract->policy.functions, ANSHIN_FUNCTION_PASSWORD)) {
            anshin_page_text(request->page, "password_url", anshin_portal_request_link(request, "/password"));
        }
    }
    return status;
}

/* How long the certificate of this session may still be used, likewise (REN-1). */
static apr_status_t put_certificate_days(anshin_portal_request_t *request)
{
    int days;
    apr_status_t status = anshin_certificate_days_of(&request->op, &request->session, &days);

    if (days > 0) {
        anshin_page_text(request->page, "certificate_days_text",
                         anshin_page_say_number(request->page, "home.certificate_days_left", "days", days));
        if (ANSHIN_HAS(request->op.contract->policy.functions, ANSHIN_FUNCTION_ACCOUNT)) {
            anshin_page_text(request->page, "account_url", anshin_portal_request_link(request, "/account"));
        }
    }
    return status;
}

int anshin_page_home_get(anshin_portal_request_t *request)
{
    apr_time_t at = request->session.login_before_at;
    apr_status_t status = put_days_left(request);

    status = status == APR_SUCCESS ? put_certificate_days(request) : status;
    if (status != APR_SUCCESS) {
        return anshin_member_failure(request, status, "account");
    }
    anshin_page_text(request->page, "method_text", anshin_words_method(request->page, request->session.method));
    anshin_page_text(request->page, "site_url", anshin_login_target(request));
    if (at != 0) {
        anshin_page_moment(request->page, request->page->page, "last_login", at, ANSHIN_DATE_PLAIN);
    }
    anshin_page_announcements(request->page);
    return anshin_response_page(request, "home", HTTP_OK);
}
