/*
 * Random texts and keyed hashes.
 *
 * SECURITY: makes everything that must not be guessed. The store gets a MAC or a sealed blob, never the text.
 */
#include "core/context/secret.h"

#include <apr_encode.h>
#include <apr_strings.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/unicode.h"
#include "core/context/rehearsal.h"

#define NAME_BYTES 16
#define READS 3

static apr_status_t fresh_bytes(anshin_op_t *op, void *buffer, apr_size_t length)
{
    const anshin_crypto_t *crypto = op->env->crypto;

    if (crypto->random(crypto->ctx, buffer, length) != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0110", "the system gives no random bytes");
    }
    return APR_SUCCESS;
}

/* The same again where the work was rehearsed, so that it seals the same texts. */
static apr_status_t random_bytes(anshin_op_t *op, void *buffer, apr_size_t length)
{
    apr_status_t status;

    if (anshin_rehearsal_again(op, buffer, length)) {
        return APR_SUCCESS;
    }
    if ((status = fresh_bytes(op, buffer, length)) == APR_SUCCESS) {
        anshin_rehearsal_drew(op, buffer, length);
    }
    return status;
}

apr_status_t anshin_secret_text(anshin_op_t *op, const char **text, const char *alphabet, apr_size_t signs)
{
    const apr_size_t size = strlen(alphabet);
    const unsigned limit = 256 - 256 % (unsigned)size; /* a byte at or above it would favour the first signs */
    char *out = apr_palloc(op->pool, signs + 1);
    apr_size_t n = 0;

    while (n < signs) {
        unsigned char bytes[32];
        apr_status_t status = random_bytes(op, bytes, sizeof(bytes));
        if (status != APR_SUCCESS) {
            return status;
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
    apr_status_t status = random_bytes(op, bytes, sizeof(bytes));

    if (status != APR_SUCCESS) {
        return status;
    }
    *token = apr_pencode_base64_binary(op->pool, bytes, sizeof(bytes), APR_ENCODE_URL | APR_ENCODE_NOPADDING, NULL);
    op->env->crypto->wipe(op->env->crypto->ctx, bytes, sizeof(bytes));
    return APR_SUCCESS;
}

apr_status_t anshin_secret_name(anshin_op_t *op, const char **name)
{
    unsigned char bytes[NAME_BYTES];
    apr_status_t status = random_bytes(op, bytes, sizeof(bytes));

    if (status == APR_SUCCESS) {
        *name = anshin_hex(bytes, sizeof(bytes), op->pool);
    }
    return status;
}

apr_status_t anshin_secret_mac(anshin_op_t *op, const char **hex, const char *purpose, const char *secret)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char mac[ANSHIN_DIGEST_BYTES];

    apr_status_t status = op->key == 0 ? crypto->mac(crypto->ctx, mac, purpose, secret, strlen(secret))
                                       : crypto->mac_by(crypto->ctx, mac, op->key, purpose, secret, strlen(secret));

    if (status == ANSHIN_ENOTFOUND && op->key > 0) {
        return status; /* it has gone since it was asked for */
    }
    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0111", "a keyed hash could not be computed");
    }
    *hex = anshin_hex(mac, sizeof(mac), op->pool);
    return APR_SUCCESS;
}

/* No key of any purpose of ours. */
static int has_key(const anshin_op_t *op, int n)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char mac[ANSHIN_DIGEST_BYTES];

    return crypto->mac_by(crypto->ctx, mac, n, "any", "", 0) != ANSHIN_ENOTFOUND;
}

apr_status_t anshin_secret_any(anshin_op_t *op, anshin_secret_try_fn *attempt, void *baton)
{
    apr_status_t status = ANSHIN_ENOTFOUND;

    for (int n = 0; status == ANSHIN_ENOTFOUND && (n == 0 || has_key(op, n)); n++) {
        op->key = n;
        status = attempt(baton, op);
    }
    op->key = 0;
    return status;
}

apr_status_t anshin_secret_mac_is(anshin_op_t *op, int *equal, const char *purpose, const char *secret, const char *mac)
{
    apr_status_t status = APR_SUCCESS;

    *equal = 0;
    for (int n = 0; status == APR_SUCCESS && (n == 0 || has_key(op, n)); n++) {
        const char *made = NULL;

        op->key = n;
        status = anshin_secret_mac(op, &made, purpose, secret);
        *equal |= status == APR_SUCCESS && anshin_secret_equal(op, made, mac);
    }
    op->key = 0;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status; /* keys come to their end */
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

/* *name: of a fresh blob, which is sealed. Its name is no secret, and every blob has another. */
static apr_status_t seal(anshin_op_t *op, const char **name, anshin_bytes_t *sealed, const char *purpose,
                         anshin_bytes_t text)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char bytes[NAME_BYTES];
    apr_status_t status = fresh_bytes(op, bytes, sizeof(bytes));

    if (status != APR_SUCCESS) {
        return status;
    }
    *name = anshin_hex(bytes, sizeof(bytes), op->pool);
    return crypto->seal(crypto->ctx, sealed, purpose, *name, text, op->pool) == APR_SUCCESS
               ? APR_SUCCESS
               : anshin_fail(&op->error, ANSHIN_EFAULT, "AN0112", "a secret could not be sealed");
}

apr_status_t anshin_secret_blob_put(anshin_op_t *op, anshin_txn_t *txn, const char **name, const char *purpose,
                                    const void *data, apr_size_t length)
{
    const anshin_bytes_t text = {data, length};
    anshin_bytes_t sealed;
    const char *fresh = NULL;
    apr_status_t status = anshin_rehearsal_find(op, &fresh, purpose, text);

    if (status != APR_SUCCESS || fresh != NULL) {
        *name = status == APR_SUCCESS ? fresh : *name;
        return status;
    }
    if ((status = seal(op, &fresh, &sealed, purpose, text)) != APR_SUCCESS ||
        (status = anshin_rehearsal_sealed(op, fresh, sealed, purpose, text)) != APR_SUCCESS) {
        return status;
    }
    status = anshin_txn_blob_put(txn, fresh, sealed.data, sealed.length);
    if (status == APR_SUCCESS) {
        *name = fresh;
    }
    return status;
}

apr_status_t anshin_secret_blob_get(anshin_op_t *op, anshin_txn_t *txn, anshin_bytes_t *data, const char *purpose,
                                    const char *name)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    anshin_bytes_t sealed;
    apr_status_t status = ANSHIN_EFAULT;

    if (!name) {
        return ANSHIN_ENOTFOUND;
    }
    for (int i = 0; i < READS; i++) {
        status = anshin_txn_blob_get(txn, name, &sealed);
        if (status != APR_SUCCESS) {
            return status;
        }
        status = crypto->unseal(crypto->ctx, data, purpose, name, sealed, op->pool);
        if (status != ANSHIN_EDENIED) {
            break; /* else it was just sealed anew, and the former one wiped while it was read */
        }
    }
    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0113", "blob %s was not sealed by this installation for %s",
                           name, purpose);
    }
    return APR_SUCCESS;
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
