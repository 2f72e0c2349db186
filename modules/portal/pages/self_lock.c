/*
 * A user locks the own account (ACC-4): confirm, done. The page about an entry of the history that nobody knows leads
 * here.
 *
 * SECURITY: behind the password once more; the flow's user is compared by flow_cookie.c (S29). The last page is there
 * without a session, since all of them have ended.
 */
#include "core/mail/notice.h"
#include "core/selfservice/self_lock.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/response/flow_cookie.h"
#include "portal/response/help_number.h"
#include "portal/response/menu.h"
#include "portal/response/response.h"

static int has_certificates(const anshin_portal_request_t *request)
{
    return ANSHIN_HAS(request->op.contract->policy.methods, ANSHIN_METHOD_CERTIFICATE);
}

/* GET begins the flow in the browser alone; nothing changes on the server. */
int anshin_page_lock_get(anshin_portal_request_t *request)
{
    apr_status_t status = anshin_flow_start(&request->op, &request->flow, ANSHIN_FLOW_SELF_LOCK, request->session.user);

    return status == APR_SUCCESS ? anshin_response_flow_begun(request, "/history/lock/confirm")
                                 : anshin_response_unavailable(request, status, "flow");
}

int anshin_page_lock_confirm_get(anshin_portal_request_t *request)
{
    anshin_page_flag(request->page, "certificates", has_certificates(request));
    anshin_page_flag(request->page, "notice", ANSHIN_HAS(request->op.contract->policy.notices, ANSHIN_NOTICE_LOCK));
    anshin_page_text(request->page, "action_url",
                     anshin_portal_request_link(request, anshin_flow_cookie_path(request, "/history/lock/confirm")));
    anshin_menu_cancel(request);
    return anshin_response_page(request, "self-lock", HTTP_OK);
}

int anshin_page_lock_confirm_post(anshin_portal_request_t *request)
{
    const anshin_member_t member = anshin_member_of(request);
    apr_status_t status = anshin_self_lock(&request->op, &member);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "lock of the own account");
    }
    anshin_member_leaves(request);
    return anshin_response_flow(request, "/history/lock/done");
}

int anshin_page_lock_done_get(anshin_portal_request_t *request)
{
    const anshin_help_facts_t facts = {
        .kind = ANSHIN_HELP_ACCOUNT, .user = request->flow.user, .since = request->flow.reached};

    anshin_member_show_outcome(request, NULL);
    anshin_help_number_put(request, &facts);
    if (has_certificates(request) && ANSHIN_HAS(request->op.contract->policy.functions, ANSHIN_FUNCTION_LOST_DEVICE)) {
        anshin_page_text(request->page, "lost_url", anshin_portal_request_link(request, "/lost"));
    }
    return anshin_response_page(request, "self-lock-done", HTTP_OK);
}
