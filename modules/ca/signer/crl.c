/*
 * The signer's requests about CRLs: see crl.h.
 *
 * SECURITY: what is on a list, the worker says; a wrong one can deny service elsewhere, but lets nobody in. Its dates
 * are the signer's, its length and the time that it counts for are bounded.
 */
#include "ca/signer/crl.h"

#define PART (ANSHIN_WIRE_MAX - 64) /* room for the head and the length */
#define SECONDS_MAX (APR_INT32_MAX * 100LL)
#define REASON_MAX 10

static apr_status_t malformed(anshin_error_t *err)
{
    return anshin_fail(err, ANSHIN_EINVALID, "AN1220", "signer: a malformed request for a CRL");
}

static apr_status_t none(anshin_error_t *err)
{
    return anshin_fail(err, ANSHIN_EINVALID, "AN1221", "signer: no CRL was begun");
}

apr_status_t anshin_signer_crl_begin(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer,
                                     apr_time_t now, anshin_error_t *err, apr_pool_t *pool)
{
    const apr_uint64_t longest = (apr_uint64_t)apr_time_sec(ANSHIN_SIGNER_CRL_LIFE_MAX);
    anshin_crl_facts_t facts = {.this_update = now};
    anshin_signer_ca_t *ca;
    apr_uint64_t number;
    apr_uint64_t life;
    apr_status_t status = anshin_signer_get_ca(&ca, signer, request, err, pool);

    (void)answer;
    if (status != APR_SUCCESS) {
        return status;
    }
    if (anshin_wire_get_number(request, &number) != APR_SUCCESS ||
        anshin_wire_get_number(request, &life) != APR_SUCCESS || anshin_wire_get_end(request) != APR_SUCCESS ||
        number > (apr_uint64_t)APR_INT64_MAX || life == 0 || life > longest) {
        return malformed(err);
    }
    if (signer->crl_pool != NULL) {
        apr_pool_destroy(signer->crl_pool);
    }
    apr_pool_create_unmanaged_ex(&signer->crl_pool, NULL, NULL); /* its memory goes back with it */
    signer->crl = NULL;
    signer->entries = 0;
    signer->list = (anshin_bytes_t){NULL, 0};
    facts.number = (apr_int64_t)number;
    facts.next_update = now + apr_time_from_sec((apr_int64_t)life);
    return anshin_crl_begin(&signer->crl, ca->ca, &facts, err, signer->crl_pool);
}

static apr_status_t add_one(anshin_signer_t *signer, anshin_wire_t *request, anshin_error_t *err)
{
    anshin_bytes_t serial;
    apr_uint64_t seconds;
    apr_uint64_t reason;

    if (anshin_wire_get_string(request, &serial, 1, ANSHIN_WIRE_SERIAL_MAX) != APR_SUCCESS ||
        anshin_wire_get_number(request, &seconds) != APR_SUCCESS ||
        anshin_wire_get_number(request, &reason) != APR_SUCCESS || seconds > SECONDS_MAX || reason > REASON_MAX ||
        signer->entries >= ANSHIN_SIGNER_CRL_MAX) {
        return malformed(err);
    }
    signer->entries++;
    return anshin_crl_add(signer->crl, &serial, apr_time_from_sec((apr_int64_t)seconds), (int)reason, err);
}

apr_status_t anshin_signer_crl_add(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer,
                                   apr_time_t now, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = signer->crl != NULL ? APR_SUCCESS : none(err);

    (void)answer;
    (void)now;
    (void)pool;
    while (status == APR_SUCCESS && anshin_wire_get_end(request) != APR_SUCCESS) {
        status = add_one(signer, request, err);
    }
    return status;
}

apr_status_t anshin_signer_crl_end(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer,
                                   apr_time_t now, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_crl_t *crl = signer->crl;
    apr_status_t status;

    (void)now;
    (void)pool;
    if (anshin_wire_get_end(request) != APR_SUCCESS) {
        return malformed(err);
    }
    if (crl == NULL) {
        return none(err);
    }
    signer->crl = NULL;
    status = anshin_crl_finish(&signer->list, crl, err);
    return status == APR_SUCCESS ? anshin_wire_put_number(answer, signer->list.length) : status;
}

apr_status_t anshin_signer_crl_read(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer,
                                    apr_time_t now, anshin_error_t *err, apr_pool_t *pool)
{
    apr_uint64_t from;
    apr_size_t left;

    (void)now;
    (void)pool;
    if (anshin_wire_get_number(request, &from) != APR_SUCCESS || anshin_wire_get_end(request) != APR_SUCCESS) {
        return malformed(err);
    }
    if (from >= signer->list.length) {
        return none(err);
    }
    left = signer->list.length - (apr_size_t)from;
    return anshin_wire_put_string(answer, signer->list.data + from, left < PART ? left : PART);
}
