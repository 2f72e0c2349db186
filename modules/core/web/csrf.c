/*
 * CSRF tokens: see csrf.h.
 *
 * SECURITY: cookie, token and headers are a stranger's until the HMAC agrees; it is compared in constant time.
 */
#include "core/web/csrf.h"

#include <apr_encode.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#include "core/context/flow.h"
#include "core/context/secret.h"

#define PURPOSE "csrf"
#define TAG_PURPOSE "csrf-account"
#define SALT_BYTES 18 /* with the tag and the HMAC they fill base64: no bits are to spare at its end */
#define TAG_BYTES 16
#define SIGNED_BYTES (SALT_BYTES + TAG_BYTES)
#define TOKEN_BYTES (SIGNED_BYTES + ANSHIN_DIGEST_BYTES)
#define TOKEN_TEXT 88 /* of base64url */
#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

int anshin_browser_id_valid(const char *text)
{
    return anshin_flow_token_valid(text);
}

static apr_status_t mac(anshin_op_t *op, unsigned char out[ANSHIN_DIGEST_BYTES], const char *purpose, const char *bound)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    apr_status_t status = op->key == 0 ? crypto->mac(crypto->ctx, out, purpose, bound, strlen(bound))
                                       : crypto->mac_by(crypto->ctx, out, op->key, purpose, bound, strlen(bound));

    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0290", "csrf: no HMAC");
    }
    return APR_SUCCESS;
}

/* The tag of an account under the salt of token. */
static apr_status_t tag(anshin_op_t *op, const char *account, const unsigned char *token, unsigned char out[TAG_BYTES])
{
    const char *salt = anshin_hex(token, SALT_BYTES, op->pool);
    unsigned char digest[ANSHIN_DIGEST_BYTES];
    apr_status_t status =
        mac(op, digest, TAG_PURPOSE, apr_pstrcat(op->pool, salt, "/", op->contract->name, "/", account, NULL));

    if (status == APR_SUCCESS) {
        memcpy(out, digest, TAG_BYTES);
    }
    return status;
}

/* The HMAC over salt, tag, contract and browser id: behind the tag of token. */
static apr_status_t sign(anshin_op_t *op, const char *browser, unsigned char token[TOKEN_BYTES])
{
    const char *begun = anshin_hex(token, SIGNED_BYTES, op->pool);

    return mac(op, token + SIGNED_BYTES, PURPOSE,
               apr_pstrcat(op->pool, begun, "/", op->contract->name, "/", browser, NULL));
}

/* The octets of a token; NULL: we have not made it. */
static const unsigned char *decode(anshin_op_t *op, const char *token)
{
    const unsigned char *given;
    apr_size_t length = 0;

    if (strlen(token) != TOKEN_TEXT || strspn(token, BASE64URL) != TOKEN_TEXT) { /* APR reads '+' and '/', too */
        return NULL;
    }
    given = apr_pdecode_base64_binary(op->pool, token, TOKEN_TEXT, APR_ENCODE_BASE64URL, &length);
    return length == TOKEN_BYTES ? given : NULL;
}

apr_status_t anshin_csrf_make(anshin_op_t *op, const char *browser, const char *account, const char **token)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char bytes[TOKEN_BYTES];
    apr_status_t status;

    if (crypto->random(crypto->ctx, bytes, SALT_BYTES) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0291", "csrf: the system gives no random bytes");
    }
    status = tag(op, account, bytes, bytes + SALT_BYTES);
    status = status == APR_SUCCESS ? sign(op, browser, bytes) : status;
    if (status == APR_SUCCESS) {
        *token = apr_pencode_base64_binary(op->pool, bytes, TOKEN_BYTES, APR_ENCODE_BASE64URL, NULL);
    }
    return status;
}

typedef struct checking_t {
    const unsigned char *given;
    const char *about; /* browser id, or account */
} checking_t;

/* ANSHIN_ENOTFOUND: it is not by this key. */
static apr_status_t check_by(void *baton, anshin_op_t *op)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    const checking_t *checking = baton;
    unsigned char expected[TOKEN_BYTES];
    apr_status_t status;

    memcpy(expected, checking->given, SIGNED_BYTES);
    status = sign(op, checking->about, expected);
    if (status != APR_SUCCESS) {
        return status;
    }
    return crypto->equal(crypto->ctx, expected, checking->given, TOKEN_BYTES) ? APR_SUCCESS : ANSHIN_ENOTFOUND;
}

static apr_status_t is_of_by(void *baton, anshin_op_t *op)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    const checking_t *checking = baton;
    unsigned char expected[TAG_BYTES];
    apr_status_t status = tag(op, checking->about, checking->given, expected);

    if (status != APR_SUCCESS) {
        return status;
    }
    return crypto->equal(crypto->ctx, expected, checking->given + SALT_BYTES, TAG_BYTES) ? APR_SUCCESS
                                                                                         : ANSHIN_ENOTFOUND;
}

static apr_status_t denied(apr_status_t status)
{
    return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
}

apr_status_t anshin_csrf_check(anshin_op_t *op, const char *browser, const char *token)
{
    const unsigned char *given;

    if (browser == NULL || !anshin_browser_id_valid(browser) || token == NULL || (given = decode(op, token)) == NULL) {
        return ANSHIN_EDENIED;
    }
    return denied(anshin_secret_any(op, check_by, &(checking_t){given, browser}));
}

apr_status_t anshin_csrf_of(anshin_op_t *op, const char *token, const char *account)
{
    const unsigned char *given = decode(op, token);

    return given != NULL ? denied(anshin_secret_any(op, is_of_by, &(checking_t){given, account})) : ANSHIN_EDENIED;
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
