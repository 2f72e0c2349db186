/*
 * The Client-Cert header: see client_cert.h.
 *
 * SECURITY: comes from a proxy that the operator trusts, who may yet have been talked into passing on what a client
 * wrote. So there is one form alone: several values, parameters, other signs in the base64 are refused.
 */
#include "core/web/client_cert.h"

#include <string.h>

#include <apr_encode.h>

#define BLANKS " \t"
#define BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#define TEXT_MAX ((ANSHIN_CLIENT_CERT_MAX + 2) / 3 * 4)

apr_status_t anshin_client_cert_parse(anshin_bytes_t *der, const char *value, apr_pool_t *pool)
{
    const char *text = value + strspn(value, BLANKS);
    apr_size_t length, signs;

    der->data = NULL;
    der->length = 0;
    if (*text++ != ':') {
        return ANSHIN_EINVALID;
    }
    signs = strspn(text, BASE64);
    length = signs + strspn(text + signs, "=");
    if (text[length] != ':' || text[length + 1 + strspn(text + length + 1, BLANKS)] != '\0') {
        return ANSHIN_EINVALID;
    }
    if (signs == 0 || length > TEXT_MAX || length % 4 != 0 || length - signs > 2) {
        return ANSHIN_EINVALID;
    }
    der->data = apr_pdecode_base64_binary(pool, text, (apr_ssize_t)length, APR_ENCODE_NONE, &der->length);
    if (der->data == NULL || der->length > ANSHIN_CLIENT_CERT_MAX) {
        *der = (anshin_bytes_t){NULL, 0};
        return ANSHIN_EINVALID;
    }
    return APR_SUCCESS;
}
