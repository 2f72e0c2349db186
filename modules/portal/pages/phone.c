/*
 * A QR code that opens a download on a phone (HLP-19): asked for on the account page or on the page of the download
 * itself, shown on a page of its own.
 *
 * SECURITY: the code's link lies sealed in the browser that asked, and is shown there alone, for as long as it leads
 * anywhere; where a session asked, to that user alone. Behind the login it wants a fresh check of the password, since
 * it takes the place of the mailbox.
 */
#include <apr_strings.h>
#include <string.h>

#include "core/certificate/phone.h"
#include "core/mail/mail_way.h"
#include "core/selfservice/phone.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/pages/qr.h"
#include "portal/pages/waiting.h"
#include "portal/request/words.h"
#include "portal/response/flow_cookie.h"
#include "portal/response/response.h"

/* Opened by hand, or led to by a password: the buttons are on these pages. */
int anshin_page_account_phone_get(anshin_portal_request_t *request)
{
    return anshin_response_redirect(request, "/account");
}

int anshin_page_download_phone_get(anshin_portal_request_t *request)
{
    return anshin_response_flow(request, "/download");
}

/* Of whom the note of the flow tells whether a session asked. */
static int lead_on(anshin_portal_request_t *request, const anshin_phone_t *phone, int member)
{
    apr_status_t status = anshin_flow_start(&request->op, &request->flow, ANSHIN_FLOW_PHONE, phone->user);

    request->flow.secret = phone->token;
    if (status == APR_SUCCESS) {
        status = anshin_flow_note(&request->op, &request->flow,
                                  json_pack("{s:i, s:I}", "member", member, "until", (json_int_t)phone->until));
    }
    return status == APR_SUCCESS ? anshin_response_flow_begun(request, "/phone")
                                 : anshin_response_unavailable(request, status, "flow");
}

int anshin_page_account_phone_post(anshin_portal_request_t *request)
{
    const anshin_member_t member = anshin_member_of(request);
    anshin_phone_t phone;
    apr_status_t status = anshin_member_phone(&request->op, &member, anshin_waiting_number(request), &phone);

    if (status == ANSHIN_ENOTFOUND) { /* fetched and done meanwhile */
        return anshin_response_redirect(request, anshin_waiting_told(request, ANSHIN_RESEND_NOTHING));
    }
    return status == APR_SUCCESS ? lead_on(request, &phone, 1) : anshin_member_failure(request, status, "QR code");
}

int anshin_page_download_phone_post(anshin_portal_request_t *request)
{
    anshin_phone_t phone;
    apr_status_t status = anshin_phone_from_link(&request->op, request->flow.token, &phone);

    return status == APR_SUCCESS ? lead_on(request, &phone, 0) : anshin_response_failure(request, status, "QR code");
}

static int is_anothers(const anshin_portal_request_t *request)
{
    return anshin_flow_number(&request->flow, "member") != 0 &&
           (!request->logged_in || strcmp(request->session.user, request->flow.user) != 0);
}

/* The way back to where it was asked for; a flow of a download has its own. */
static void put_back(anshin_portal_request_t *request)
{
    const int member = anshin_flow_number(&request->flow, "member") != 0;

    anshin_page_flag(request->page, "member", member);
    anshin_page_text(request->page, "back_url", anshin_portal_request_link(request, member ? "/account" : "/download"));
}

int anshin_page_phone_get(anshin_portal_request_t *request)
{
    anshin_link_standing_t standing;
    apr_status_t status;

    if (is_anothers(request)) {
        return anshin_response_flow_ended(request);
    }
    status = anshin_download_link_standing(&request->op, request->flow.secret, &standing);
    if (status != APR_SUCCESS) {
        return anshin_response_unavailable(request, status, "QR code");
    }
    put_back(request);
    if (standing == ANSHIN_LINK_GOOD) {
        const char *url = anshin_mail_way_address(&request->op, "/download", request->flow.secret);

        anshin_page_text(request->page, "qr_svg",
                         anshin_qr_svg(url, anshin_page_say(request->page, "phone.qr_alt"), request->op.pool));
        anshin_page_text(request->page, "phone_url", url);
        anshin_words_life(request->page, (apr_time_t)anshin_flow_number(&request->flow, "until"));
    }
    anshin_page_flag(request->page, "used", standing == ANSHIN_LINK_USED);
    return anshin_response_page(request, "phone", HTTP_OK);
}
