/*
 * The signer's request about OCSP: see ocsp.h.
 *
 * SECURITY: what state a certificate has, the worker says; a wrong answer lets nobody in, since the site itself looks
 * at the store. Its dates are the signer's, the time that it counts for is bounded, and of a stranger it holds a nonce.
 */
#include "ca/signer/ocsp.h"

#define SECONDS_MAX (APR_INT32_MAX * 100LL)

static apr_status_t parse_single(anshin_ocsp_single_t *single, anshin_wire_t *request)
{
    apr_uint64_t status;
    apr_uint64_t seconds;
    apr_uint64_t reason;

    if (anshin_wire_get_string(request, &single->serial, 1, ANSHIN_WIRE_SERIAL_MAX) != APR_SUCCESS ||
        anshin_wire_get_number(request, &status) != APR_SUCCESS ||
        anshin_wire_get_number(request, &seconds) != APR_SUCCESS ||
        anshin_wire_get_number(request, &reason) != APR_SUCCESS || status > ANSHIN_OCSP_UNKNOWN ||
        seconds > SECONDS_MAX || reason > APR_INT32_MAX) {
        return ANSHIN_EINVALID;
    }
    single->state.status = (anshin_ocsp_status_t)status;
    single->state.revoked_at = apr_time_from_sec((apr_int64_t)seconds);
    single->state.reason = (int)reason;
    return APR_SUCCESS;
}

static apr_status_t parse(anshin_ocsp_answer_t *wanted, anshin_ocsp_single_t *singles, anshin_wire_t *request,
                          anshin_error_t *err)
{
    const apr_uint64_t longest = (apr_uint64_t)apr_time_sec(ANSHIN_SIGNER_OCSP_LIFE_MAX);
    apr_uint64_t life;
    apr_uint64_t sha256;
    int good = anshin_wire_get_number(request, &life) == APR_SUCCESS && life > 0 && life <= longest &&
               anshin_wire_get_number(request, &sha256) == APR_SUCCESS && sha256 <= 1 &&
               anshin_wire_get_string(request, &wanted->nonce, 0, ANSHIN_OCSP_NONCE_MAX) == APR_SUCCESS;

    while (good && anshin_wire_get_end(request) != APR_SUCCESS) {
        good = wanted->count < ANSHIN_OCSP_ASKED_MAX && parse_single(&singles[wanted->count++], request) == APR_SUCCESS;
    }
    if (!good) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1209", "signer: a malformed request for an OCSP answer");
    }
    wanted->singles = singles;
    wanted->sha256 = (int)sha256;
    wanted->next_update = wanted->this_update + apr_time_from_sec((apr_int64_t)life);
    return APR_SUCCESS;
}

/* The key that serves now: the one before, until its end comes near or the clock was put back. */
static apr_status_t prepare_key(anshin_signer_ca_t *ca, apr_time_t now, anshin_error_t *err)
{
    anshin_signer_ocsp_t made = {.key = NULL};
    apr_status_t status;

    if (ca->ocsp.key != NULL && anshin_ocsp_key_serves(ca->ocsp.key, now)) {
        return APR_SUCCESS;
    }
    apr_pool_create(&made.pool, NULL); /* whose end wipes the key */
    status = anshin_ocsp_key_make(&made.key, ca->ca, now, err, made.pool);
    if (status != APR_SUCCESS) {
        apr_pool_destroy(made.pool);
        return status;
    }
    if (ca->ocsp.pool != NULL) {
        apr_pool_destroy(ca->ocsp.pool);
    }
    ca->ocsp = made;
    return APR_SUCCESS;
}

apr_status_t anshin_signer_ocsp(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer, apr_time_t now,
                                anshin_error_t *err, apr_pool_t *pool)
{
    anshin_ocsp_single_t singles[ANSHIN_OCSP_ASKED_MAX];
    anshin_ocsp_answer_t wanted = {.count = 0, .this_update = apr_time_from_sec(apr_time_sec(now))};
    anshin_bytes_t response;
    anshin_signer_ca_t *ca;
    apr_status_t status = anshin_signer_get_ca(&ca, signer, request, err, pool);

    if (status == APR_SUCCESS) {
        status = parse(&wanted, singles, request, err);
    }
    if (status == APR_SUCCESS) {
        status = prepare_key(ca, now, err);
    }
    if (status == APR_SUCCESS) {
        apr_time_t end = anshin_ocsp_key_end(ca->ocsp.key);

        wanted.next_update = wanted.next_update < end ? wanted.next_update : end;
        status = anshin_ocsp_sign(&response, ca->ocsp.key, &wanted, err, pool);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (anshin_wire_put_string(answer, response.data, response.length) != APR_SUCCESS ||
        anshin_wire_put_number(answer, (apr_uint64_t)apr_time_sec(wanted.this_update)) != APR_SUCCESS ||
        anshin_wire_put_number(answer, (apr_uint64_t)apr_time_sec(wanted.next_update)) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1210", "signer: an OCSP answer is too long for a message");
    }
    return APR_SUCCESS;
}
