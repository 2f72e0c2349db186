/*
 * What was shown once has been seen (SEC-1): the one form of all pages that show a secret at their end.
 */
#include "portal/pages/pages.h"
#include "portal/response/response.h"

int anshin_page_seen_post(anshin_portal_request_t *request)
{
    apr_status_t status =
        request->flow.stage == ANSHIN_STAGE_ENDED ? APR_SUCCESS : anshin_flow_end(&request->op, &request->flow);

    return status == APR_SUCCESS ? anshin_response_flow(request, request->path)
                                 : anshin_response_failure(request, status, "end of a flow");
}
