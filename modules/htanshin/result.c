/*
 * Answers put together: members of objects, and rows in order.
 */
#include "htanshin/print.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

struct anshin_rows_t {
    apr_pool_t *pool;
    apr_array_header_t *rows; /* of row_t */
    int limit;                /* 0: all */
    const char *after;        /* NULL: any */
    const char *last;         /* what comes after it is not among the first limit; NULL: not known yet */
};

typedef struct row_t {
    const char *key;
    json_t *row;
} row_t;

void anshin_result_text(json_t *object, const char *key, const char *text, apr_pool_t *pool)
{
    json_t *value = text != NULL ? json_string(text) : json_null();

    json_object_set_new(object, key, value != NULL ? value : json_string(anshin_text_clean(text, pool)));
}

void anshin_result_time(json_t *object, const char *key, apr_time_t time, apr_pool_t *pool)
{
    apr_time_exp_t local;
    int minutes;

    if (time == 0) {
        json_object_set_new(object, key, json_null());
        return;
    }
    apr_time_exp_lt(&local, time);
    minutes = abs(local.tm_gmtoff) / 60;
    json_object_set_new(
        object, key,
        json_string(apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", local.tm_year + 1900,
                                 local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec,
                                 local.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60)));
}

void anshin_result_number(json_t *object, const char *key, apr_int64_t number)
{
    json_object_set_new(object, key, json_integer(number));
}

void anshin_result_flag(json_t *object, const char *key, int flag)
{
    json_object_set_new(object, key, json_boolean(flag));
}

anshin_rows_t *anshin_rows_create(apr_pool_t *pool)
{
    anshin_rows_t *rows = apr_pcalloc(pool, sizeof(*rows));

    rows->pool = pool;
    rows->rows = apr_array_make(pool, 64, sizeof(row_t));
    return rows;
}

void anshin_rows_bound(anshin_rows_t *rows, int limit, const char *after)
{
    rows->limit = limit;
    rows->after = after;
}

int anshin_rows_wants(const anshin_rows_t *rows, const char *key)
{
    return (rows->after == NULL || strcmp(key, rows->after) > 0) && (rows->last == NULL || strcmp(key, rows->last) < 0);
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const row_t *)a)->key, ((const row_t *)b)->key);
}

/* Leave the first of them. */
static void cut(anshin_rows_t *rows)
{
    qsort(rows->rows->elts, (size_t)rows->rows->nelts, sizeof(row_t), compare);
    while (rows->rows->nelts > rows->limit) {
        json_decref(((row_t *)apr_array_pop(rows->rows))->row);
    }
    rows->last = APR_ARRAY_IDX(rows->rows, rows->limit - 1, row_t).key;
}

void anshin_rows_add(anshin_rows_t *rows, const char *key, json_t *row)
{
    row_t *added = apr_array_push(rows->rows);

    added->key = apr_pstrdup(rows->pool, key);
    added->row = row;
    if (rows->limit > 0 && rows->rows->nelts >= 2 * rows->limit) {
        cut(rows);
    }
}

void anshin_rows_add_at(anshin_rows_t *rows, apr_time_t at, const char *key, json_t *row)
{
    anshin_rows_add(rows, apr_psprintf(rows->pool, "%020" APR_INT64_T_FMT "%s", at, key), row);
}

json_t *anshin_rows_take(anshin_rows_t *rows, int descending, int limit)
{
    int count = rows->rows->nelts;
    json_t *array = json_array();

    if (count > 0) {
        qsort(rows->rows->elts, (size_t)count, sizeof(row_t), compare);
    }
    for (int i = 0; i < count; i++) {
        json_t *row = APR_ARRAY_IDX(rows->rows, descending ? count - 1 - i : i, row_t).row;
        if (limit == 0 || i < limit) {
            json_array_append_new(array, row);
        } else {
            json_decref(row);
        }
    }
    apr_array_clear(rows->rows);
    return array;
}
