/*
 * What a verb has made of the store, as a text that is the same for two users who began alike: each record that came,
 * went or changed, with what its numbers grew by, its times as they lie about now, and of its texts whether they came,
 * went or changed. Names, keys and whatever else is drawn anew each time do not stand in it.
 */
#ifndef ANSHIN_UNIT_STORE_DIFF_H
#define ANSHIN_UNIT_STORE_DIFF_H

#include <stdlib.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "store/store_mem.h"
#include "unit/fixture.h"

/* Every record, by "NUMBER KEY"; the values as they are stored. */
typedef struct diff_records_t {
    apr_hash_t *values;
    const anshin_record_type_t *type; /* that is being read */
    int blobs;
    apr_pool_t *pool;
} diff_records_t;

static inline apr_status_t diff_read_one(void *baton, const char *key, const void *value, apr_size_t length)
{
    diff_records_t *all = baton;
    anshin_bytes_t *bytes = apr_palloc(all->pool, sizeof(*bytes));

    *bytes = (anshin_bytes_t){apr_pmemdup(all->pool, value, length), length};
    apr_hash_set(all->values, apr_psprintf(all->pool, "%d %s", all->type->number, key), APR_HASH_KEY_STRING, bytes);
    return APR_SUCCESS;
}

/* self: of the memory store. */
static inline diff_records_t diff_read(fixture_t *fixture, void *self, apr_pool_t *pool)
{
    diff_records_t all = {apr_hash_make(pool), NULL, fixture_blobs(fixture), pool};
    anshin_error_t err;
    void *txn;

    if (anshin_store_mem.begin(&txn, self, ANSHIN_TXN_READ, &err, pool) == APR_SUCCESS) {
        for (int i = 0; anshin_record_types[i] != NULL; i++) {
            all.type = anshin_record_types[i];
            (void)anshin_store_mem.each(txn, all.type, "", diff_read_one, &all);
        }
        anshin_store_mem.abort(txn);
    }
    return all;
}

static inline const char *diff_of_text(const anshin_field_t *field, const char *was, const char *is, apr_pool_t *pool)
{
    if (was == is || (was && is && strcmp(was, is) == 0)) {
        return "";
    }
    if (is && strcmp(field->name, "kind") == 0) {
        return apr_psprintf(pool, " kind=%s", is); /* of a mail */
    }
    return apr_psprintf(pool, " %s:%s", field->name, !was ? "set" : is ? "changed" : "cleared");
}

static inline const char *diff_of_number(const anshin_field_t *field, apr_int64_t was, apr_int64_t is, apr_time_t now,
                                         apr_pool_t *pool)
{
    if (was == is) {
        return "";
    }
    if (field->kind == ANSHIN_FIELD_TIME) {
        return is == 0 ? apr_psprintf(pool, " %s:never", field->name)
                       : apr_psprintf(pool, " %s:now%+" APR_INT64_T_FMT, field->name, (is - now) / APR_USEC_PER_SEC);
    }
    return apr_psprintf(pool, " %s%+" APR_INT64_T_FMT, field->name, is - was);
}

/* What one member was and is; the structures are zeroed where there is no record. */
static inline const char *diff_of_field(const anshin_field_t *field, const char *was, const char *is, apr_time_t now,
                                        apr_pool_t *pool)
{
    const void *from = was + field->offset, *to = is + field->offset;

    switch (field->kind) {
    case ANSHIN_FIELD_TEXT:
        return diff_of_text(field, *(const char *const *)from, *(const char *const *)to, pool);
    case ANSHIN_FIELD_INT:
    case ANSHIN_FIELD_TIME:
        return diff_of_number(field, *(const apr_int64_t *)from, *(const apr_int64_t *)to, now, pool);
    case ANSHIN_FIELD_TEXTS:
    case ANSHIN_FIELD_INTS:
        break;
    }
    const apr_array_header_t *before = *(apr_array_header_t *const *)from, *after = *(apr_array_header_t *const *)to;
    return diff_of_number(field, before ? before->nelts : 0, after ? after->nelts : 0, now, pool);
}

/* The index of what is due (modules/store/due.h): an entry alone tells of a verb, the rest is about who else is there. Its
 * key ends in =TIME/NUMBER, of jobs in seconds, of others in minutes. NULL: no entry. */
static inline const char *diff_of_due(const char *key, const anshin_due_t *entry, int is_new, apr_time_t now,
                                      apr_pool_t *pool)
{
    const char *time = strrchr(key, '=');
    const anshin_record_type_t *type = anshin_record_type(entry->type);

    if (!time || !entry->key || !type) {
        return NULL;
    }
    return apr_psprintf(pool, "%s due %s at now%+" APR_INT64_T_FMT, is_new ? "new" : "no more", type->name,
                        (apr_int64_t)(strtoull(time + 1, NULL, 16) * (type->due == ANSHIN_DUE_QUEUE ? 1 : 60)) -
                            apr_time_sec(now));
}

static inline const char *diff_of_record(const char *key, const anshin_bytes_t *was, const anshin_bytes_t *is,
                                         apr_time_t now, apr_pool_t *pool)
{
    const anshin_record_type_t *type = anshin_record_type((int)strtol(key, NULL, 10));
    const char *text;
    char *before, *after;

    if (type == NULL) {
        return "a record of no type";
    }
    before = apr_pcalloc(pool, type->size);
    after = apr_pcalloc(pool, type->size);
    if ((was && anshin_record_decode(before, type, was->data, was->length, pool) != APR_SUCCESS) ||
        (is && anshin_record_decode(after, type, is->data, is->length, pool) != APR_SUCCESS)) {
        return apr_pstrcat(pool, "a damaged ", type->name, NULL);
    }
    if (type == &anshin_record_due) {
        return was && is ? NULL
                         : diff_of_due(key, (const anshin_due_t *)(void *)(is ? after : before), is != NULL, now, pool);
    }
    if (type == &anshin_record_address_index) {
        text = type->name; /* whether it is new, or goes, depends on who else has the address */
    } else {
        text = apr_pstrcat(pool, !was ? "new " : !is ? "no more " : "", type->name, NULL);
    }
    for (apr_size_t i = 0; i < type->field_count; i++) {
        text = apr_pstrcat(pool, text, diff_of_field(&type->fields[i], before, after, now, pool), NULL);
    }
    return text;
}

static inline int diff_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static inline const char *diff_between(const diff_records_t *before, const diff_records_t *after, apr_time_t now,
                                       apr_pool_t *pool)
{
    apr_hash_t *every = apr_hash_overlay(pool, after->values, before->values);
    apr_array_header_t *lines = apr_array_make(pool, 16, sizeof(const char *));

    for (apr_hash_index_t *at = apr_hash_first(pool, every); at; at = apr_hash_next(at)) {
        const char *key = apr_hash_this_key(at);
        const anshin_bytes_t *was = apr_hash_get(before->values, key, APR_HASH_KEY_STRING);
        const anshin_bytes_t *is = apr_hash_get(after->values, key, APR_HASH_KEY_STRING);

        if (!was || !is || was->length != is->length || memcmp(was->data, is->data, is->length) != 0) {
            const char *line = diff_of_record(key, was, is, now, pool);

            if (line) {
                APR_ARRAY_PUSH(lines, const char *) = line;
            }
        }
    }
    qsort(lines->elts, (size_t)lines->nelts, sizeof(const char *), diff_order);
    APR_ARRAY_PUSH(lines, const char *) = apr_psprintf(pool, "blobs%+d", after->blobs - before->blobs);
    return apr_array_pstrcat(pool, lines, ';');
}

#endif
