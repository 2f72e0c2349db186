/*
 * The code of a mail that has no link (NOM-1): the place that the mail names. Here begins a download; what was asked
 * for in this browser has pages of its own (reissue.c), to which this one leads.
 *
 * SECURITY: faces everybody. One answer to whatever is wrong (S8).
 */
#include "portal/pages/pages.h"

#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "core/account/lockout_look.h"
#include "core/selfservice/access_code.h"
#include "portal/response/flow_cookie.h"
#include "portal/response/response.h"
#include "portal/response/trouble.h"

#define USER_MAX 512 /* bytes typed */

/* The flows that wait for a code in the browser that asked. */
static const struct {
    anshin_flow_kind_t kind;
    const char *path;
    const char *label;
    anshin_function_t function;
} asked[] = {
    {ANSHIN_FLOW_REISSUE_PASSWORD, "/reissue/password/code", "code.to_password", ANSHIN_FUNCTION_PASSWORD_REISSUE},
    {ANSHIN_FLOW_REISSUE_CERTIFICATE, "/reissue/certificate/code", "code.to_certificate",
     ANSHIN_FUNCTION_CERTIFICATE_REISSUE},
    {ANSHIN_FLOW_LOST_DEVICE, "/lost/code", "code.to_lost", ANSHIN_FUNCTION_LOST_DEVICE},
};

/* What this browser has asked for: by its cookies alone, whatever has become of it. */
static apr_status_t put_asked(anshin_portal_request_t *request)
{
    json_t *list = json_array();
    apr_status_t status = APR_SUCCESS;

    for (apr_size_t i = 0; status == APR_SUCCESS && i < sizeof asked / sizeof asked[0]; i++) {
        if (!ANSHIN_HAS(request->op.contract->policy.functions, asked[i].function)) {
            continue;
        }
        status = anshin_flow_cookie_newest(request, asked[i].kind, NULL);
        if (status == APR_SUCCESS && request->flow.note != NULL && request->flow.stage == ANSHIN_STAGE_OPENED) {
            const char *url = anshin_portal_request_link(request, anshin_flow_cookie_path(request, asked[i].path));

            anshin_page_append(
                request->page, list,
                json_pack("{s:s, s:s}", "url", url, "text", anshin_page_say(request->page, asked[i].label)));
        }
        status = status == ANSHIN_EDENIED ? APR_SUCCESS : status;
    }
    memset(&request->flow, 0, sizeof(request->flow)); /* this page is of none of them */
    anshin_page_flag(request->page, "any", json_array_size(list) > 0);
    anshin_page_put(request->page, request->page->page, "asked", list);
    return status;
}

static apr_status_t put_form(anshin_portal_request_t *request)
{
    static const char *const troubles[] = {"mail_missing", "id_forgotten", NULL};

    anshin_page_flag(request->page, "downloads",
                     ANSHIN_HAS(request->op.contract->policy.methods, ANSHIN_METHOD_CERTIFICATE));
    anshin_page_text(request->page, "cancel_url", anshin_portal_request_link(request, "/login"));
    anshin_trouble_put_some(request, troubles);
    return put_asked(request);
}

int anshin_page_code_get(anshin_portal_request_t *request)
{
    apr_status_t status = anshin_address_find(&request->op);

    if (status == ANSHIN_EDENIED) { /* said before anybody types (U18) */
        return anshin_response_throttled(request);
    }
    status = status == APR_SUCCESS ? put_form(request) : status;
    return status == APR_SUCCESS ? anshin_response_page(request, "code", HTTP_OK)
                                 : anshin_response_unavailable(request, status, "code");
}

/* On as behind the link. */
static int begin(anshin_portal_request_t *request, const char *token)
{
    apr_status_t status = anshin_flow_start(&request->op, &request->flow, ANSHIN_FLOW_DOWNLOAD, "");

    request->flow.token = token;
    return status == APR_SUCCESS ? anshin_response_flow_begun(request, "/download")
                                 : anshin_response_unavailable(request, status, "flow");
}

int anshin_page_code_post(anshin_portal_request_t *request)
{
    const char *user = anshin_portal_request_field(request, "user", USER_MAX);
    const char *code = anshin_portal_request_field(request, "access_code", ANSHIN_ACCESS_TYPED_MAX);
    const char *token;
    int right = 0;
    apr_status_t status = APR_SUCCESS;

    anshin_page_value(request->page, "user", anshin_portal_request_text(request, "user"));
    if (user != NULL && code != NULL) {
        status = anshin_access_download(&request->op, user, code, &token, &right);
    }
    if (status == ANSHIN_EDENIED) {
        return anshin_response_throttled(request);
    }
    if (right) {
        return begin(request, token);
    }
    status = status == APR_SUCCESS ? put_form(request) : status;
    if (status != APR_SUCCESS) {
        return anshin_response_unavailable(request, status, "code");
    }
    if (user != NULL && code != NULL) {
        anshin_portal_request_log(request, APLOG_INFO, "AN1414", "a code that counts for nothing here");
        anshin_page_alert(request->page, "error", anshin_page_say(request->page, "errors.code_or_user_wrong"));
        anshin_page_error(request->page, "access_code", "errors.access_code_wrong");
    }
    return anshin_response_form(request, "code");
}
