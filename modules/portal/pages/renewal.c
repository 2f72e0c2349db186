/*
 * Renewal of a terminal's certificate (REN-2): confirm, done.
 *
 * SECURITY: what is confirmed travels sealed in the flow, whose user is compared by flow_cookie.c (S29); the core
 * checks it all again.
 */
#include <apr_strings.h>

#include "core/selfservice/renewal.h"
#include "portal/response/flow_cookie.h"
#include "portal/response/menu.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"
#include "portal/request/words.h"

static const char *const steps[] = {"steps.renewal_confirm", "steps.renewal_done", NULL};

static apr_int64_t planned(const anshin_portal_request_t *request)
{
    return anshin_flow_number(&request->flow, "number");
}

static apr_status_t find(anshin_portal_request_t *request, apr_int64_t number, anshin_renewal_t *renewal)
{
    const anshin_member_t member = anshin_member_of(request);

    return anshin_renewal_find(&request->op, &member, number, renewal);
}

/* GET begins the flow in the browser alone; nothing changes on the server. */
int anshin_page_renewal_get(anshin_portal_request_t *request)
{
    apr_int64_t number = anshin_member_number(request);
    anshin_renewal_t renewal;
    apr_status_t status = number ? find(request, number, &renewal) : ANSHIN_ENOTFOUND;

    if (status == ANSHIN_ENOTFOUND) {
        return anshin_response_error(request, HTTP_NOT_FOUND);
    }
    if (status == APR_SUCCESS) {
        status = anshin_flow_start(&request->op, &request->flow, ANSHIN_FLOW_RENEWAL, request->session.user);
    }
    if (status == APR_SUCCESS) {
        status = anshin_flow_note(&request->op, &request->flow, json_pack("{s:I}", "number", (json_int_t)number));
    }
    return status == APR_SUCCESS ? anshin_response_flow_begun(request, "/renewal/confirm")
                                 : anshin_member_failure(request, status, "renewal");
}

static void put_terminal(anshin_portal_request_t *request, apr_int64_t number, const char *label)
{
    json_t *terminal = json_object();

    anshin_words_terminal(request->page, terminal, number, label);
    anshin_page_put(request->page, request->page->page, "terminal", terminal);
}

static int draw_confirm(anshin_portal_request_t *request, const anshin_renewal_t *renewal)
{
    const anshin_terminal_t *terminal = &renewal->terminal;

    put_terminal(request, terminal->number, terminal->label);
    anshin_page_text(request->page, "kind_text", anshin_words_kind(request->page, terminal->kind));
    anshin_page_text(request->page, "address", terminal->address);
    anshin_page_moment(request->page, request->page->page, "expires", renewal->expires_at, ANSHIN_DATE_PLAIN);
    anshin_page_flag(request->page, "waits", renewal->waits);
    anshin_page_steps(request->page, steps, 0);
    anshin_menu_cancel(request);
    anshin_page_text(request->page, "action_url",
                     anshin_portal_request_link(request, anshin_flow_cookie_path(request, "/renewal/confirm")));
    if (renewal->error == NULL) {
        return anshin_response_page(request, "renewal", HTTP_OK);
    }
    anshin_page_alert(request->page, "error", anshin_page_say(request->page, renewal->error));
    return anshin_response_form(request, "renewal");
}

int anshin_page_renewal_confirm_get(anshin_portal_request_t *request)
{
    anshin_renewal_t renewal;
    apr_status_t status = find(request, planned(request), &renewal);

    return status == APR_SUCCESS ? draw_confirm(request, &renewal)
                                 : anshin_response_failure(request, status, "renewal");
}

int anshin_page_renewal_confirm_post(anshin_portal_request_t *request)
{
    const anshin_member_t member = anshin_member_of(request);
    anshin_renewal_t renewal;
    apr_status_t status = anshin_renewal_begin(&request->op, &member, planned(request), &renewal);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "renewal");
    }
    return renewal.error == NULL ? anshin_response_flow(request, "/renewal/done") : draw_confirm(request, &renewal);
}

int anshin_page_renewal_done_get(anshin_portal_request_t *request)
{
    int ended = request->flow.kind == ANSHIN_FLOW_RENEWAL_ENDED;
    apr_status_t status = anshin_member_show_result(request, NULL);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "download password");
    }
    anshin_page_steps(request->page, steps, 1);
    anshin_page_flag(request->page, "ended", ended);
    if (!ended) {
        anshin_page_text(request->page, "next_url", anshin_portal_request_link(request, anshin_menu_start(request)));
    }
    return anshin_response_page(request, "renewal-done", HTTP_OK);
}
