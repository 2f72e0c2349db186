/*
 * Unicode normalisation: a thin layer over utf8proc that brings results into pools.
 *
 * SECURITY: faces what strangers type. utf8proc refuses malformed sequences, surrogates and overlong forms.
 */
#include "core/base/unicode.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static int is_well_formed(const char *text, int controls)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
    utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(text);

    while (left > 0) {
        utf8proc_int32_t code;
        utf8proc_ssize_t used = utf8proc_iterate(at, left, &code);

        if (used <= 0 || (!controls && utf8proc_category(code) == UTF8PROC_CATEGORY_CC)) {
            return 0;
        }
        at += used;
        left -= used;
    }
    return 1;
}

int anshin_unicode_valid(const char *text)
{
    return is_well_formed(text, 1);
}

int anshin_unicode_clean(const char *text)
{
    return is_well_formed(text, 0);
}

char *anshin_unicode_trim(char *text)
{
    size_t length;

    text += strspn(text, " ");
    for (length = strlen(text); length > 0 && text[length - 1] == ' '; length--) {
        text[length - 1] = '\0';
    }
    return text;
}

/* first: nothing stands before it that a mark could belong to. */
static int is_printable(utf8proc_int32_t code, int first)
{
    switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return 0;
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_MN:
        return !first;
    default:
        return 1;
    }
}

int anshin_unicode_printable(const char *text)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;

    while (*at != '\0') {
        utf8proc_int32_t code;
        utf8proc_ssize_t used = utf8proc_iterate(at, -1, &code);

        if (used <= 0 || !is_printable(code, at == (const utf8proc_uint8_t *)text)) {
            return 0;
        }
        at += used;
    }
    return 1;
}

apr_size_t anshin_unicode_cut(const char *text, apr_size_t max)
{
    apr_size_t length = strlen(text);

    if (length <= max) {
        return length;
    }
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80) {
        max--;
    }
    return max;
}

apr_size_t anshin_unicode_length(const char *text)
{
    apr_size_t count = 0;

    for (; *text; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return count;
}

static char *map(const char *text, utf8proc_option_t options, apr_pool_t *pool)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t length;
    char *result;

    if (!anshin_unicode_clean(text)) {
        return NULL;
    }
    length = utf8proc_map((const utf8proc_uint8_t *)text, 0, &mapped,
                          UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE | options);
    if (length < 0) {
        return NULL;
    }
    result = apr_pstrmemdup(pool, (const char *)mapped, (apr_size_t)length);
    explicit_bzero(mapped, (size_t)length); /* it may be an answer or a code */
    free(mapped);
    return result;
}

char *anshin_unicode_nfkc(const char *text, int fold, apr_pool_t *pool)
{
    return map(text, UTF8PROC_COMPAT | (fold ? UTF8PROC_CASEFOLD : 0), pool);
}

char *anshin_unicode_nfc(const char *text, apr_pool_t *pool)
{
    return map(text, 0, pool);
}

/* --- what is typed --- */

#define LONG_VOWEL 0x30fc

static int is_hyphen(utf8proc_int32_t code)
{
    return (code >= 0x2010 && code <= 0x2015) || code == 0x2043 || code == 0x2212 || code == 0x2500;
}

static int is_space(utf8proc_int32_t code)
{
    utf8proc_category_t category = utf8proc_category(code);

    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

static int is_japanese(utf8proc_int32_t code)
{
    return (code >= 0x3040 && code <= 0x30ff) || (code >= 0x31f0 && code <= 0x31ff) ||
           (code >= 0x3400 && code <= 0x9fff) || (code >= 0x20000 && code <= 0x3ffff);
}

/* In place: what is written instead is shorter. */
static void unify(char *text)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
    utf8proc_int32_t code, before = 0;
    char *to = text;

    while (*at != '\0') {
        utf8proc_ssize_t used = utf8proc_iterate(at, -1, &code);

        if (is_hyphen(code) || (code == LONG_VOWEL && !is_japanese(before))) {
            code = '-';
        } else if (is_space(code)) {
            code = ' ';
        }
        before = code;
        to += utf8proc_encode_char(code, (utf8proc_uint8_t *)to);
        at += used;
    }
    *to = '\0';
}

char *anshin_unicode_typed(const char *text, int fold, apr_pool_t *pool)
{
    char *plain = apr_pstrdup(pool, text);
    char *result;

    for (char *at = plain; *at != '\0'; at++) {
        *at = *at == '\t' || *at == '\r' || *at == '\n' ? ' ' : *at;
    }
    result = map(plain, UTF8PROC_COMPAT | UTF8PROC_IGNORE | (fold ? UTF8PROC_CASEFOLD : 0), pool);
    explicit_bzero(plain, strlen(plain));
    if (result != NULL) {
        unify(result);
    }
    return result;
}

int anshin_unicode_japanese(const char *text)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
    utf8proc_int32_t code;
    utf8proc_ssize_t used;

    while (*at != '\0' && (used = utf8proc_iterate(at, -1, &code)) > 0) {
        if (is_japanese(code)) {
            return 1;
        }
        at += used;
    }
    return 0;
}
