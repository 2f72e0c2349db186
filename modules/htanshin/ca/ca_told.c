/*
 * Who has done what with a CA: see ca_told.h.
 */
#include "htanshin/ca/ca_told.h"

#include "htanshin/call.h"
#include "htanshin/open.h"

apr_status_t anshin_ca_hear(anshin_call_t *call)
{
    apr_status_t status = call->op.env == NULL ? anshin_call_config(call) : APR_SUCCESS;

    if (status == ANSHIN_ENOTFOUND) {
        anshin_error_clear(&call->op.error);
        return APR_SUCCESS;
    }
    return status == APR_SUCCESS && call->op.env == NULL ? anshin_call_store(call, NULL) : status;
}

apr_status_t anshin_ca_tell(anshin_call_t *call, anshin_act_t act, const char *name, anshin_outside_fn *effect,
                            void *baton)
{
    const anshin_event_t event = {.act = act, .after = name};

    if (call->op.env == NULL) {
        return effect != NULL ? effect(baton) : APR_SUCCESS;
    }
    return anshin_outside_tell(&call->op, &event, effect, baton);
}
