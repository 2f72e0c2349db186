/*
 * Lists as CSV: see csv.h.
 */
#include "htanshin/csv.h"

#include "core/base/csv_cell.h"
#include "htanshin/print.h"

static void put_cell(FILE *out, const json_t *value, apr_pool_t *pool)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        fputs(anshin_csv_cell(anshin_text_clean(json_string_value(value), pool), pool), out);
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
            fputs(anshin_csv_cell(key, pool), out);
        } else {
            put_cell(out, value, pool);
        }
        between = ",";
    }
    fputs("\r\n", out);
}

int anshin_csv_names(FILE *out, const char *const *names, int count, apr_pool_t *pool)
{
    for (int i = 0; i < count; i++) {
        fputs(i > 0 ? "," : "", out);
        fputs(anshin_csv_cell(names[i], pool), out);
    }
    fputs("\r\n", out);
    return ferror(out) ? -1 : 0;
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
