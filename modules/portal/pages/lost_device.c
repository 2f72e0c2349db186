/*
 * A lost device (LST-2): which one, and what was done. The link and the proof are in reissue.c.
 *
 * SECURITY: reached without a certificate and while the account is locked. It tells what is needed to choose a
 * terminal, no address, and does one thing alone.
 */
#include "portal/pages/lost_device.h"

#include <apr_strings.h>
#include <string.h>

#include "core/selfservice/lost_device.h"
#include "portal/response/flow_cookie.h"
#include "portal/pages/member.h"
#include "portal/pages/pages.h"
#include "portal/response/response.h"
#include "portal/request/words.h"

#define NUMBER_MAX 9 /* digits of a terminal's number */

const char *const anshin_lost_steps[] = {"steps.reissue_request", "steps.reissue_sent", "steps.reissue_prove",
                                         "steps.lost_choose",     "steps.lost_done",    NULL};
enum { STEP_CHOOSE = 3, STEP_DONE };

static apr_int64_t number_of(const char *text)
{
    return *text && strlen(text) <= NUMBER_MAX && strspn(text, "0123456789") == strlen(text) ? apr_atoi64(text) : 0;
}

static void put_device(anshin_portal_request_t *request, json_t *rows, const anshin_lost_device_t *device, int selected)
{
    const anshin_terminal_t *terminal = &device->terminal;
    json_t *row = json_pack("{s:s, s:s*, s:b}", "kind_text", anshin_words_kind(request->page, terminal->kind), "name",
                            device->name, "selected", selected);

    anshin_words_terminal(request->page, row, terminal->number, terminal->label);
    anshin_page_moment(request->page, row, "expires", device->expires_at, ANSHIN_DATE_PLAIN);
    anshin_page_append(request->page, rows, row);
}

/* The form; chosen: what stands in it. *found: 1, it is one of those that can be. */
static apr_status_t put_choice(anshin_portal_request_t *request, apr_int64_t chosen, int *found)
{
    json_t *rows = json_array();
    apr_array_header_t *devices;
    apr_status_t status = anshin_lost_devices(&request->op, &request->flow, &devices);

    *found = 0;
    for (int i = 0; status == APR_SUCCESS && i < devices->nelts; i++) {
        const anshin_lost_device_t *device = &APR_ARRAY_IDX(devices, i, anshin_lost_device_t);

        *found |= device->terminal.number == chosen;
        put_device(request, rows, device, devices->nelts == 1 || device->terminal.number == chosen);
    }
    anshin_page_put(request->page, request->page->page, "devices", rows);
    anshin_page_flag(request->page, "any", json_array_size(rows) > 0);
    anshin_page_steps(request->page, anshin_lost_steps, STEP_CHOOSE);
    anshin_page_text(request->page, "action_url",
                     anshin_portal_request_link(request, anshin_flow_cookie_path(request, request->path)));
    anshin_page_text(request->page, "cancel_url", anshin_portal_request_link(request, "/help"));
    return status;
}

/* The form as it was sent, with what is to be complained about. */
static int complain(anshin_portal_request_t *request, apr_int64_t chosen)
{
    int found;
    apr_status_t status = put_choice(request, chosen, &found);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "lost device");
    }
    if (!found) {
        anshin_page_error(request->page, "device", chosen != 0 ? "errors.terminal_nothing" : "errors.choose");
    }
    return anshin_response_form(request, "lost-choose");
}

int anshin_page_lost_choose_get(anshin_portal_request_t *request)
{
    int found;
    apr_status_t status;

    if (request->typed != NULL) {
        return complain(request, number_of(anshin_portal_request_text(request, "device")));
    }
    status = put_choice(request, 0, &found);
    return status == APR_SUCCESS ? anshin_response_page(request, "lost-choose", HTTP_OK)
                                 : anshin_response_failure(request, status, "lost device");
}

int anshin_page_lost_choose_post(anshin_portal_request_t *request)
{
    apr_int64_t number = number_of(anshin_portal_request_text(request, "device"));
    apr_status_t status = number != 0 ? anshin_lost_device_revoke(&request->op, number) : ANSHIN_EINVALID;

    if (status == ANSHIN_EINVALID || status == ANSHIN_ECONFLICT) {
        return complain(request, number);
    }
    return status == APR_SUCCESS ? anshin_response_flow(request, "/lost/done")
                                 : anshin_response_failure(request, status, "lost device");
}

int anshin_page_lost_done_get(anshin_portal_request_t *request)
{
    apr_status_t status = anshin_member_show_result(request, NULL);

    if (status != APR_SUCCESS) {
        return anshin_response_failure(request, status, "lost device");
    }
    anshin_page_steps(request->page, anshin_lost_steps, STEP_DONE);
    if (ANSHIN_HAS(request->op.contract->policy.functions, ANSHIN_FUNCTION_CERTIFICATE_REISSUE)) {
        anshin_page_text(request->page, "certificate_reissue_url",
                         anshin_portal_request_link(request, "/reissue/certificate"));
    }
    if (ANSHIN_HAS(request->op.contract->policy.functions, ANSHIN_FUNCTION_PASSWORD_REISSUE)) {
        anshin_page_text(request->page, "password_reissue_url",
                         anshin_portal_request_link(request, "/reissue/password"));
    }
    return anshin_response_page(request, "lost-done", HTTP_OK);
}
