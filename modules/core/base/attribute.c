/*
 * Attributes of users, as text: see attribute.h.
 *
 * SECURITY: an operator, or a list that somebody sent, has them; pages, mails, certificates, logs and what lies behind
 * httpd show them. What passes here has one line and cannot hide; each output escapes it all the same. A group decides
 * who enters, so that its name has one form only.
 */
#include "core/base/attribute.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/unicode.h"

const char *anshin_attribute_typed(const char *typed, apr_pool_t *pool)
{
    char *text = anshin_unicode_nfc(typed, pool);

    return text != NULL ? anshin_unicode_trim(text) : NULL;
}

const char *anshin_attribute_advice(const char *normal, int most, apr_pool_t *pool)
{
    if (normal == NULL || !anshin_unicode_printable(normal)) {
        return "it has a character that cannot be seen; leave it out";
    }
    return anshin_unicode_length(normal) > (apr_size_t)most
               ? apr_psprintf(pool, "it is longer than %d characters; shorten it", most)
               : NULL;
}

const char *anshin_group_canonical(const char *typed, apr_pool_t *pool)
{
    char *text = anshin_unicode_typed(typed, 0, pool);
    size_t length;

    if (text == NULL) {
        return NULL;
    }
    text = anshin_unicode_trim(text);
    length = strlen(text);
    if (length == 0 || length > ANSHIN_GROUP_MAX) {
        return NULL;
    }
    for (char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;

        if (c >= 0x80 || !(isalnum(c) || (at != text && strchr("._-", c) != NULL))) {
            return NULL;
        }
        *at = (char)tolower(c);
    }
    return text;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of names in order, each once; in place. */
static void leave_once(apr_array_header_t *names)
{
    int kept = 0;

    for (int i = 0; i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        if (kept == 0 || strcmp(APR_ARRAY_IDX(names, kept - 1, const char *), name) != 0) {
            APR_ARRAY_IDX(names, kept++, const char *) = name;
        }
    }
    names->nelts = kept;
}

apr_array_header_t *anshin_groups_typed(const char *typed, const char **wrong, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, 4, sizeof(const char *));
    const char *text = typed;

    *wrong = NULL;
    while (text[strspn(text, " ")] != '\0') {
        size_t length = strcspn(text, ",");
        const char *name = anshin_group_canonical(apr_pstrmemdup(pool, text, length), pool);

        if (name == NULL) {
            *wrong = apr_pstrmemdup(pool, text, length);
            return NULL;
        }
        APR_ARRAY_PUSH(names, const char *) = name;
        text += length + (text[length] == ',');
    }
    qsort(names->elts, (size_t)names->nelts, sizeof(const char *), by_name);
    leave_once(names);
    return names->nelts <= ANSHIN_GROUPS_MAX ? names : NULL;
}

int anshin_groups_have(const char *groups, const char *name)
{
    const size_t length = strlen(name);

    while (groups != NULL && *groups != '\0') {
        const size_t one = strcspn(groups, ",");

        if (one == length && memcmp(groups, name, length) == 0) {
            return 1;
        }
        groups += one + (groups[one] == ',');
    }
    return 0;
}
