/*
 * Answers put together: members of objects, and rows in order.
 */
#include "htanshin/result.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "htanshin/print.h"

struct anshin_rows_t {
    apr_pool_t *pool;
    apr_pool_t *texts;        /* of the rows that are kept */
    apr_pool_t *scratch;      /* of the row at hand */
    apr_array_header_t *rows; /* of row_t */
    int descending;
    int limit;         /* 0: all */
    const char *after; /* NULL: any */
    const char *last;  /* what comes after it is not among the first limit; NULL: not known yet */
    int taken;         /* -1: not in order yet */
};

typedef struct row_t {
    const char *place;
    const char *text; /* as JSON: a fifth of what the value takes */
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

anshin_rows_t *anshin_rows_create(apr_pool_t *pool, int descending, int limit, const char *after)
{
    anshin_rows_t *rows = apr_pcalloc(pool, sizeof(*rows));

    rows->pool = pool;
    apr_pool_create(&rows->texts, pool);
    apr_pool_create(&rows->scratch, pool);
    rows->rows = apr_array_make(pool, 64, sizeof(row_t));
    rows->descending = descending;
    rows->limit = limit;
    rows->after = after;
    rows->taken = -1;
    return rows;
}

int anshin_rows_limit(const anshin_rows_t *rows)
{
    return rows->limit;
}

apr_pool_t *anshin_rows_scratch(const anshin_rows_t *rows)
{
    return rows->scratch;
}

/* Does the first place come after the second? */
static int comes_after(const anshin_rows_t *rows, const char *first, const char *second)
{
    int difference = strcmp(first, second);

    return rows->descending ? difference < 0 : difference > 0;
}

const char *anshin_rows_place(const anshin_rows_t *rows, apr_time_t at, const char *key)
{
    const char *place;

    apr_pool_clear(rows->scratch);
    place = apr_psprintf(rows->scratch, "%020" APR_INT64_T_FMT "%s", at, key);
    if ((rows->after != NULL && !comes_after(rows, place, rows->after)) ||
        (rows->last != NULL && comes_after(rows, place, rows->last))) {
        return NULL;
    }
    return place;
}

static int ascending(const void *a, const void *b)
{
    return strcmp(((const row_t *)a)->place, ((const row_t *)b)->place);
}

static int descending(const void *a, const void *b)
{
    return ascending(b, a);
}

static void sort(const anshin_rows_t *rows)
{
    if (rows->rows->nelts > 0) {
        qsort(rows->rows->elts, (size_t)rows->rows->nelts, sizeof(row_t), rows->descending ? descending : ascending);
    }
}

/* Leave the first of them, and the memory of the others. */
static void cut(anshin_rows_t *rows)
{
    apr_pool_t *texts;

    sort(rows);
    if (rows->limit == 0 || rows->rows->nelts <= rows->limit) {
        return;
    }
    rows->rows->nelts = rows->limit;
    apr_pool_create(&texts, rows->pool);
    for (int i = 0; i < rows->limit; i++) {
        row_t *row = &APR_ARRAY_IDX(rows->rows, i, row_t);
        row->place = apr_pstrdup(texts, row->place);
        row->text = apr_pstrdup(texts, row->text);
        rows->last = row->place;
    }
    apr_pool_destroy(rows->texts);
    rows->texts = texts;
}

apr_status_t anshin_rows_add(anshin_rows_t *rows, const char *place, json_t *row)
{
    char *text = json_dumps(row, JSON_COMPACT | JSON_ENCODE_ANY);
    row_t *added;

    json_decref(row);
    if (text == NULL) {
        return ANSHIN_EFAULT;
    }
    added = apr_array_push(rows->rows);
    added->place = apr_pstrdup(rows->texts, place);
    added->text = apr_pstrdup(rows->texts, text);
    free(text);
    if (rows->limit > 0 && rows->rows->nelts >= 2 * rows->limit) {
        cut(rows);
    }
    return APR_SUCCESS;
}

json_t *anshin_rows_take(anshin_rows_t *rows, int count, const char **last)
{
    json_t *array = json_array();

    if (rows->taken < 0) {
        cut(rows);
        rows->taken = 0;
    }
    for (; count > 0 && rows->taken < rows->rows->nelts; count--, rows->taken++) {
        const row_t *row = &APR_ARRAY_IDX(rows->rows, rows->taken, row_t);
        if (json_array_append_new(array, json_loads(row->text, JSON_DECODE_ANY, NULL)) != 0) {
            json_decref(array);
            return NULL;
        }
        *last = row->place;
    }
    return array;
}
