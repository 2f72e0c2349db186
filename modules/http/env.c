/*
 * The portal's side of the meeting of the two modules: see env.h.
 */
#include "http/env.h"

#include "build_id.h"

static const anshin_presented_t unknown_peer = {ANSHIN_PRESENTED_FAULT, "", "", "", 0, 0, ""};

const anshin_config_t *anshin_config_get(void)
{
    APR_OPTIONAL_FN_TYPE(anshin_auth_config) *config = APR_RETRIEVE_OPTIONAL_FN(anshin_auth_config);

    return config == NULL ? NULL : config(ANSHIN_BUILD_ID);
}

void anshin_request_state_get(request_rec *r, anshin_request_state_t *state)
{
    APR_OPTIONAL_FN_TYPE(anshin_auth_request_state) *fill = APR_RETRIEVE_OPTIONAL_FN(anshin_auth_request_state);

    state->env = NULL;
    state->contract = NULL;
    state->presented = &unknown_peer;
    state->secure = state->relayed = 0;
    if (fill != NULL) {
        fill(r, ANSHIN_BUILD_ID, state);
    }
}

void anshin_connection_close(request_rec *r)
{
    APR_OPTIONAL_FN_TYPE(anshin_auth_close) *end = APR_RETRIEVE_OPTIONAL_FN(anshin_auth_close);

    if (end != NULL) {
        end(r);
    } else {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
}
