/*
 * OCSP requests of strangers: read without harm, and what is read is within its bounds.
 */
#include "fuzz.h"

#include "crypto/ocsp.h"

#include "fuzz_ca.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    const anshin_bytes_t ca = {fuzz_ca, sizeof(fuzz_ca)};
    anshin_ocsp_request_t request;
    apr_status_t status = anshin_ocsp_read(&request, data, size, &ca, NULL, pool);

    require(status == APR_SUCCESS || status == ANSHIN_EINVALID || status == ANSHIN_EDENIED);
    if (status != APR_SUCCESS) {
        return 0;
    }
    require(request.count >= 1 && request.count <= ANSHIN_OCSP_ASKED_MAX && request.nonce.length <= 32);
    for (apr_size_t i = 0; i < request.count; i++) {
        require(request.asked[i].serial.length >= 1 && request.asked[i].serial.length <= 20);
        require(strlen(request.asked[i].hex) == 2 * request.asked[i].serial.length);
    }
    return 0;
}
