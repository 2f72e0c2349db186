/*
 * Whom an address of the help desk is about: see sealed_whom.h.
 *
 * SECURITY: what comes in is anybody's. Nothing is looked at before the tag has shown that we made it, but its length
 * and its signs.
 */
#include "core/desk/sealed_whom.h"

#include <string.h>

#include <apr_encode.h>
#include <apr_strings.h>

#include "core/context/secret.h"

#define PURPOSE "desk-whom"
#define TAG_BYTES 16
#define STEP 16       /* lengths of texts are multiples of it, so that they do not tell that of an ID */
#define CLEAR_MAX 240 /* contract, ID and number have 32, 64 and 32 signs at most, the ID some of several octets */
#define SEALED_MAX ((TAG_BYTES + CLEAR_MAX) * 4 / 3)

/* BASE64URL of the portal's fields (portal_request.c); APR reads '+' and '/' as well. */
#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static apr_status_t mac(const anshin_op_t *op, unsigned char out[ANSHIN_DIGEST_BYTES], const void *data,
                        apr_size_t length)
{
    const anshin_crypto_t *crypto = op->env->crypto;

    return op->key == 0 ? crypto->mac(crypto->ctx, out, PURPOSE, data, length)
                        : crypto->mac_by(crypto->ctx, out, op->key, PURPOSE, data, length);
}

/* Of 't', the contract, '/', the text: a contract has no '/'. */
static apr_status_t tag_of(const anshin_op_t *op, unsigned char tag[ANSHIN_DIGEST_BYTES], const unsigned char *clear,
                           apr_size_t length)
{
    const char *contract = op->contract->name;
    const apr_size_t head = strlen(contract) + 2;
    unsigned char *data = apr_palloc(op->pool, head + length);

    data[0] = 't';
    memcpy(data + 1, contract, head - 2);
    data[head - 1] = '/';
    memcpy(data + head, clear, length);
    return mac(op, tag, data, head + length);
}

/* Cover what lies in text, or uncover it: HMACs of 'c', the tag and a counter. */
static apr_status_t cover(const anshin_op_t *op, const unsigned char *tag, unsigned char *text, apr_size_t length)
{
    unsigned char data[1 + TAG_BYTES + 1] = {'c'};
    unsigned char stream[ANSHIN_DIGEST_BYTES];

    memcpy(data + 1, tag, TAG_BYTES);
    for (apr_size_t at = 0; at < length; at += sizeof(stream)) {
        if (mac(op, stream, data, sizeof(data)) != APR_SUCCESS) {
            return ANSHIN_EFAULT;
        }
        for (apr_size_t i = 0; i < sizeof(stream) && at + i < length; i++) {
            text[at + i] ^= stream[i];
        }
        data[1 + TAG_BYTES]++;
    }
    return APR_SUCCESS;
}

static apr_status_t broken(anshin_op_t *op)
{
    return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1627", "help desk: an address cannot be sealed");
}

static const char *encoded(const anshin_op_t *op, const unsigned char *octets, apr_size_t length)
{
    return apr_pencode_base64_binary(op->pool, octets, (apr_ssize_t)length, APR_ENCODE_BASE64URL, NULL);
}

apr_status_t anshin_whom_seal(anshin_op_t *op, const anshin_desk_whom_t *whom, const char **text)
{
    const char *clear =
        apr_pstrcat(op->pool, whom->contract, "/", whom->user, "/", whom->number != NULL ? whom->number : "", NULL);
    const apr_size_t length = (strlen(clear) / STEP + 1) * STEP;
    unsigned char *sealed = apr_pcalloc(op->pool, TAG_BYTES + length);
    unsigned char tag[ANSHIN_DIGEST_BYTES];

    *text = "";
    memcpy(sealed + TAG_BYTES, clear, strlen(clear));
    if (length > CLEAR_MAX || tag_of(op, tag, sealed + TAG_BYTES, length) != APR_SUCCESS) {
        return broken(op);
    }
    memcpy(sealed, tag, TAG_BYTES);
    if (cover(op, tag, sealed + TAG_BYTES, length) != APR_SUCCESS) {
        return broken(op);
    }
    *text = encoded(op, sealed, TAG_BYTES + length);
    return APR_SUCCESS;
}

typedef struct opening_t {
    const unsigned char *sealed;
    apr_size_t length; /* of the text */
    const char *clear;
} opening_t;

/* By the seal key at hand; ANSHIN_ENOTFOUND: it is not by that. */
static apr_status_t open_by(void *baton, anshin_op_t *op)
{
    opening_t *opening = baton;
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char tag[ANSHIN_DIGEST_BYTES];
    unsigned char *clear = apr_pcalloc(op->pool, opening->length + 1);

    memcpy(clear, opening->sealed + TAG_BYTES, opening->length);
    if (cover(op, opening->sealed, clear, opening->length) != APR_SUCCESS ||
        tag_of(op, tag, clear, opening->length) != APR_SUCCESS) {
        return op->key > 0 ? ANSHIN_ENOTFOUND : broken(op); /* an older key may just have gone */
    }
    if (!crypto->equal(crypto->ctx, tag, opening->sealed, TAG_BYTES)) {
        return ANSHIN_ENOTFOUND;
    }
    opening->clear = (const char *)clear;
    return APR_SUCCESS;
}

/* The text that was sealed, and nothing behind it. NULL: none was. */
static const char *open(anshin_op_t *op, const char *text, apr_status_t *status)
{
    opening_t opening = {.clear = NULL};
    apr_size_t length = 0;

    *status = ANSHIN_EDENIED;
    if (text == NULL || strlen(text) > SEALED_MAX || text[strspn(text, BASE64URL)] != '\0') {
        return NULL;
    }
    opening.sealed = apr_pdecode_base64_binary(op->pool, text, APR_ENCODE_STRING, APR_ENCODE_NONE, &length);
    if (opening.sealed == NULL || length <= TAG_BYTES || (length - TAG_BYTES) % STEP != 0 ||
        strcmp(text, encoded(op, opening.sealed, length)) != 0) { /* bits that say nothing could have been set */
        return NULL;
    }
    opening.length = length - TAG_BYTES;
    *status = anshin_secret_any(op, open_by, &opening);
    if (*status == ANSHIN_ENOTFOUND) {
        *status = ANSHIN_EDENIED;
    }
    return opening.clear;
}

apr_status_t anshin_whom_unseal(anshin_op_t *op, const char *text, anshin_desk_whom_t *whom)
{
    apr_status_t status;
    const char *clear = open(op, text, &status);
    char *rest = apr_pstrdup(op->pool, clear != NULL ? clear : "");
    char *user = strchr(rest, '/');
    char *last = user != NULL ? strchr(user + 1, '/') : NULL;

    *whom = (anshin_desk_whom_t){"", "", NULL};
    if (status != APR_SUCCESS) {
        return status;
    }
    if (last == NULL || strchr(last + 1, '/') != NULL) {
        return ANSHIN_EDENIED;
    }
    *user = *last = '\0';
    *whom = (anshin_desk_whom_t){rest, user + 1, last + 1};
    return APR_SUCCESS;
}
