/*
 * Passwords that came as hashes of other systems: see imported.h.
 *
 * The form: $imported$SCHEME$WORK$MEMORY$SEALED, sealed in base64url, bound to the contract and what stands before it.
 *
 * SECURITY: a hash of another system may be cheap to guess by, so a copy of the store alone does not give it away.
 */
#include "core/account/imported.h"

#include <stdlib.h>
#include <string.h>

#include <apr_encode.h>
#include <apr_strings.h>

#include "core/context/secret.h"

#define HEAD "$imported$"
#define PURPOSE "imported-password"

const anshin_word_t anshin_scheme_words[] = {
#define WORD(member, value, name) {name, value},
#include "core/base/scheme.def"
#undef WORD
    {NULL, 0},
};

apr_status_t anshin_imported_check(anshin_op_t *op, anshin_imported_t *imported, const char *text, int accept_weak)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    apr_status_t status = crypto->imported_read(crypto->ctx, imported, text, &op->error, op->pool);

    if (status == APR_SUCCESS && imported->weak && op->contract->preset != ANSHIN_PRESET_CLASSIC && !accept_weak) {
        return anshin_fail(
            &op->error, ANSHIN_EINVALID, "AN1292",
            "password hash (%s): is weaker than this server's argon2id, and contract %s is of the preset "
            "%s; --accept-weak takes it until its user has logged in",
            anshin_word_name(anshin_scheme_words, imported->scheme, "unknown"), op->contract->name,
            anshin_word_name(anshin_preset_words, op->contract->preset, "unknown"));
    }
    return status;
}

static const char *bound_to(const anshin_op_t *op, const char *head)
{
    return apr_pstrcat(op->pool, op->contract->name, "/", head, NULL);
}

apr_status_t anshin_imported_seal(anshin_op_t *op, const char **stored, const anshin_imported_t *imported)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    const char *head =
        apr_psprintf(op->pool, HEAD "%s$%u$%u$", anshin_word_name(anshin_scheme_words, imported->scheme, "unknown"),
                     imported->work, imported->memory);
    anshin_bytes_t sealed;

    if (crypto->seal(crypto->ctx, &sealed, PURPOSE, bound_to(op, head), anshin_bytes_of(imported->text), op->pool) !=
        APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1293", "a password hash could not be sealed");
    }
    *stored = apr_pstrcat(
        op->pool, head,
        apr_pencode_base64_binary(op->pool, sealed.data, (apr_ssize_t)sealed.length, APR_ENCODE_BASE64URL, NULL), NULL);
    return APR_SUCCESS;
}

/* A decimal number and the $ behind it. 0: there is none. */
static int take_number(const char **at, apr_uint32_t *number)
{
    size_t digits = strspn(*at, "0123456789");

    if (digits == 0 || digits > 9 || (*at)[digits] != '$') {
        return 0;
    }
    *number = (apr_uint32_t)apr_atoi64(*at);
    *at += digits + 1;
    return 1;
}

/* The head, and where what is sealed begins. 0: it is no imported one, or not well formed. */
static int read_head(const char *stored, anshin_imported_t *imported, const char **sealed)
{
    const char *at;

    if (stored == NULL || strncmp(stored, HEAD, sizeof(HEAD) - 1) != 0) {
        return 0;
    }
    at = stored + sizeof(HEAD) - 1;
    for (const anshin_word_t *word = anshin_scheme_words; word->name != NULL; word++) {
        size_t length = strlen(word->name);

        if (strncmp(at, word->name, length) == 0 && at[length] == '$') {
            *sealed = at + length + 1;
            *imported = (anshin_imported_t){.scheme = (anshin_scheme_t)word->value};
            return take_number(sealed, &imported->work) && take_number(sealed, &imported->memory);
        }
    }
    return 0;
}

int anshin_imported_tells(const char *stored, anshin_imported_t *imported)
{
    const char *sealed;

    return read_head(stored, imported, &sealed);
}

const char *anshin_imported_scheme(const char *stored)
{
    anshin_imported_t imported;

    return anshin_imported_tells(stored, &imported) ? anshin_word_name(anshin_scheme_words, imported.scheme, NULL)
                                                    : NULL;
}

apr_status_t anshin_imported_open(anshin_op_t *op, const char **text, const char *stored)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    anshin_imported_t imported;
    anshin_bytes_t sealed, clear;
    const char *at;

    if (read_head(stored, &imported, &at)) {
        const char *head = apr_pstrmemdup(op->pool, stored, (apr_size_t)(at - stored));

        sealed.data = apr_pdecode_base64_binary(op->pool, at, APR_ENCODE_STRING, APR_ENCODE_NONE, &sealed.length);
        if (sealed.data != NULL &&
            crypto->unseal(crypto->ctx, &clear, PURPOSE, bound_to(op, head), sealed, op->pool) == APR_SUCCESS) {
            *text = (const char *)clear.data;
            return APR_SUCCESS;
        }
    }
    return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1294",
                       "a password hash of another system was not sealed by this installation");
}

apr_status_t anshin_imported_renew(anshin_op_t *op, const char **fresh, const char *stored)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    anshin_imported_t imported;
    anshin_bytes_t sealed;
    const char *at, *text;
    int n;
    apr_status_t status;

    *fresh = NULL;
    if (!read_head(stored, &imported, &at)) {
        return APR_SUCCESS;
    }
    sealed.data = apr_pdecode_base64_binary(op->pool, at, APR_ENCODE_STRING, APR_ENCODE_NONE, &sealed.length);
    if (sealed.data == NULL ||
        crypto->sealed_by(crypto->ctx, &n, PURPOSE,
                          bound_to(op, apr_pstrmemdup(op->pool, stored, (apr_size_t)(at - stored))), sealed,
                          op->pool) != APR_SUCCESS ||
        n == 0) {
        return APR_SUCCESS; /* one that opens with no key stays as it is */
    }
    if ((status = anshin_imported_open(op, &text, stored)) != APR_SUCCESS) {
        return status;
    }
    imported.text = text;
    status = anshin_imported_seal(op, fresh, &imported);
    anshin_secret_wipe(op, text);
    return status;
}

static int is_due(const anshin_toll_t *toll)
{
    for (int scheme = 0; toll != NULL && scheme < ANSHIN_SCHEMES; scheme++) {
        if (toll->work[scheme] != 0) {
            return 1;
        }
    }
    return 0;
}

apr_status_t anshin_imported_compare(anshin_op_t *op, anshin_verdict_t *verdict, const char *stored,
                                     const anshin_toll_t *toll, const char *secret, const anshin_hash_place_t *place)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    int foreign = stored != NULL && strncmp(stored, HEAD, sizeof(HEAD) - 1) == 0;
    apr_size_t length = strlen(secret);
    anshin_verdict_t theirs = {0, 0};
    const char *text = NULL;
    apr_status_t status = foreign ? anshin_imported_open(op, &text, stored) : APR_SUCCESS;

    if (status == APR_SUCCESS && (!foreign || toll != NULL)) {
        status = crypto->password_verify(crypto->ctx, verdict, foreign ? NULL : stored, secret, length, place);
    }
    if (status == APR_SUCCESS && (foreign || is_due(toll))) {
        status = crypto->imported_verify(crypto->ctx, &theirs, text, toll, secret, length, place);
    }
    anshin_secret_wipe(op, text);
    if (foreign || status != APR_SUCCESS) {
        *verdict = status == APR_SUCCESS ? theirs : (anshin_verdict_t){0, 0};
    }
    return status;
}
