/*
 * CSRF tokens: see csrf.h.
 *
 * SECURITY: cookie, token and headers are a stranger's until the HMAC agrees; it is compared in constant time.
 */
#include "core/csrf.h"

#include <apr_encode.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#include "core/flow.h"

#define PURPOSE "csrf"
#define SALT_BYTES 16
#define TOKEN_BYTES (SALT_BYTES + ANSHIN_DIGEST_BYTES)
#define TOKEN_TEXT 64 /* of base64url */
#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

int anshin_browser_id_valid(const char *text)
{
    return anshin_flow_token_valid(text);
}

/* The HMAC over salt, contract and browser id: behind the salt of token. */
static apr_status_t sign(anshin_op_t *op, const char *browser, unsigned char token[TOKEN_BYTES])
{
    const anshin_crypto_t *crypto = op->env->crypto;
    const char *salt = anshin_hex(token, SALT_BYTES, op->pool);
    const char *bound = apr_pstrcat(op->pool, salt, "/", op->contract->name, "/", browser, NULL);

    if (crypto->mac(crypto->ctx, token + SALT_BYTES, PURPOSE, bound, strlen(bound)) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0290", "csrf: no HMAC");
    }
    return APR_SUCCESS;
}

apr_status_t anshin_csrf_make(anshin_op_t *op, const char *browser, const char **token)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char bytes[TOKEN_BYTES];
    apr_status_t status;

    if (crypto->random(crypto->ctx, bytes, SALT_BYTES) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0291", "csrf: no random bytes");
    }
    status = sign(op, browser, bytes);
    if (status == APR_SUCCESS) {
        *token = apr_pencode_base64_binary(op->pool, bytes, TOKEN_BYTES, APR_ENCODE_BASE64URL, NULL);
    }
    return status;
}

apr_status_t anshin_csrf_check(anshin_op_t *op, const char *browser, const char *token)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char expected[TOKEN_BYTES];
    const unsigned char *given;
    apr_size_t length = 0;
    apr_status_t status;

    if (browser == NULL || !anshin_browser_id_valid(browser) || token == NULL || strlen(token) != TOKEN_TEXT ||
        strspn(token, BASE64URL) != TOKEN_TEXT) { /* APR reads '+' and '/' for '-' and '_', too */
        return ANSHIN_EDENIED;
    }
    given = apr_pdecode_base64_binary(op->pool, token, TOKEN_TEXT, APR_ENCODE_BASE64URL, &length);
    if (given == NULL || length != TOKEN_BYTES) {
        return ANSHIN_EDENIED;
    }
    memcpy(expected, given, SALT_BYTES);
    status = sign(op, browser, expected);
    if (status != APR_SUCCESS) {
        return status;
    }
    return crypto->equal(crypto->ctx, expected, given, TOKEN_BYTES) ? APR_SUCCESS : ANSHIN_EDENIED;
}

int anshin_csrf_origin_allowed(const char *origin, const char *origin_header, const char *fetch_site)
{
    if (fetch_site != NULL && strcmp(fetch_site, "same-origin") != 0 && strcmp(fetch_site, "none") != 0) {
        return 0;
    }
    if (origin_header != NULL && strcmp(origin_header, "null") == 0) {
        return fetch_site != NULL && strcmp(fetch_site, "same-origin") == 0;
    }
    return origin_header == NULL || strcasecmp(origin_header, origin) == 0;
}
