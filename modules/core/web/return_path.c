/*
 * The place a login leads back to: see return_path.h.
 *
 * SECURITY: what is unsealed here went through the browser. The seal shows that we wrote it, for this contract; the
 * path is checked again all the same, so that a mistake on the way in is not one on the way out.
 */
#include "core/web/return_path.h"

#include <apr_encode.h>
#include <string.h>
#include <strings.h>

#define PURPOSE "return"
#define SEALED_MAX (ANSHIN_RETURN_MAX * (apr_size_t)2) /* base64url of the longest path and its seal is less */

static int is_plain(char sign)
{
    return sign > ' ' && sign <= '~' && strchr("\\\"<>#'", sign) == NULL;
}

/* Browsers send ' and \ in a query as they are, others also raw UTF-8, quotes and brackets. */
static const char *encoded(const char *path, apr_pool_t *pool)
{
    static const char digits[] = "0123456789ABCDEF";
    char *text = apr_palloc(pool, strlen(path) * 3 + 1);
    char *to = text;

    for (; *path != '\0'; path++) {
        if (is_plain(*path)) {
            *to++ = *path;
            continue;
        }
        *to++ = '%';
        *to++ = digits[(unsigned char)*path >> 4];
        *to++ = digits[(unsigned char)*path & 15];
    }
    *to = '\0';
    return text;
}

const char *anshin_return_of_referer(const char *referer, const char *host)
{
    const char *rest = referer != NULL ? strstr(referer, "://") : NULL;
    apr_size_t length = host != NULL ? strlen(host) : 0;

    if (rest == NULL || length == 0 || strncasecmp(rest + 3, host, length) != 0 || rest[3 + length] != '/') {
        return NULL;
    }
    return rest + 3 + length;
}

int anshin_return_path_valid(const char *path)
{
    apr_size_t length = strlen(path);

    if (length == 0 || length > ANSHIN_RETURN_MAX || path[0] != '/' || path[1] == '/') {
        return 0;
    }
    for (; *path != '\0'; path++) {
        if (!is_plain(*path)) {
            return 0;
        }
    }
    return 1;
}

apr_status_t anshin_return_seal(anshin_op_t *op, const char *path, const char **text)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    anshin_bytes_t sealed;
    apr_status_t status;

    path = strlen(path) <= ANSHIN_RETURN_MAX ? encoded(path, op->pool) : path;
    if (!anshin_return_path_valid(path)) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN0292", "not a path of this site that can be led back to");
    }
    status = crypto->seal(crypto->ctx, &sealed, PURPOSE, op->contract->name, anshin_bytes_of(path), op->pool);
    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0293", "cannot seal the path to return to");
    }
    *text = apr_pencode_base64_binary(op->pool, sealed.data, (apr_ssize_t)sealed.length, APR_ENCODE_BASE64URL, NULL);
    return APR_SUCCESS;
}

apr_status_t anshin_return_unseal(anshin_op_t *op, const char *text, const char **path)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    apr_size_t length = strlen(text);
    anshin_bytes_t sealed;
    anshin_bytes_t clear;
    apr_status_t status;

    if (length == 0 || length > SEALED_MAX) {
        return anshin_fail(&op->error, ANSHIN_EDENIED, "AN0294", "the path to return to is empty or too long");
    }
    sealed.data = apr_pdecode_base64_binary(op->pool, text, (apr_ssize_t)length, APR_ENCODE_NONE, &sealed.length);
    if (sealed.data == NULL) {
        return anshin_fail(&op->error, ANSHIN_EDENIED, "AN0295", "the path to return to is not base64url");
    }
    status = crypto->unseal(crypto->ctx, &clear, PURPOSE, op->contract->name, sealed, op->pool);
    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, status == ANSHIN_EDENIED ? status : ANSHIN_EFAULT, "AN0296",
                           "the path to return to was not sealed by us for this contract");
    }
    if (strlen((const char *)clear.data) != clear.length || !anshin_return_path_valid((const char *)clear.data)) {
        return anshin_fail(&op->error, ANSHIN_EDENIED, "AN0297", "what was sealed is not a path of this site");
    }
    *path = (const char *)clear.data;
    return APR_SUCCESS;
}
