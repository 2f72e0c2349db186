/*
 * What was shown once has been seen (SEC-1): the one form of all pages that show a secret at their end.
 */
#include "portal/route.h"

int anshin_seen_post(anshin_exchange_t *x)
{
    apr_status_t status = x->flow.stage == ANSHIN_STAGE_ENDED ? APR_SUCCESS : anshin_flow_end(&x->op, &x->flow);

    return status == APR_SUCCESS ? anshin_answer_flow(x, x->path) : anshin_answer_failure(x, status, "end of a flow");
}
