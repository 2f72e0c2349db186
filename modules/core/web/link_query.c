/*
 * Tokens in queries: see link_query.h.
 *
 * SECURITY: whoever reads a log must not find a token that still works, so what form.c would read as a field t is found
 * here as well (t/fuzz/fuzz_link_query.c compares them).
 */
#include "core/web/link_query.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#define HIDDEN "t=-"
#define TOKEN_LENGTH 43 /* 32 octets in base64url, core/context/secret.h */

/* The value of a parameter t; NULL when this is another one. */
static const char *token_of(const char *parameter)
{
    static const char *const names[] = {"t=", "%74=", "%54=", "amp;t="};

    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strncasecmp(parameter, names[i], strlen(names[i])) == 0) {
            return parameter + strlen(names[i]);
        }
    }
    return NULL;
}

static int is_sign(int character)
{
    return apr_isalnum(character) || character == '-' || character == '_';
}

/* Mail programs and hands add to a link what stood behind it, and quoted-printable left undone puts 3D before it: a
 * token of the right length is taken out of that. */
static const char *trimmed(const char *value, apr_pool_t *pool)
{
    apr_size_t length = 0;

    while (is_sign((unsigned char)value[length])) {
        length++;
    }
    if (length == TOKEN_LENGTH + 2 && strncmp(value, "3D", 2) == 0) {
        return apr_pstrmemdup(pool, value + 2, TOKEN_LENGTH);
    }
    return length == TOKEN_LENGTH ? apr_pstrmemdup(pool, value, TOKEN_LENGTH) : value;
}

const char *anshin_link_query_hide(const char *query, const char **token, apr_pool_t *pool)
{
    char *rest = apr_pstrdup(pool, query);
    char *hidden = apr_palloc(pool, strlen(query) * 2 + sizeof(HIDDEN)); /* "t=" becomes "t=-" */
    char *to = hidden;
    char *last;

    *token = NULL;
    for (char *part = apr_strtok(rest, "&", &last); part != NULL; part = apr_strtok(NULL, "&", &last)) {
        const char *found = token_of(part);
        const char *text = found != NULL ? HIDDEN : part;

        if (found != NULL) {
            *token = trimmed(found, pool);
        }
        if (to != hidden) {
            *to++ = '&';
        }
        to = apr_cpystrn(to, text, strlen(text) + 1);
    }
    *to = '\0';
    return hidden;
}

/* The character at text, and how many bytes it takes: %XX is one character (RFC 3986 2.1). */
static int decoded(const char *text, apr_size_t *bytes)
{
    *bytes = 1;
    if (text[0] == '%' && apr_isxdigit(text[1]) && apr_isxdigit(text[2])) {
        const char digits[] = {text[1], text[2], '\0'};

        *bytes = 3;
        return (int)apr_strtoi64(digits, NULL, 16);
    }
    return (unsigned char)text[0];
}

const char *anshin_link_mask(const char *text, int query, apr_pool_t *pool)
{
    char *masked = apr_palloc(pool, strlen(text) + 1);
    char *to = masked;
    int before = '\0';

    while (*text != '\0') {
        apr_size_t length = 0;
        apr_size_t bytes = 0;
        int signs = 0;

        while (text[length] != '\0' && is_sign(decoded(text + length, &bytes))) {
            length += bytes;
            signs++;
        }
        if (signs >= TOKEN_LENGTH && (query || before == '=')) {
            *to++ = '-';
        } else {
            memcpy(to, text, length);
            to += length;
        }
        text += length;
        if (*text != '\0') {
            before = decoded(text, &bytes);
            memcpy(to, text, bytes);
            to += bytes;
            text += bytes;
            query = query || before == '?';
        }
    }
    *to = '\0';
    return masked;
}
