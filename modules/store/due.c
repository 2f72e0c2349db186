/*
 * The index of time: see due.h.
 */
#include "store/due.h"

#include <string.h>

#include <apr_strings.h>

#include "core/store/store.h"

#define SPAN 512 /* times of a span: some 9 minutes of seconds, 9 hours of minutes */

typedef struct index_t {
    anshin_txn_t *txn;
    apr_pool_t *pool;
    const char *root;
    apr_time_t step;
    int is_queue;
} index_t;

static index_t open_index(anshin_txn_t *txn, const anshin_record_type_t *type, const char *lane)
{
    int is_queue = type->due == ANSHIN_DUE_QUEUE;
    apr_pool_t *pool = anshin_txn_pool(txn);

    return (index_t){.txn = txn,
                     .pool = pool,
                     .root = is_queue ? apr_pstrcat(pool, type->name, "/", lane, NULL) : type->name,
                     .step = apr_time_from_sec(is_queue ? 1 : 60),
                     .is_queue = is_queue};
}

/* Of a key LANE/REST. */
static const char *lane_of(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key)
{
    return type->due == ANSHIN_DUE_QUEUE ? apr_pstrmemdup(anshin_txn_pool(txn), key, strcspn(key, "/")) : NULL;
}

static const char *key_of(const index_t *index, char mark, apr_int64_t number)
{
    return apr_psprintf(index->pool, "%s%c%" APR_UINT64_T_HEX_FMT, index->root, mark, (apr_uint64_t)number);
}

static const char *entry_key(const index_t *index, apr_int64_t time, apr_int64_t number)
{
    return apr_psprintf(index->pool, "%s/%" APR_UINT64_T_HEX_FMT, key_of(index, '=', time), (apr_uint64_t)number);
}

/* A record that is not there is empty. */
static apr_status_t get(anshin_txn_t *txn, const char *key, anshin_due_t *record)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_due, key, record);

    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

static apr_status_t put(anshin_txn_t *txn, const char *key, const anshin_due_t *record)
{
    return anshin_txn_put(txn, &anshin_record_due, key, record);
}

static apr_status_t erase(anshin_txn_t *txn, const char *key)
{
    return anshin_txn_delete(txn, &anshin_record_due, key);
}

/* --- which times have entries ----------------------------------------------------------------------------------- */

static apr_int64_t part_at(const anshin_due_t *record, int at)
{
    return APR_ARRAY_IDX(record->parts, at, apr_int64_t);
}

static int count_of(const anshin_due_t *record)
{
    return record->parts != NULL ? record->parts->nelts : 0;
}

/* *empty: nothing was in it before, or is in it after a part went. */
static apr_status_t change_parts(const index_t *index, const char *key, apr_int64_t part, int is_there, int *empty)
{
    anshin_due_t record;
    apr_status_t status = get(index->txn, key, &record);
    int at = 0;
    int was_there;

    if (status != APR_SUCCESS) {
        return status;
    }
    *empty = count_of(&record) == 0;
    while (at < count_of(&record) && part_at(&record, at) < part) {
        at++;
    }
    was_there = at < count_of(&record) && part_at(&record, at) == part;
    if (was_there == is_there) {
        return APR_SUCCESS;
    }
    if (is_there) {
        record.parts = record.parts != NULL ? record.parts : apr_array_make(index->pool, 1, sizeof(apr_int64_t));
        APR_ARRAY_PUSH(record.parts, apr_int64_t) = part;
    }
    apr_int64_t *parts = (apr_int64_t *)(void *)record.parts->elts;
    int behind = record.parts->nelts - at - 1;

    if (is_there) {
        memmove(parts + at + 1, parts + at, (apr_size_t)behind * sizeof(*parts));
        parts[at] = part;
        return put(index->txn, key, &record);
    }
    memmove(parts + at, parts + at + 1, (apr_size_t)behind * sizeof(*parts));
    record.parts->nelts--;
    *empty = record.parts->nelts == 0;
    return *empty ? erase(index->txn, key) : put(index->txn, key, &record);
}

/* A time has its first entry, or has lost its last one. */
static apr_status_t mark(const index_t *index, apr_int64_t time, int is_there)
{
    int empty;
    apr_status_t status = change_parts(index, key_of(index, '@', time / SPAN), time, is_there, &empty);

    return status == APR_SUCCESS && empty ? change_parts(index, index->root, time / SPAN, is_there, &empty) : status;
}

/* --- entries ---------------------------------------------------------------------------------------------------- */

static apr_status_t drop_time(const index_t *index, apr_int64_t time)
{
    apr_status_t status = erase(index->txn, key_of(index, '=', time));

    return status == APR_SUCCESS ? mark(index, time, 0) : status;
}

