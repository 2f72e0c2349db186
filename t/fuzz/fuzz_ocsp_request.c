/*
 * OCSP requests of strangers: read without harm, and what is read is within its bounds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "crypto/ocsp.h"

#include "fuzz_ca.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *pool;
    const anshin_bytes_t ca = {fuzz_ca, sizeof(fuzz_ca)};
    anshin_ocsp_request_t request;
    apr_status_t rv;

    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    rv = anshin_ocsp_read(&request, data, size, &ca, NULL, pool);
    if (rv != APR_SUCCESS && rv != ANSHIN_EINVALID && rv != ANSHIN_EDENIED) {
        abort();
    }
    if (rv == APR_SUCCESS &&
        (request.count < 1 || request.count > ANSHIN_OCSP_ASKED_MAX || request.nonce.length > 32)) {
        abort();
    }
    for (apr_size_t i = 0; rv == APR_SUCCESS && i < request.count; i++) {
        if (request.asked[i].serial.length < 1 || request.asked[i].serial.length > 20 ||
            strlen(request.asked[i].hex) != 2 * request.asked[i].serial.length) {
            abort();
        }
    }
    apr_pool_clear(pool);
    return 0;
}
