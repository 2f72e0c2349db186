/*
 * Unicode normalisation: a thin layer over utf8proc that brings results into pools.
 *
 * SECURITY: faces what strangers type. utf8proc refuses malformed sequences, surrogates and overlong forms.
 */
#include "core/unicode.h"

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

apr_size_t anshin_unicode_length(const char *text)
{
    apr_size_t count = 0;

    for (; *text; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return count;
}

char *anshin_unicode_nfkc(const char *text, int fold, apr_pool_t *pool)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t length;
    char *result;

    if (!anshin_unicode_clean(text)) {
        return NULL;
    }
    length = utf8proc_map((const utf8proc_uint8_t *)text, 0, &mapped,
                          UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                              (fold ? UTF8PROC_CASEFOLD : 0));
    if (length < 0) {
        return NULL;
    }
    result = apr_pstrmemdup(pool, (const char *)mapped, (apr_size_t)length);
    explicit_bzero(mapped, (size_t)length); /* it may be an answer or a code */
    free(mapped);
    return result;
}