/* *series: of the time, before. */
static apr_status_t drop_entry(const index_t *index, apr_int64_t time, apr_int64_t number, anshin_due_t *series)
{
    apr_status_t status = erase(index->txn, entry_key(index, time, number));

    series->count--;
    series->first += series->first == number;
    if (status != APR_SUCCESS) {
        return status;
    }
    return series->count <= 0 || series->first >= series->next ? drop_time(index, time)
                                                               : put(index->txn, key_of(index, '=', time), series);
}

static apr_status_t add_entry(const index_t *index, apr_int64_t time, const anshin_due_t *entry, apr_int64_t *number)
{
    const char *key = key_of(index, '=', time);
    anshin_due_t series;
    apr_status_t status = get(index->txn, key, &series);

    if (status == APR_SUCCESS) {
        status = put(index->txn, entry_key(index, time, series.next), entry);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    *number = series.next++;
    series.count++;
    status = put(index->txn, key, &series);
    return status == APR_SUCCESS && series.count == 1 ? mark(index, time, 1) : status;
}

/* --- of a queue: where an entry is, and how many there are ------------------------------------------------------- */

static const char *where_key(const index_t *index, const anshin_record_type_t *type, const char *key)
{
    return apr_pstrcat(index->pool, type->name, ":", key, NULL);
}

/* What stands before the last '/'; NULL: the lane alone. */
static const char *group_of(const index_t *index, const char *key)
{
    const char *last = strrchr(key, '/');

    return strchr(key, '/') != last ? apr_pstrmemdup(index->pool, key, (apr_size_t)(last - key)) : NULL;
}

static apr_status_t count(const index_t *index, const anshin_record_type_t *type, const char *key, int more)
{
    const char *group = group_of(index, key);
    anshin_due_t record;
    apr_status_t status;

    if (group == NULL) {
        return APR_SUCCESS;
    }
    group = apr_pstrcat(index->pool, type->name, "#", group, NULL);
    status = get(index->txn, group, &record);
    if (status != APR_SUCCESS) {
        return status;
    }
    record.count += more;
    return record.count > 0 ? put(index->txn, group, &record) : erase(index->txn, group);
}

/* Take a record out of its place; *was: it had one. */
static apr_status_t leave(const index_t *index, const anshin_record_type_t *type, const char *key, int *was)
{
    anshin_due_t place;
    anshin_due_t series;
    apr_status_t status = anshin_txn_get(index->txn, &anshin_record_due, where_key(index, type, key), &place);

    *was = status == APR_SUCCESS;
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    status = get(index->txn, key_of(index, '=', place.time), &series);
    return status == APR_SUCCESS ? drop_entry(index, place.time, place.number, &series) : status;
}

static apr_status_t file_once(const index_t *index, const anshin_record_type_t *type, const char *key, apr_int64_t time,
                              const anshin_due_t *entry)
{
    anshin_due_t place = {.time = time};
    const char *where = where_key(index, type, key);
    int was;
    apr_status_t status = leave(index, type, key, &was);

    if (status == APR_SUCCESS && entry != NULL) {
        status = add_entry(index, time, entry, &place.number);
    }
    if (status == APR_SUCCESS && (entry != NULL || was)) {
        status = entry != NULL ? put(index->txn, where, &place) : erase(index->txn, where);
    }
    return status == APR_SUCCESS && was != (entry != NULL) ? count(index, type, key, was ? -1 : 1) : status;
}

/* --- for the driver's table ------------------------------------------------------------------------------------- */

apr_status_t anshin_due_file(void *self, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                             apr_time_t when)
{
    index_t index = open_index(txn, type, lane_of(txn, type, key));
    anshin_due_t entry = {.type = type->number, .key = key};
    apr_int64_t time = (when + index.step - 1) / index.step;
    apr_int64_t number;

    (void)self;
    if (index.is_queue) {
        return file_once(&index, type, key, time, when > 0 ? &entry : NULL);
    }
    return when > 0 ? add_entry(&index, time, &entry, &number) : APR_SUCCESS;
}

/* The first time of all, -1: there is none; what names times that are not there is mended. */
static apr_status_t first_time(const index_t *index, apr_int64_t *time)
{
    anshin_due_t root;
    anshin_due_t span;
    int empty;
    apr_status_t status = get(index->txn, index->root, &root);

    *time = -1;
    while (status == APR_SUCCESS && *time < 0 && count_of(&root) > 0) {
        status = get(index->txn, key_of(index, '@', part_at(&root, 0)), &span);
        if (status == APR_SUCCESS && count_of(&span) > 0) {
            *time = part_at(&span, 0);
        } else if (status == APR_SUCCESS &&
                   (status = change_parts(index, index->root, part_at(&root, 0), 0, &empty)) == APR_SUCCESS) {
            status = get(index->txn, index->root, &root);
        }
    }
    return status;
}

/* The first entry of a time that is there; ANSHIN_ENOTFOUND: none is left. */
static apr_status_t first_entry(const index_t *index, apr_int64_t time, anshin_due_t *series, anshin_due_t *entry)
{
    apr_status_t status = get(index->txn, key_of(index, '=', time), series);

    if (status != APR_SUCCESS) {
        return status;
    }
    for (; series->first < series->next; series->first++) {
        status = anshin_txn_get(index->txn, &anshin_record_due, entry_key(index, time, series->first), entry);
        if (status != ANSHIN_ENOTFOUND) {
            return status;
        }
    }
    return ANSHIN_ENOTFOUND;
}

apr_status_t anshin_due_take(void *self, anshin_txn_t *txn, const anshin_due_queue_t *queue, apr_time_t now,
                             const char **key)
{
    index_t index = open_index(txn, queue->type, queue->lane);
    anshin_due_t series;
    anshin_due_t entry;
    apr_int64_t time;
    apr_status_t status;

    (void)self;
    while ((status = first_time(&index, &time)) == APR_SUCCESS && time >= 0 && time * index.step <= now) {
        status = first_entry(&index, time, &series, &entry);
        if (status == ANSHIN_ENOTFOUND) { /* somebody erased what names a person */
            status = drop_time(&index, time);
        } else if (status == APR_SUCCESS) {
            status = drop_entry(&index, time, series.first, &series);
            *key = entry.key;
        }
        if (status != APR_SUCCESS) {
            return status;
        }
        if (*key != NULL) {
            break;
        }
    }
    if (status != APR_SUCCESS || *key == NULL) {
        return status == APR_SUCCESS ? ANSHIN_ENOTFOUND : status;
    }
    if (!index.is_queue) {
        return APR_SUCCESS;
    }
    status = erase(txn, where_key(&index, queue->type, *key));
    return status == APR_SUCCESS ? count(&index, queue->type, *key, -1) : status;
}

static apr_status_t list_time(const index_t *index, apr_int64_t time, apr_array_header_t *entries, int limit)
{
    anshin_due_t series;
    anshin_due_t entry;
    apr_status_t status = get(index->txn, key_of(index, '=', time), &series);

    for (apr_int64_t number = series.first; status == APR_SUCCESS && entries->nelts < limit && number < series.next;
         number++) {
        status = anshin_txn_get(index->txn, &anshin_record_due, entry_key(index, time, number), &entry);
        if (status == APR_SUCCESS && entry.key != NULL) {
            APR_ARRAY_PUSH(entries, anshin_due_entry_t) = (anshin_due_entry_t){entry.key, time * index->step};
        }
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}

apr_status_t anshin_due_list(void *self, anshin_txn_t *txn, const anshin_due_queue_t *queue,
                             apr_array_header_t *entries, int limit)
{
    index_t index = open_index(txn, queue->type, queue->lane);
    anshin_due_t root;
    anshin_due_t span;
    apr_status_t status = get(txn, index.root, &root);

    (void)self;
    for (int i = 0; status == APR_SUCCESS && entries->nelts < limit && i < count_of(&root); i++) {
        status = get(txn, key_of(&index, '@', part_at(&root, i)), &span);
        for (int j = 0; status == APR_SUCCESS && entries->nelts < limit && j < count_of(&span); j++) {
            status = list_time(&index, part_at(&span, j), entries, limit);
        }
    }
    return status;
}

apr_status_t anshin_due_count(void *self, anshin_txn_t *txn, const anshin_record_type_t *type, const char *group,
                              int limit, apr_int64_t *all)
{
    anshin_due_t record;
    apr_status_t status = get(txn, apr_pstrcat(anshin_txn_pool(txn), type->name, "#", group, NULL), &record);

    (void)self;
    *all = record.count < limit ? record.count : limit;
    return status;
}

typedef struct each_t {
    const anshin_record_type_t *type;
    apr_time_t step;
    anshin_due_visit_fn *visit;
    void *baton;
} each_t;

/* Of keys INDEX=TIME/NUMBER. */
static apr_status_t visit_entry(void *baton, const char *key, const void *record)
{
    const each_t *each = baton;
    const anshin_due_t *entry = record;
    const char *time = strrchr(key, '=');
    const char *number = strrchr(key, '/');

    if (entry->key == NULL || entry->type != each->type->number || time == NULL || number == NULL || number < time) {
        return APR_SUCCESS;
    }
    return each->visit(each->baton, entry->key, apr_strtoi64(time + 1, NULL, 16) * each->step,
                       apr_strtoi64(number + 1, NULL, 16));
}

apr_status_t anshin_due_each(void *self, anshin_txn_t *txn, const anshin_record_type_t *type,
                             anshin_due_visit_fn *visit, void *baton)
{
    const index_t index = open_index(txn, type, "");
    each_t each = {type, index.step, visit, baton};

    (void)self;
    return anshin_txn_each(txn, &anshin_record_due,
                           index.is_queue ? index.root : apr_pstrcat(index.pool, index.root, "=", NULL), visit_entry,
                           &each);
}
