/*
 * What the pages of somebody who is logged in share.
 */
#include "portal/pages/member.h"
#include "portal/pages/course.h"

#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "core/base/address.h"
#include "core/certificate/download.h"
#include "core/certificate/issuer.h"
#include "core/web/cookie_header.h"
#include "portal/request/cookie.h"
#include "portal/response/flow_cookie.h"
#include "portal/response/response.h"
#include "portal/request/words.h"

APLOG_USE_MODULE(anshin_portal);

anshin_member_t anshin_member_of(const anshin_portal_request_t *request)
{
    anshin_member_t member = {request->session_key, &request->session};

    return member;
}

apr_int64_t anshin_member_number(const anshin_portal_request_t *request)
{
    const char *text = anshin_form_get(request->query, "n");

    return text && *text && strlen(text) < 10 && strspn(text, "0123456789") == strlen(text) ? apr_atoi64(text) : 0;
}

int anshin_member_failure(anshin_portal_request_t *request, apr_status_t status, const char *what)
{
    if (status == ANSHIN_EDENIED || status == ANSHIN_ENOTFOUND) {
        anshin_portal_request_log(request, APLOG_INFO, "AN0660", what);
        return anshin_response_redirect(request, "/login");
    }
    return anshin_response_unavailable(request, status, what);
}

void anshin_member_cookie(anshin_portal_request_t *request, const char *session_id)
{
    anshin_cookie_set(request->r, anshin_session_cookie(request->op.contract->name, request->op.pool), session_id, 0);
}

void anshin_member_leaves(anshin_portal_request_t *request)
{
    if (request->op.contract->policy.clear_cache) {
        apr_table_setn(request->r->headers_out, "Clear-Site-Data", "\"cache\"");
    }
}

int anshin_member_complain(anshin_portal_request_t *request, const char *field, const anshin_reauthentication_t *proof)
{
    if (proof->right) {
        return 0;
    }
    anshin_words_wrong(request->page, field, "errors.password_wrong", proof->remaining);
    return 1;
}

apr_status_t anshin_member_show_stopped(anshin_portal_request_t *request)
{
    int waits;
    apr_status_t status = anshin_issuer_waits(&request->op, &waits);

    if (status == APR_SUCCESS && waits) {
        anshin_page_alert(request->page, "notice", anshin_page_say(request->page, "issued.stopped"));
    }
    return status;
}

/* The flow's user is who is logged in here. */
static int is_own(const anshin_portal_request_t *request)
{
    return request->logged_in && strcmp(request->session.user, request->flow.user) == 0;
}

/* None to whoever has come for a lost device, who need not know the others. */
static const char *told_address(const anshin_portal_request_t *request, const char *address)
{
    if (address == NULL || request->flow.kind == ANSHIN_FLOW_LOST_DEVICE) {
        return "";
    }
    return is_own(request) ? address : anshin_address_masked(address, request->op.pool);
}

void anshin_member_show_outcome(anshin_portal_request_t *request, const anshin_terminal_t *terminal)
{
    json_t *outcome = json_pack("{s:s}", "user", request->flow.user);
    json_t *which;

    anshin_page_moment(request->page, outcome, "when", request->flow.reached, ANSHIN_DATE_PLAIN);
    if (terminal != NULL && terminal->number != 0) {
        which = json_object();
        anshin_words_terminal(request->page, which, terminal->number, terminal->label);
        anshin_page_put(request->page, which, "kind_text",
                        json_string(anshin_words_kind(request->page, terminal->kind)));
        anshin_page_put(request->page, which, "address", json_string(told_address(request, terminal->address)));
        anshin_page_put(request->page, outcome, "terminal", which);
    }
    anshin_page_put(request->page, request->page->page, "outcome", outcome);
}

apr_status_t anshin_member_show_result(anshin_portal_request_t *request, int *method)
{
    int ended = request->flow.stage == ANSHIN_STAGE_ENDED;
    json_t *list = json_array();
    anshin_issues_t issues;
    apr_status_t status = anshin_download_issues(&request->op, request->flow.user, request->flow.terminal,
                                                 request->flow.reached, &issues);

    for (int i = 0; !ended && i < issues.waits->nelts; i++) {
        const anshin_issue_t *issue = &APR_ARRAY_IDX(issues.waits, i, anshin_issue_t);
        json_t *row = json_pack("{s:I, s:s, s:s}", "terminal", (json_int_t)issue->terminal, "download_password",
                                issue->password, "address", anshin_address_masked(issue->address, request->op.pool));

        anshin_words_terminal(request->page, row, issue->terminal, issue->label);
        anshin_page_append(request->page, list, row);
        anshin_page_text(request->page, "download_password", issue->password);
    }
    anshin_member_show_outcome(request, &issues.terminal);
    anshin_page_flag(request->page, "secrets", json_array_size(list) > 0);
    anshin_page_flag(request->page, "in_account",
                     is_own(request) && ANSHIN_HAS(request->op.contract->policy.functions, ANSHIN_FUNCTION_ACCOUNT));
    anshin_page_put(request->page, request->page->page, "issues", list);
    anshin_page_flag(request->page, "seen", ended);
    if (issues.waits->nelts > 0 && ANSHIN_HAS(request->op.contract->policy.functions, ANSHIN_FUNCTION_RESEND)) {
        anshin_page_text(request->page, "resend_url", anshin_portal_request_link(request, "/resend"));
    }
    if (status == APR_SUCCESS && issues.waits->nelts == 1) {
        const anshin_issue_t *only = &APR_ARRAY_IDX(issues.waits, 0, anshin_issue_t);

        status = anshin_course_put(request, request->flow.user, only->terminal);
    }
    anshin_page_text(request->page, "seen_url",
                     anshin_portal_request_link(request, anshin_flow_cookie_path(request, request->path)));
    if (method != NULL) {
        *method = issues.method;
    }
    return status == APR_SUCCESS && json_array_size(list) > 0 ? anshin_member_show_stopped(request) : status;
}
