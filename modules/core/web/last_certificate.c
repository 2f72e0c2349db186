/*
 * What a browser remembers of its last certificate: see last_certificate.h.
 *
 * SECURITY: sealed, so that nobody else puts words on our pages; what it says is shown, and believed in nothing.
 */
#include "core/web/last_certificate.h"

#include <apr_encode.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define PURPOSE "last certificate"
#define SEALED_MAX 512 /* bytes of the text */

apr_status_t anshin_last_certificate_seal(anshin_op_t *op, const anshin_last_certificate_t *last, const char **text)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    const char *label = last->label != NULL && strlen(last->label) <= ANSHIN_LAST_CERTIFICATE_LABEL ? last->label : "";
    const char *clear =
        apr_psprintf(op->pool, "%" APR_TIME_T_FMT " %s", (apr_time_t)apr_time_sec(last->not_after), label);
    anshin_bytes_t sealed;
    apr_status_t status =
        crypto->seal(crypto->ctx, &sealed, PURPOSE, op->contract->name, anshin_bytes_of(clear), op->pool);

    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1310", "cannot seal what is remembered of a certificate");
    }
    *text = apr_pencode_base64_binary(op->pool, sealed.data, (apr_ssize_t)sealed.length, APR_ENCODE_BASE64URL, NULL);
    return APR_SUCCESS;
}

static int read_clear(const anshin_bytes_t *clear, anshin_last_certificate_t *last)
{
    const char *text = (const char *)clear->data;
    char *end;

    if (strlen(text) != clear->length) {
        return 0;
    }
    last->not_after = apr_time_from_sec(apr_strtoi64(text, &end, 10));
    last->label = *end == ' ' ? end + 1 : "";
    return end != text && *end == ' ';
}

apr_status_t anshin_last_certificate_unseal(anshin_op_t *op, const char *text, anshin_last_certificate_t *last)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    apr_size_t length = text != NULL ? strlen(text) : 0;
    anshin_bytes_t sealed;
    anshin_bytes_t clear;
    apr_status_t status;

    if (length == 0 || length > SEALED_MAX) {
        return ANSHIN_EDENIED;
    }
    sealed.data = apr_pdecode_base64_binary(op->pool, text, (apr_ssize_t)length, APR_ENCODE_NONE, &sealed.length);
    if (sealed.data == NULL) {
        return ANSHIN_EDENIED;
    }
    status = crypto->unseal(crypto->ctx, &clear, PURPOSE, op->contract->name, sealed, op->pool);
    if (status == ANSHIN_EDENIED) {
        return status;
    }
    if (status != APR_SUCCESS || !read_clear(&clear, last)) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1311", "what is remembered of a certificate cannot be read");
    }
    return APR_SUCCESS;
}
