/*
 * How the help desk is reached: see contact.h.
 */
#include "core/web/contact.h"

#include <string.h>

#include <apr_escape.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "core/base/address.h"

#define DIGITS_MIN 9
#define DIGITS_MAX 15 /* ITU-T E.164 */

/* A part that can be opened: the length of its text, 0 when there is none. */
typedef apr_size_t recognise_fn(const char *text, const char **url, apr_pool_t *pool);

static apr_size_t recognise_page(const char *text, const char **url, apr_pool_t *pool)
{
    apr_size_t length = 0;

    if (strncmp(text, "https://", 8) != 0) {
        return 0;
    }
    while (text[length] > ' ' && text[length] < 0x7f && strchr("<>\"", text[length]) == NULL) {
        length++;
    }
    while (strchr(".,;:!?)", text[length - 1]) != NULL) {
        length--;
    }
    *url = apr_pstrmemdup(pool, text, length);
    return length > 8 ? length : 0;
}

static apr_size_t recognise_mail(const char *text, const char **url, apr_pool_t *pool)
{
    apr_size_t length = 0;
    const char *address;

    while (text[length] > ' ' && text[length] < 0x7f && strchr("<>\"(),:;", text[length]) == NULL) {
        length++;
    }
    while (length > 0 && strchr(".!?", text[length - 1]) != NULL) {
        length--;
    }
    address = apr_pstrmemdup(pool, text, length);
    if (!anshin_address_valid(address)) {
        return 0;
    }
    *url = apr_pstrcat(pool, "mailto:", apr_pescape_path_segment(pool, address), NULL);
    return length;
}

static apr_size_t recognise_number(const char *text, const char **url, apr_pool_t *pool)
{
    char *number = apr_palloc(pool, DIGITS_MAX + 2);
    apr_size_t digits = 0;
    apr_size_t length = 0;
    apr_size_t end = 0;

    if (text[0] == '+') {
        number[digits++] = text[length++];
    } else if (text[strspn(text, "(")] != '0') {
        return 0;
    }
    for (; text[length] != '\0' && strchr("0123456789-() ", text[length]) != NULL; length++) {
        if (apr_isdigit(text[length])) {
            if (digits > DIGITS_MAX) {
                return 0;
            }
            number[digits++] = text[length];
            end = length + 1;
        } else if (text[length] == ' ' && text[length + 1] == ' ') {
            break;
        }
    }
    number[digits] = '\0';
    *url = apr_pstrcat(pool, "tel:", number, NULL);
    return digits >= DIGITS_MIN && !apr_isalnum(text[end]) && text[end] != ':' ? end : 0;
}

/* A part begins where no word does, and "9:00-17:00" has no number in it. */
static apr_size_t recognise(const char *text, const char *at, const char **url, apr_pool_t *pool)
{
    static recognise_fn *const all[] = {recognise_page, recognise_mail, recognise_number};
    apr_size_t length = 0;

    if (at > text && (apr_isalnum(at[-1]) || strchr(".:/@-_+", at[-1]) != NULL)) {
        return 0;
    }
    for (apr_size_t i = 0; i < sizeof(all) / sizeof(all[0]) && length == 0; i++) {
        length = all[i](at, url, pool);
    }
    return length;
}

static void push(apr_array_header_t *parts, const char *from, const char *to, const char *url)
{
    if (to > from) {
        APR_ARRAY_PUSH(parts, anshin_contact_part_t) =
            (anshin_contact_part_t){apr_pstrmemdup(parts->pool, from, (apr_size_t)(to - from)), url};
    }
}

apr_array_header_t *anshin_contact_parts(const char *text, apr_pool_t *pool)
{
    apr_array_header_t *parts = apr_array_make(pool, 3, sizeof(anshin_contact_part_t));
    const char *plain = text;
    const char *at = text;

    while (*at != '\0') {
        const char *url = NULL;
        apr_size_t length = recognise(text, at, &url, pool);

        if (length > 0) {
            push(parts, plain, at, NULL);
            push(parts, at, at + length, url);
            plain = at + length;
        }
        at += length > 0 ? length : 1;
    }
    push(parts, plain, at, NULL);
    return parts;
}
