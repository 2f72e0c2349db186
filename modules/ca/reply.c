/*
 * The signer's answers: see reply.h.
 *
 * SECURITY: a signer that was taken over must not take over the worker: whatever is too long, too short or out of its
 * bounds breaks the conversation off.
 */
#include "ca/reply.h"

#include <string.h>

#define DIGITS "0123456789abcdef"
#define FINGERPRINT_LENGTH 64               /* hexadecimal digits */
#define SECONDS_MAX (APR_INT32_MAX * 100LL) /* about the year 8700: in microseconds it still fits */

/* So many hexadecimal digits, or none. */
static apr_status_t read_digits(anshin_wire_t *wire, char *digits, apr_size_t length, apr_pool_t *pool)
{
    const char *text;

    if (anshin_wire_get_text(wire, &text, length, pool) != APR_SUCCESS ||
        (text[0] != '\0' && strspn(text, DIGITS) != length)) {
        return ANSHIN_EFAULT;
    }
    memcpy(digits, text, strlen(text) + 1);
    return APR_SUCCESS;
}

/* Without control characters, as all texts of a message. */
static apr_status_t read_why(anshin_wire_t *wire, char why[ANSHIN_REPLY_WHY + 1], apr_pool_t *pool)
{
    const char *text;

    if (anshin_wire_get_text(wire, &text, ANSHIN_REPLY_WHY, pool) != APR_SUCCESS) {
        return ANSHIN_EFAULT;
    }
    memcpy(why, text, strlen(text) + 1);
    return APR_SUCCESS;
}

static apr_status_t read_ca(anshin_wire_t *wire, anshin_reply_ca_t *ca, apr_pool_t *pool)
{
    apr_uint64_t end;

    if (read_digits(wire, ca->id, ANSHIN_CA_ID_LENGTH, pool) != APR_SUCCESS ||
        anshin_wire_get_number(wire, &end) != APR_SUCCESS || end > SECONDS_MAX ||
        read_digits(wire, ca->issuers[0], ANSHIN_REPLY_ISSUER, pool) != APR_SUCCESS ||
        read_digits(wire, ca->issuers[1], ANSHIN_REPLY_ISSUER, pool) != APR_SUCCESS ||
        read_why(wire, ca->why, pool) != APR_SUCCESS) {
        return ANSHIN_EFAULT;
    }
    ca->end = apr_time_from_sec((apr_int64_t)end);
    return APR_SUCCESS;
}

apr_status_t anshin_reply_welcome(anshin_wire_t *wire, anshin_reply_ca_t *cas, int count,
                                  char apple[ANSHIN_REPLY_WHY + 1], apr_pool_t *pool)
{
    apr_uint64_t version;
    apr_status_t status = anshin_wire_get_number(wire, &version);

    if (status != APR_SUCCESS || version != ANSHIN_WIRE_VERSION) {
        return ANSHIN_EFAULT;
    }
    for (int i = 0; status == APR_SUCCESS && i < count; i++) {
        status = read_ca(wire, &cas[i], pool);
    }
    status = status == APR_SUCCESS ? read_why(wire, apple, pool) : status;
    return status == APR_SUCCESS && anshin_wire_get_end(wire) == APR_SUCCESS ? APR_SUCCESS : ANSHIN_EFAULT;
}

apr_status_t anshin_reply_issued(anshin_wire_t *wire, anshin_reply_issued_t *issued, apr_pool_t *pool)
{
    apr_uint64_t not_before;
    apr_uint64_t not_after;

    if (anshin_wire_get_string(wire, &issued->certificate, 1, ANSHIN_REPLY_CERTIFICATE_MAX) != APR_SUCCESS ||
        anshin_wire_get_text(wire, &issued->fingerprint, FINGERPRINT_LENGTH, pool) != APR_SUCCESS ||
        anshin_wire_get_number(wire, &not_before) != APR_SUCCESS ||
        anshin_wire_get_number(wire, &not_after) != APR_SUCCESS ||
        anshin_wire_get_string(wire, &issued->ca, 1, ANSHIN_REPLY_CERTIFICATE_MAX) != APR_SUCCESS ||
        anshin_wire_get_end(wire) != APR_SUCCESS || strspn(issued->fingerprint, DIGITS) != FINGERPRINT_LENGTH ||
        not_after <= not_before || not_after > SECONDS_MAX) {
        return ANSHIN_EFAULT;
    }
    issued->not_before = apr_time_from_sec((apr_int64_t)not_before);
    issued->not_after = apr_time_from_sec((apr_int64_t)not_after);
    return APR_SUCCESS;
}

apr_status_t anshin_reply_apple(anshin_wire_t *wire, anshin_bytes_t *profile)
{
    return anshin_wire_get_string(wire, profile, 0, ANSHIN_WIRE_MAX) == APR_SUCCESS &&
                   anshin_wire_get_end(wire) == APR_SUCCESS
               ? APR_SUCCESS
               : ANSHIN_EFAULT;
}

apr_status_t anshin_reply_refused(anshin_wire_t *wire, anshin_error_t *err, apr_pool_t *pool)
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
