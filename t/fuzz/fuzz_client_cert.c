/*
 * The header of a TLS terminator with its client's certificate, one text in each form. Of RFC 9440 one byte sequence is
 * taken and nothing else, and what is in it comes out; octets of any kind come back from a header in any of the forms.
 */
#include "fuzz.h"

#include <apr_encode.h>
#include <apr_lib.h>

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

/* PEM with all but letters and digits escaped, as nginx does. */
static const char *write_escaped(const void *octets, size_t size, apr_pool_t *pool)
{
    const char *text = apr_pencode_base64_binary(pool, octets, (apr_ssize_t)size, APR_ENCODE_NONE, NULL);
    char *escaped = apr_palloc(pool, 3 * strlen(text) + 1);
    char *to = escaped;

    for (; *text != '\0'; text++) {
        if (apr_isalnum(*text)) {
            *to++ = *text;
        } else {
            to += apr_snprintf(to, 4, "%%%02X", (unsigned)(unsigned char)*text);
        }
    }
    *to = '\0';
    return apr_pstrcat(pool, "-----BEGIN%20CERTIFICATE-----%0A", escaped, "%0A-----END%20CERTIFICATE-----%0A", NULL);
}

static void check_forms(const char *value, const uint8_t *data, size_t size, apr_pool_t *pool)
{
    const char *escaped = write_escaped(data, size, pool);
    const char *const written[] = {escaped, apr_pstrcat(pool, "Hash=0;Cert=\"", escaped, "\";By=a", NULL)};
    anshin_bytes_t der;

    for (int i = 0; i < 2; i++) {
        anshin_client_cert_format_t format = i == 0 ? ANSHIN_CLIENT_CERT_PEM_URL : ANSHIN_CLIENT_CERT_XFCC;
        apr_status_t status = anshin_client_cert_read(&der, format, value, pool);

        require(status == APR_SUCCESS || (status == ANSHIN_EINVALID && der.data == NULL));
        require(status != APR_SUCCESS || (der.length >= 1 && der.length <= ANSHIN_CLIENT_CERT_MAX));
        status = anshin_client_cert_read(&der, format, written[i], pool);
        require(status == (size >= 1 && size <= ANSHIN_CLIENT_CERT_MAX ? APR_SUCCESS : ANSHIN_EINVALID));
        require(status != APR_SUCCESS || (der.length == size && memcmp(der.data, data, size) == 0));
    }
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
    check_forms(value, data, size, pool);
    return 0;
}
