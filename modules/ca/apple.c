/*
 * The Apple profile of a certificate: see apple.h.
 */
#include "ca/apple.h"

#include <apr_strings.h>

#include "ca/log.h"

typedef struct asking_t {
    const anshin_issue_order_t *order;
    const anshin_bytes_t *pkcs12;
    anshin_bytes_t *profile;
    apr_pool_t *pool;
} asking_t;

static apr_status_t write_request(void *baton, anshin_wire_t *wire)
{
    const asking_t *asking = baton;
    const anshin_apple_order_t *apple = asking->order->apple;
    unsigned char serial[ANSHIN_WIRE_SERIAL_MAX];
    apr_size_t length = anshin_wire_serial(serial, asking->order->serial);

    return anshin_wire_put_text(wire, apple->portal) == APR_SUCCESS &&
                   anshin_wire_put_text(wire, apple->terminal) == APR_SUCCESS &&
                   anshin_wire_put_text(wire, apple->title) == APR_SUCCESS &&
                   anshin_wire_put_text(wire, apple->organization) == APR_SUCCESS &&
                   anshin_wire_put_text(wire, apple->description) == APR_SUCCESS &&
                   anshin_wire_put_text(wire, asking->order->name) == APR_SUCCESS &&
                   anshin_wire_put_string(wire, serial, length) == APR_SUCCESS &&
                   anshin_wire_put_string(wire, asking->pkcs12->data, asking->pkcs12->length) == APR_SUCCESS
               ? APR_SUCCESS
               : ANSHIN_EINVALID;
}

static apr_status_t read_profile(void *baton, anshin_wire_t *wire)
{
    const asking_t *asking = baton;
    anshin_bytes_t profile;
    apr_status_t status = anshin_reply_apple(wire, &profile);

    if (status == APR_SUCCESS && profile.length > 0) {
        asking->profile->data = apr_pmemdup(asking->pool, profile.data, profile.length);
        asking->profile->length = profile.length;
    }
    return status;
}

apr_status_t anshin_apple_ask(anshin_signer_client_t *signer_client, const anshin_issue_order_t *order,
                              const anshin_bytes_t *pkcs12, anshin_bytes_t *profile, anshin_error_t *err,
                              apr_pool_t *pool)
{
    asking_t asking = {order, pkcs12, profile, pool};
    const anshin_signer_ask_t ask = {ANSHIN_WIRE_APPLE, ANSHIN_WIRE_APPLE_SIGNED, write_request, read_profile, &asking};
    apr_status_t status;

    *profile = (anshin_bytes_t){NULL, 0};
    if (order->apple == NULL) {
        return APR_SUCCESS;
    }
    status = anshin_signer_client_ask(signer_client, &ask, err, pool);
    if (status != APR_SUCCESS && status != ANSHIN_EBUSY) {
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN1249", "a certificate has no profile for Apple devices", status, err);
        anshin_error_clear(err);
        status = APR_SUCCESS;
    }
    return status;
}
