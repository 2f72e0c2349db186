/*
 * The signer's answers: see answer.h.
 *
 * SECURITY: a signer that was taken over must not take over the worker: whatever is too long, too short or out of its
 * bounds breaks the conversation off.
 */
#include "ca/answer.h"

#include <string.h>

#define FINGERPRINT_LENGTH 64               /* hexadecimal digits */
#define SECONDS_MAX (APR_INT32_MAX * 100LL) /* about the year 8700: in microseconds it still fits */

apr_status_t anshin_answer_welcome(anshin_wire_t *wire, anshin_bytes_t *ca)
{
    apr_uint64_t version;

    if (anshin_wire_get_number(wire, &version) != APR_SUCCESS || version != ANSHIN_WIRE_VERSION ||
        anshin_wire_get_string(wire, ca, 1, ANSHIN_ANSWER_CERTIFICATE_MAX) != APR_SUCCESS ||
        anshin_wire_get_end(wire) != APR_SUCCESS) {
        return ANSHIN_EFAULT;
    }
    return APR_SUCCESS;
}

apr_status_t anshin_answer_issued(anshin_wire_t *wire, anshin_answer_issued_t *issued, apr_pool_t *pool)
{
    apr_uint64_t not_before;
    apr_uint64_t not_after;

    if (anshin_wire_get_string(wire, &issued->certificate, 1, ANSHIN_ANSWER_CERTIFICATE_MAX) != APR_SUCCESS ||
        anshin_wire_get_text(wire, &issued->fingerprint, FINGERPRINT_LENGTH, pool) != APR_SUCCESS ||
        anshin_wire_get_number(wire, &not_before) != APR_SUCCESS ||
        anshin_wire_get_number(wire, &not_after) != APR_SUCCESS || anshin_wire_get_end(wire) != APR_SUCCESS ||
        strspn(issued->fingerprint, "0123456789abcdef") != FINGERPRINT_LENGTH || not_after <= not_before ||
        not_after > SECONDS_MAX) {
        return ANSHIN_EFAULT;
    }
    issued->not_before = apr_time_from_sec((apr_int64_t)not_before);
    issued->not_after = apr_time_from_sec((apr_int64_t)not_after);
    return APR_SUCCESS;
}

apr_status_t anshin_answer_refused(anshin_wire_t *wire, anshin_error_t *err, apr_pool_t *pool)
{
    apr_uint64_t code;
    const char *id;
    const char *text;
    apr_status_t status;

    if (anshin_wire_get_number(wire, &code) != APR_SUCCESS ||
        anshin_wire_get_text(wire, &id, ANSHIN_WIRE_TEXT_MAX, pool) != APR_SUCCESS ||
        anshin_wire_get_text(wire, &text, ANSHIN_WIRE_TEXT_MAX, pool) != APR_SUCCESS ||
        anshin_wire_get_end(wire) != APR_SUCCESS) {
        return ANSHIN_EFAULT;
    }
    status = anshin_wire_status(code);
    return status == ANSHIN_EFAULT ? status
                                   : anshin_fail(err, status, "AN0753", "the signer refuses: %s (%s)", text, id);
}
