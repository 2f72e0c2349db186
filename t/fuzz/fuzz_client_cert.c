/*
 * The Client-Cert header (RFC 9440): what is read from it is within its limits, and is what its base64 says: written
 * again it is the same text, but for the bits that a last sign has too many.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_encode.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "core/client_cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *value, const anshin_bytes_t *der, apr_pool_t *pool)
{
    const char *text = strchr(value, ':') + 1;
    apr_size_t length = strcspn(text, ":");
    const char *again = apr_pencode_base64_binary(pool, der->data, (apr_ssize_t)der->length, APR_ENCODE_NONE, NULL);
    apr_size_t exact = strcspn(text, "=:");

    if (der->length == 0 || der->length > ANSHIN_CLIENT_CERT_MAX || again == NULL || strlen(again) != length ||
        strncmp(again, text, exact - 1) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    anshin_bytes_t der;
    const char *value;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    value = apr_pstrmemdup(pool, (const char *)data, size);
    if (anshin_client_cert_parse(&der, value, pool) == APR_SUCCESS) {
        check(value, &der, pool);
    } else if (der.data != NULL) {
        abort();
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}
