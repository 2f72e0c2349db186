/*
 * Random texts and keyed hashes.
 *
 * SECURITY: makes everything that must not be guessed. The store gets a MAC or a sealed blob, never the text.
 */
#include "core/secret.h"

#include <apr_encode.h>
#include <apr_strings.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/unicode.h"

static apr_status_t random_bytes(anshin_op_t *op, void *buffer, apr_size_t length)
{
    const anshin_crypto_t *crypto = op->env->crypto;

    if (crypto->random(crypto->ctx, buffer, length) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0110", "no random bytes to be had");
    }
    return APR_SUCCESS;
}

apr_status_t anshin_secret_text(anshin_op_t *op, const char **text, const char *alphabet, apr_size_t signs)
{
    const apr_size_t size = strlen(alphabet);
    const unsigned limit = 256 - 256 % (unsigned)size; /* a byte at or above it would favour the first signs */
    char *out = apr_palloc(op->pool, signs + 1);
    apr_size_t n = 0;

    while (n < signs) {
        unsigned char bytes[32];
        apr_status_t rv = random_bytes(op, bytes, sizeof(bytes));
        if (rv != APR_SUCCESS) {
            return rv;
        }
        for (apr_size_t i = 0; i < sizeof(bytes) && n < signs; i++) {
            if (bytes[i] < limit) {
                out[n++] = alphabet[bytes[i] % size];
            }
        }
        op->env->crypto->wipe(op->env->crypto->ctx, bytes, sizeof(bytes));
    }
    out[n] = '\0';
    *text = out;
    return APR_SUCCESS;
}

apr_status_t anshin_secret_token(anshin_op_t *op, const char **token)
{
    unsigned char bytes[ANSHIN_TOKEN_BYTES];
    apr_status_t rv = random_bytes(op, bytes, sizeof(bytes));

    if (rv != APR_SUCCESS) {
        return rv;
    }
    *token = apr_pencode_base64_binary(op->pool, bytes, sizeof(bytes), APR_ENCODE_URL | APR_ENCODE_NOPADDING, NULL);
    op->env->crypto->wipe(op->env->crypto->ctx, bytes, sizeof(bytes));
    return APR_SUCCESS;
}

apr_status_t anshin_secret_name(anshin_op_t *op, const char **name)
{
    unsigned char bytes[16];
    apr_status_t rv = random_bytes(op, bytes, sizeof(bytes));

    if (rv == APR_SUCCESS) {
        *name = anshin_hex(bytes, sizeof(bytes), op->pool);
    }
    return rv;
}

apr_status_t anshin_secret_mac(anshin_op_t *op, const char **hex, const char *purpose, const char *secret)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char mac[ANSHIN_DIGEST_BYTES];

    if (crypto->mac(crypto->ctx, mac, purpose, secret, strlen(secret)) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0111", "a keyed hash could not be computed");
    }
    *hex = anshin_hex(mac, sizeof(mac), op->pool);
    return APR_SUCCESS;
}

int anshin_secret_equal(const anshin_op_t *op, const char *a, const char *b)
{
    const anshin_crypto_t *crypto = op->env->crypto;

    return a && b && strlen(a) == strlen(b) && crypto->equal(crypto->ctx, a, b, strlen(a));
}

void anshin_secret_wipe(const anshin_op_t *op, const char *text)
{
    if (text) {
        op->env->crypto->wipe(op->env->crypto->ctx, (void *)(uintptr_t)text, strlen(text));
    }
}

void anshin_secret_wipe_bytes(const anshin_op_t *op, anshin_bytes_t *bytes)
{
    if (bytes->data) {
        op->env->crypto->wipe(op->env->crypto->ctx, (void *)(uintptr_t)bytes->data, bytes->length);
    }
    bytes->data = NULL;
    bytes->length = 0;
}

const char *anshin_secret_normalise(const char *typed, apr_pool_t *pool)
{
    char *text = anshin_unicode_typed(typed, 0, pool);
    char *to = text;

    if (!text) {
        return "";
    }
    for (const char *from = text; *from; from++) {
        if (*from != ' ' && *from != '-') {
            *to++ = (char)tolower((unsigned char)*from);
        }
    }
    *to = '\0';
    return text;
}

apr_status_t anshin_secret_blob_put(anshin_op_t *op, const char **name, const char *purpose, const void *data,
                                    apr_size_t length)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    anshin_bytes_t sealed;
    const char *fresh;
    apr_status_t rv = anshin_secret_name(op, &fresh);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (crypto->seal(crypto->ctx, &sealed, purpose, fresh, data, length, op->pool) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0112", "a secret could not be sealed");
    }
    rv = anshin_blob_put(op->env->store, fresh, sealed.data, sealed.length, &op->error);
    if (rv == APR_SUCCESS) {
        *name = fresh;
    }
    return rv;
}

apr_status_t anshin_secret_blob_get(anshin_op_t *op, anshin_bytes_t *data, const char *purpose, const char *name)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    anshin_bytes_t sealed;
    apr_status_t rv;

    if (!name) {
        return ANSHIN_ENOTFOUND;
    }
    rv = anshin_blob_get(&sealed, op->env->store, name, &op->error, op->pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (crypto->unseal(crypto->ctx, data, purpose, name, sealed.data, sealed.length, op->pool) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0113", "blob %s was not sealed by this installation for %s",
                           name, purpose);
    }
    return APR_SUCCESS;
}

void anshin_secret_blob_wipe(anshin_op_t *op, const char *name)
{
    anshin_error_t ignored; /* housekeeping wipes what nobody names any more */

    if (name) {
        anshin_error_clear(&ignored);
        (void)anshin_blob_wipe(op->env->store, name, &ignored);
    }
}

/* jansson drops a sign and goes on when memory ends within a string (lex_save), so that the text is held against what
 * was read. */
json_t *anshin_secret_json(const anshin_op_t *op, const anshin_bytes_t *text)
{
    json_t *json = json_loadb((const char *)text->data, text->length, JSON_REJECT_DUPLICATES, NULL);
    char *again = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    int whole = again != NULL && strlen(again) == text->length && memcmp(again, text->data, text->length) == 0;

    anshin_secret_wipe(op, again);
    free(again);
    if (!whole) {
        json_decref(json);
        json = NULL;
    }
    return json;
}
