/*
 * A cell of a list as CSV: see csv_cell.h.
 */
#include "core/base/csv_cell.h"

#include <string.h>

static int is_formula(const char *text)
{
    static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        if (strncmp(text, wide[i], strlen(wide[i])) == 0) {
            return 1;
        }
    }
    return *text != '\0' && strchr("=+-@\t\r\n", *text) != NULL;
}

/* What had an apostrophe before gets another one, so that it can be taken back. */
static int is_escaped(const char *text)
{
    return is_formula(text + strspn(text, "'"));
}

const char *anshin_csv_text(const char *cell)
{
    return *cell == '\'' && is_escaped(cell) ? cell + 1 : cell;
}

const char *anshin_csv_cell(const char *text, apr_pool_t *pool)
{
    const int quoted = strpbrk(text, ",\"\r\n") != NULL;
    char *cell = apr_palloc(pool, 2 * strlen(text) + 4);
    char *to = cell;

    if (quoted) {
        *to++ = '"';
    }
    if (is_escaped(text)) {
        *to++ = '\'';
    }
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            *to++ = '"';
        }
        *to++ = *text;
    }
    if (quoted) {
        *to++ = '"';
    }
    *to = '\0';
    return cell;
}
