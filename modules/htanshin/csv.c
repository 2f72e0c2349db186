/*
 * Lists as CSV: see csv.h.
 *
 * SECURITY. What users typed goes into the spreadsheets of operators. Excel and its kin compute a cell that begins with
 * one of = + - @, in their wide forms as well, whether it stands in quotes or not (OWASP, CSV injection).
 */
#include "htanshin/csv.h"

#include <string.h>

#include <apr_strings.h>

#include "htanshin/print.h"

static int is_formula(const char *text)
{
    static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        if (strncmp(text, wide[i], strlen(wide[i])) == 0) {
            return 1;
        }
    }
    return *text != '\0' && strchr("=+-@", *text) != NULL;
}

static void put_text(FILE *out, const char *text)
{
    int quoted = strpbrk(text, ",\"\r\n") != NULL;

    if (quoted) {
        fputc('"', out);
    }
    if (is_formula(text)) {
        fputc('\'', out);
    }
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            fputc('"', out);
        }
        fputc(*text, out);
    }
    if (quoted) {
        fputc('"', out);
    }
}

static void put_cell(FILE *out, const json_t *value, apr_pool_t *pool)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        put_text(out, anshin_text_clean(json_string_value(value), pool));
        break;
    case JSON_INTEGER:
        fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        fputs(json_is_true(value) ? "yes" : "no", out);
        break;
    default: /* nothing that is not there, and lists have no rows of other kinds */
        break;
    }
}

/* names: of the columns, in place of the values. */
static void put_row(FILE *out, const json_t *row, int names, apr_pool_t *pool)
{
    const char *between = "";
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(apr_uintptr_t)row, key, value)
    {
        fputs(between, out);
        if (names) {
            put_text(out, key);
        } else {
            put_cell(out, value, pool);
        }
        between = ",";
    }
    fputs("\r\n", out);
}

int anshin_csv_rows(FILE *out, const json_t *rows, int head, apr_pool_t *pool)
{
    const json_t *row;
    size_t index;

    if (head && json_array_size(rows) > 0) {
        put_row(out, json_array_get(rows, 0), 1, pool);
    }
    json_array_foreach((json_t *)(apr_uintptr_t)rows, index, row)
    {
        put_row(out, row, 0, pool);
    }
    return ferror(out) ? -1 : 0;
}
