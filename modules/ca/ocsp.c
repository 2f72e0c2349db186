/*
 * OCSP answers, made with the signer: see ocsp.h.
 *
 * SECURITY: what the signer answers is bounded here as all that it says; what it signs, clients check.
 */
#include "ca/ocsp.h"

#include <apr_strings.h>

#include "core/certificate/ocsp.h"

#define SECONDS_MAX (APR_INT32_MAX * 100LL)

typedef struct making_t {
    const anshin_ocsp_order_t *order;
    anshin_ocsp_response_t *response;
    apr_pool_t *pool;
} making_t;

static apr_status_t write_state(anshin_wire_t *wire, const char *hex, const anshin_ocsp_state_t *state)
{
    unsigned char serial[ANSHIN_WIRE_SERIAL_MAX];
    apr_size_t length = anshin_wire_serial(serial, hex);
    int revoked = state->status == ANSHIN_OCSP_REVOKED;

    return length > 0 && anshin_wire_put_string(wire, serial, length) == APR_SUCCESS &&
                   anshin_wire_put_number(wire, state->status) == APR_SUCCESS &&
                   anshin_wire_put_number(wire, revoked ? (apr_uint64_t)apr_time_sec(state->revoked_at) : 0) ==
                       APR_SUCCESS &&
                   anshin_wire_put_number(wire, revoked ? (apr_uint64_t)state->reason : 0) == APR_SUCCESS
               ? APR_SUCCESS
               : ANSHIN_EINVALID;
}

static apr_status_t write_order(void *baton, anshin_wire_t *wire)
{
    const making_t *making = baton;
    const anshin_ocsp_request_t *request = making->order->request;
    apr_status_t status = anshin_wire_put_text(wire, making->order->ca);

    if (status == APR_SUCCESS) {
        status = anshin_wire_put_number(wire, (apr_uint64_t)apr_time_sec(ANSHIN_OCSP_LIFE));
    }
    if (status == APR_SUCCESS) {
        status = anshin_wire_put_number(wire, request->sha256 != 0);
    }
    if (status == APR_SUCCESS) {
        status = anshin_wire_put_string(wire, request->nonce.data, request->nonce.length);
    }
    for (apr_size_t i = 0; i < request->count && status == APR_SUCCESS; i++) {
        status = write_state(wire, request->asked[i], &making->order->states[i]);
    }
    return status;
}

static apr_status_t read_signed(void *baton, anshin_wire_t *wire)
{
    const making_t *making = baton;
    anshin_bytes_t der;
    apr_uint64_t from;
    apr_uint64_t to;

    if (anshin_wire_get_string(wire, &der, 1, ANSHIN_OCSP_RESPONSE_MAX) != APR_SUCCESS ||
        anshin_wire_get_number(wire, &from) != APR_SUCCESS || anshin_wire_get_number(wire, &to) != APR_SUCCESS ||
        anshin_wire_get_end(wire) != APR_SUCCESS || from >= to || to > SECONDS_MAX) {
        return ANSHIN_EFAULT;
    }
    making->response->der.data = apr_pmemdup(making->pool, der.data, der.length);
    making->response->der.length = der.length;
    making->response->this_update = apr_time_from_sec((apr_int64_t)from);
    making->response->next_update = apr_time_from_sec((apr_int64_t)to);
    return APR_SUCCESS;
}

static int is_for_all(const anshin_ocsp_order_t *order)
{
    int for_all = order->request->nonce.length == 0;

    for (apr_size_t i = 0; i < order->request->count; i++) {
        for_all = for_all && order->states[i].status != ANSHIN_OCSP_UNKNOWN;
    }
    return for_all;
}

apr_status_t anshin_ocsp_make(anshin_ocsp_response_t *response, anshin_signer_client_t *signer_client,
                              const anshin_ocsp_order_t *order, anshin_error_t *err, apr_pool_t *pool)
{
    making_t making = {order, response, pool};
    const anshin_signer_ask_t ask = {ANSHIN_WIRE_OCSP, ANSHIN_WIRE_OCSP_SIGNED, write_order, read_signed, &making};
    apr_status_t status = anshin_signer_client_ask_behind(signer_client, &ask, order->until, err, pool);

    if (status == APR_SUCCESS && !is_for_all(order)) {
        response->this_update = response->next_update = 0;
    }
    return status;
}
