/*
 * The portal's side of the meeting of the two modules: see env.h.
 */
#include "httpd/env.h"

#include "build_id.h"

static const anshin_peer_t unknown_peer = {ANSHIN_PEER_FAULT, "", "", "", 0, 0};

const anshin_config_t *anshin_config_get(void)
{
    APR_OPTIONAL_FN_TYPE(anshin_auth_config) *config = APR_RETRIEVE_OPTIONAL_FN(anshin_auth_config);

    return config == NULL ? NULL : config(ANSHIN_BUILD_ID);
}

void anshin_visit_get(request_rec *r, anshin_visit_t *visit)
{
    APR_OPTIONAL_FN_TYPE(anshin_auth_visit) *fill = APR_RETRIEVE_OPTIONAL_FN(anshin_auth_visit);

    visit->env = NULL;
    visit->contract = NULL;
    visit->peer = &unknown_peer;
    visit->secure = visit->relayed = 0;
    if (fill != NULL) {
        fill(r, ANSHIN_BUILD_ID, visit);
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
