/*
 * Typed text in addresses: see typed.h.
 *
 * SECURITY: the address comes from anybody. What does not unseal for contract, browser, account and page is nothing
 * that was typed here; what does goes through the page's own checks once more.
 */
#include "core/web/typed.h"

#include <apr_encode.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/unicode.h"
#include "core/context/secret.h"
#include "core/web/csrf.h"

#define PURPOSE "typed"
#define EXPIRES "" /* no field of a form has this name, */
#define TOKEN "\n" /* nor this one */
#define SHOWN_TO "*" /* in place of an account: the token tells; an account has a '/' */
#define BASE64URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static const char *bound_to(anshin_op_t *op, const anshin_typed_place_t *place)
{
    return apr_pstrcat(op->pool, op->contract->name, "/", place->browser, place->path, "?",
                       place->account != NULL ? place->account : SHOWN_TO, NULL);
}

static apr_status_t out_of_memory(anshin_op_t *op)
{
    return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1150", "typed text: out of memory");
}

/* The object as it is sealed; NULL: no memory. */
static json_t *collect(anshin_op_t *op, const anshin_typed_place_t *place, const anshin_form_t *form,
                       const char *const *names)
{
    json_t *fields = json_pack("{s:I, s:s*}", EXPIRES, (json_int_t)(op->now + op->contract->policy.flow_lifetime),
                               TOKEN, place->account == NULL ? anshin_form_get(form, "csrf") : NULL);

    for (; fields != NULL && *names != NULL; names++) {
        const char *value = anshin_form_get(form, *names);
        size_t length = value != NULL ? anshin_unicode_cut(value, ANSHIN_TYPED_FIELD_MAX) : 0;

        if (value != NULL && json_object_set_new(fields, *names, json_stringn(value, length)) != 0) {
            json_decref(fields);
            fields = NULL;
        }
    }
    return fields;
}

apr_status_t anshin_typed_seal(anshin_op_t *op, const anshin_typed_place_t *place, const anshin_form_t *form,
                               const char *const *names, const char **text)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    json_t *fields = collect(op, place, form, names);
    char *clear = fields != NULL ? json_dumps(fields, JSON_COMPACT) : NULL;
    anshin_bytes_t sealed;
    apr_status_t status;

    json_decref(fields);
    if (clear == NULL) {
        return out_of_memory(op);
    }
    status = crypto->seal(crypto->ctx, &sealed, PURPOSE, bound_to(op, place), anshin_bytes_of(clear), op->pool);
    anshin_secret_wipe(op, clear);
    free(clear);
    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1151", "typed text: cannot be sealed");
    }
    *text = apr_pencode_base64_binary(op->pool, sealed.data, (apr_ssize_t)sealed.length, APR_ENCODE_BASE64URL, NULL);
    return APR_SUCCESS;
}

static apr_status_t drop(void *fields)
{
    json_decref(fields);
    return APR_SUCCESS;
}

/* Whose page it was: a session that has ended may be gone from the store, and the token tells all the same. */
static apr_status_t check_token(anshin_op_t *op, const char *account, const json_t *fields)
{
    const char *token = json_string_value(json_object_get(fields, TOKEN));

    return token != NULL ? anshin_csrf_of(op, token, account) : ANSHIN_EDENIED;
}

/* For who is logged in, or (*shown) for whom the page was shown to. */
static apr_status_t unseal(anshin_op_t *op, const anshin_typed_place_t *place, anshin_bytes_t sealed,
                           anshin_bytes_t *clear, int *shown)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    const anshin_typed_place_t page = {place->browser, NULL, place->path};
    apr_status_t status = crypto->unseal(crypto->ctx, clear, PURPOSE, bound_to(op, place), sealed, op->pool);

    *shown = status == ANSHIN_EDENIED;
    return *shown ? crypto->unseal(crypto->ctx, clear, PURPOSE, bound_to(op, &page), sealed, op->pool) : status;
}

apr_status_t anshin_typed_unseal(anshin_op_t *op, const anshin_typed_place_t *place, const char *text, json_t **fields)
{
    anshin_bytes_t sealed;
    anshin_bytes_t clear;
    int shown;
    apr_status_t status;

    *fields = NULL;
    if (*text == '\0' || text[strspn(text, BASE64URL)] != '\0') {
        return ANSHIN_EDENIED;
    }
    sealed.data = apr_pdecode_base64_binary(op->pool, text, APR_ENCODE_STRING, APR_ENCODE_BASE64URL, &sealed.length);
    if (sealed.data == NULL) {
        return ANSHIN_EDENIED;
    }
    status = unseal(op, place, sealed, &clear, &shown);
    if (status == ANSHIN_EDENIED) {
        return ANSHIN_EDENIED;
    }
    if (status != APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1152", "typed text: cannot be unsealed");
    }
    if ((*fields = anshin_secret_json(op, &clear)) == NULL) {
        return out_of_memory(op);
    }
    apr_pool_cleanup_register(op->pool, *fields, drop, apr_pool_cleanup_null);
    if (json_integer_value(json_object_get(*fields, EXPIRES)) <= op->now) {
        return ANSHIN_EDENIED;
    }
    return shown ? check_token(op, place->account, *fields) : APR_SUCCESS;
}
