/*
 * User IDs: see user_id.h.
 */
#include "core/base/user_id.h"

#include <ctype.h>
#include <string.h>

#include "core/base/unicode.h"

const char *anshin_user_canonical(const char *typed, apr_pool_t *pool)
{
    char *text = anshin_unicode_typed(typed, 0, pool);
    size_t length;

    if (!text) {
        return NULL;
    }
    text = anshin_unicode_trim(text);
    length = strlen(text);
    if (length == 0 || length > ANSHIN_USER_MAX) {
        return NULL;
    }
    for (char *at = text; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c >= 0x80 || !(isalnum(c) || (at != text && strchr("._-+@", c)))) {
            return NULL;
        }
        *at = (char)tolower(c);
    }
    return text;
}
