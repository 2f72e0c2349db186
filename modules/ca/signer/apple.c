/*
 * The signer's request about Apple profiles: see apple.h.
 *
 * SECURITY: the worker says what a profile shows, and hands over the PKCS#12 file, whose password stays with it. What
 * comes out is a profile that was built here and holds that file alone (crypto/apple/sign_apple.h).
 */
#include "ca/signer/apple.h"

static apr_status_t get_text(anshin_wire_t *request, const char **text, apr_pool_t *pool)
{
    apr_status_t status = anshin_wire_get_text(request, text, ANSHIN_WIRE_TEXT_MAX, pool);

    return status == APR_SUCCESS && **text == '\0' ? ANSHIN_EINVALID : status;
}

static apr_status_t parse(anshin_apple_facts_t *facts, anshin_wire_t *request, anshin_error_t *err, apr_pool_t *pool)
{
    return get_text(request, &facts->portal, pool) == APR_SUCCESS &&
                   get_text(request, &facts->terminal, pool) == APR_SUCCESS &&
                   get_text(request, &facts->title, pool) == APR_SUCCESS &&
                   get_text(request, &facts->organization, pool) == APR_SUCCESS &&
                   anshin_wire_get_text(request, &facts->description, ANSHIN_WIRE_TEXT_MAX, pool) == APR_SUCCESS &&
                   get_text(request, &facts->name, pool) == APR_SUCCESS &&
                   anshin_wire_get_string(request, &facts->serial, 1, ANSHIN_WIRE_SERIAL_MAX) == APR_SUCCESS &&
                   anshin_wire_get_string(request, &facts->pkcs12, 1, ANSHIN_SIGNER_PKCS12_MAX) == APR_SUCCESS &&
                   anshin_wire_get_end(request) == APR_SUCCESS
               ? APR_SUCCESS
               : anshin_signer_malformed(err);
}

apr_status_t anshin_signer_apple(anshin_wire_t *answer, anshin_wire_t *request, anshin_signer_t *signer, apr_time_t now,
                                 anshin_error_t *err, apr_pool_t *pool)
{
    anshin_apple_facts_t facts;
    anshin_bytes_t profile = {NULL, 0};
    apr_status_t status = parse(&facts, request, err, pool);

    if (status == APR_SUCCESS && signer->apple.signer != NULL) {
        status = anshin_apple_sign(&profile, signer->apple.signer, &facts, now, err, pool);
        if (status == ANSHIN_EDENIED && signer->apple.told) {
            anshin_error_clear(err);
        }
        signer->apple.told = status == ANSHIN_EDENIED;
    }
    if (status != APR_SUCCESS && status != ANSHIN_EDENIED) {
        return status;
    }
    return anshin_wire_put_string(answer, profile.data, profile.length); /* ANSHIN_APPLE_MAX fits */
}
