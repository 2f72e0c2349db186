/*
 * The Client-Cert header of a TLS terminator (RFC 9440), one text. One byte sequence is taken and nothing else, and
 * what is in it comes out; octets of any kind come back from a header that was written as the RFC says.
 */
#include "fuzz.h"

#include <apr_encode.h>

#include "core/web/client_cert.h"

static const char *write_header(const void *octets, size_t size, apr_pool_t *pool)
{
    const char *text = apr_pencode_base64_binary(pool, octets, (apr_ssize_t)size, APR_ENCODE_NONE, NULL);

    return apr_pstrcat(pool, ":", text, ":", NULL);
}

static void check_taken(const char *value, const anshin_bytes_t *der, apr_pool_t *pool)
{
    const char *start = value + strspn(value, " \t");
    const char *header = write_header(der->data, der->length, pool);
    size_t length = strlen(header);
    anshin_bytes_t more;

    require(der->length >= 1 && der->length <= ANSHIN_CLIENT_CERT_MAX);
    /* The last sign before the padding has bits to spare. */
    require(strlen(start) >= length && strncmp(start, header, length - 4) == 0 && start[length - 1] == ':');
    require(strspn(start + length, " \t") == strlen(start + length));
    require(anshin_client_cert_parse(&more, apr_pstrcat(pool, value, ", ", value, NULL), pool) == ANSHIN_EINVALID);
    require(anshin_client_cert_parse(&more, apr_pstrcat(pool, value, ";a", NULL), pool) == ANSHIN_EINVALID);
    require(anshin_client_cert_parse(&more, apr_pstrcat(pool, value, ":", NULL), pool) == ANSHIN_EINVALID);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    const char *value = fuzz_text(data, size);
    anshin_bytes_t der;
    apr_status_t status = anshin_client_cert_parse(&der, value, pool);

    require(status == APR_SUCCESS || status == ANSHIN_EINVALID);
    if (status == APR_SUCCESS) {
        check_taken(value, &der, pool);
    }
    status = anshin_client_cert_parse(&der, write_header(data, size, pool), pool);
    require(status == (size >= 1 && size <= ANSHIN_CLIENT_CERT_MAX ? APR_SUCCESS : ANSHIN_EINVALID));
    require(status != APR_SUCCESS || (der.length == size && memcmp(der.data, data, size) == 0));
    return 0;
}
