/*
 * OCSP requests of strangers: read without harm, and what is read is within its bounds.
 */
#include "fuzz.h"

#include "crypto/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    anshin_ocsp_request_t request;
    apr_status_t status = anshin_ocsp_read(NULL, &request, data, size, NULL, pool);

    require(status == APR_SUCCESS || status == ANSHIN_EINVALID || status == ANSHIN_EDENIED);
    if (status != APR_SUCCESS) {
        return 0;
    }
    require(request.issuer != NULL && strlen(request.issuer) == 64);
    require(request.count >= 1 && request.count <= ANSHIN_OCSP_ASKED_MAX &&
            request.nonce.length <= ANSHIN_OCSP_NONCE_MAX);
    for (apr_size_t i = 0; i < request.count; i++) {
        apr_size_t length = strlen(request.asked[i]);

        require(length >= 2 && length <= 40 && length % 2 == 0 && strncmp(request.asked[i], "00", 2) != 0);
    }
    return 0;
}
