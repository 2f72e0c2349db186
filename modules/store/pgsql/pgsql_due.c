/*
 * What is due: columns of its table. See pgsql_due.h and core/store/store.h.
 */
#include "store/pgsql/pgsql_due.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "store/pgsql/pgsql_txn.h"

#define TRIED 16 /* of those that others have locked, passed over in one trip */

/* A record that is filed. */
typedef struct filed_t {
    const char *key;
    apr_time_t due;
    apr_int64_t filed;
    anshin_bytes_t value; /* data NULL: of the transaction's own */
} filed_t;

/* To the second, or to the minute, as every provider does: so the order of filing counts among those of one. */
static apr_time_t rounded(const anshin_record_type_t *type, apr_time_t when)
{
    const apr_time_t step = apr_time_from_sec(type->due == ANSHIN_DUE_QUEUE ? 1 : 60);

    return when == 0 ? 0 : (when + step - 1) / step * step;
}

apr_status_t anshin_pg_due_file(void *self, anshin_txn_t *front, const anshin_record_type_t *type, const char *key,
                                apr_time_t when)
{
    anshin_pg_txn_t *txn = self;
    anshin_pg_change_t *change;

    (void)front;
    /* A store that has no column keeps a record under this name: what one takes, all take (htanshin store move). */
    if (type->due == ANSHIN_DUE_QUEUE && strlen(type->name) + 1 + strlen(key) > ANSHIN_KEY_MAX) {
        return anshin_fail(txn->err, ANSHIN_EINVALID, "AN1768", "store: a key of a queue of %s is too long",
                           type->name);
    }
    change = anshin_pg_txn_change(txn, type, key);
    if (!change->erased) {
        change->filed = ++txn->filings;
        change->due = rounded(type, when);
    }
    return APR_SUCCESS;
}

static int by_time(const void *one, const void *other)
{
    const filed_t *first = one;
    const filed_t *second = other;

    return first->due != second->due ? (first->due > second->due) - (first->due < second->due)
                                     : (first->filed > second->filed) - (first->filed < second->filed);
}

static int in_lane(const char *key, const char *lane)
{
    apr_size_t length = lane != NULL ? strlen(lane) : 0;

    return lane == NULL || (strncmp(key, lane, length) == 0 && key[length] == '/');
}

/* Those that the transaction has filed itself come behind others of their time. */
static int add_own(const anshin_pg_txn_t *txn, const anshin_due_queue_t *queue, apr_array_header_t *all)
{
    int changed = 0;

    for (int i = 0; i < txn->order->nelts; i++) {
        const anshin_pg_change_t *change = APR_ARRAY_IDX(txn->order, i, anshin_pg_change_t *);

        if (change->type->number != queue->type->number || !in_lane(change->key, queue->lane)) {
            continue;
        }
        changed += change->filed || change->erased;
        if (change->filed && change->due != 0) {
            APR_ARRAY_PUSH(all, filed_t) =
                (filed_t){change->key, change->due, APR_INT64_MAX / 2 + change->filed, {NULL, 0}};
        }
    }
    return changed;
}

/* The first ones, at least limit of them where there are as many, in their order. */
static apr_status_t first_ones(anshin_pg_txn_t *txn, const anshin_due_queue_t *queue, int limit,
                               apr_array_header_t **out)
{
    apr_array_header_t *all = apr_array_make(txn->pool, limit + 4, sizeof(filed_t));
    const int changed = add_own(txn, queue, all);
    anshin_pg_step_t step = {anshin_pg_verb(txn->store->tables, queue->type, ANSHIN_PG_LIST),
                             1,
                             {anshin_pg_text(apr_psprintf(txn->pool, "%d", limit + changed))}};
    PGresult *rows;
    apr_status_t status;

    if (queue->lane != NULL) {
        step.values[step.count++] = anshin_pg_text(queue->lane);
    }
    status = anshin_pg_txn_run(txn, &step, 1, &rows);
    for (int i = 0; status == APR_SUCCESS && i < PQntuples(rows); i++) {
        const char *key = PQgetvalue(rows, i, 0);
        const anshin_pg_change_t *change = anshin_pg_txn_changed(txn, queue->type, key);

        if (change == NULL || (!change->filed && !change->erased)) {
            const apr_size_t length = (apr_size_t)PQgetlength(rows, i, 3);
            const anshin_bytes_t value = {apr_pmemdup(txn->pool, PQgetvalue(rows, i, 3), length + 1), length};

            APR_ARRAY_PUSH(all, filed_t) = (filed_t){apr_pstrdup(txn->pool, key), anshin_pg_number(rows, i, 1),
                                                     anshin_pg_number(rows, i, 2), value};
        }
    }
    PQclear(rows);
    if (all->nelts > 1) {
        qsort(all->elts, (size_t)all->nelts, sizeof(filed_t), by_time);
    }
    *out = all;
    return status;
}

/* 1: its owner is locked by now, and it is still due at that time. */
static int is_taken(anshin_pg_txn_t *txn, const anshin_record_type_t *type, const filed_t *one, apr_status_t *status)
{
    const anshin_pg_step_t steps[] = {
        {anshin_pg_common(ANSHIN_PG_TRY), 1, {{NULL, -1}}},
        {anshin_pg_verb(txn->store->tables, type, ANSHIN_PG_FILED), 1, {anshin_pg_text(one->key)}}};
    anshin_pg_step_t both[2];
    PGresult *results[2] = {NULL, NULL};
    anshin_owner_t owner;
    int taken = 0;

    memcpy(both, steps, sizeof(both));
    anshin_pg_owner_of(&owner, txn, type, one->key, &one->value);
    both[0].values[0] = anshin_pg_text(owner.name != NULL ? owner.name : one->key);
    *status = anshin_pg_txn_run(txn, both, 2, results);
    if (*status == APR_SUCCESS) {
        const int locked = *PQgetvalue(results[0], 0, 0) != 0;

        taken = locked && PQntuples(results[1]) == 1 && anshin_pg_number(results[1], 0, 0) == one->due &&
                anshin_pg_number(results[1], 0, 1) == one->filed;
        if (locked && owner.name != NULL) {
            apr_hash_set(txn->locked, owner.name, APR_HASH_KEY_STRING, "");
            txn->user |= taken && owner.rank == ANSHIN_RANK_USER;
        }
    }
    PQclear(results[0]);
    PQclear(results[1]);
    return taken;
}

apr_status_t anshin_pg_due_take(void *self, anshin_txn_t *front, const anshin_due_queue_t *queue, apr_time_t now,
                                const char **key)
{
    anshin_pg_txn_t *txn = self;
    apr_array_header_t *all;
    apr_status_t status = APR_SUCCESS;
    int tried = 0;

    (void)front;
    for (int limit = TRIED; status == APR_SUCCESS; limit *= 4) {
        status = first_ones(txn, queue, limit, &all);
        for (; status == APR_SUCCESS && tried < all->nelts; tried++) {
            const filed_t *one = &APR_ARRAY_IDX(all, tried, filed_t);

            if (one->due > now) {
                return ANSHIN_ENOTFOUND;
            }
            if (one->value.data == NULL || txn->mode != ANSHIN_TXN_WRITE || is_taken(txn, queue->type, one, &status)) {
                *key = one->key;
                return anshin_pg_due_file(txn, front, queue->type, one->key, 0);
            }
        }
        if (status == APR_SUCCESS && all->nelts < limit) {
            return ANSHIN_ENOTFOUND;
        }
    }
    return status;
}

apr_status_t anshin_pg_due_list(void *self, anshin_txn_t *front, const anshin_due_queue_t *queue,
                                apr_array_header_t *entries, int limit)
{
    apr_array_header_t *all;
    apr_status_t status = first_ones(self, queue, limit, &all);

    (void)front;
    for (int i = 0; status == APR_SUCCESS && i < all->nelts && i < limit; i++) {
        const filed_t *one = &APR_ARRAY_IDX(all, i, filed_t);

        APR_ARRAY_PUSH(entries, anshin_due_entry_t) = (anshin_due_entry_t){one->key, one->due};
    }
    return status;
}

apr_status_t anshin_pg_due_count(void *self, anshin_txn_t *front, const anshin_record_type_t *type, const char *group,
                                 int limit, apr_int64_t *count)
{
    anshin_pg_txn_t *txn = self;
    const char *prefix = apr_pstrcat(txn->pool, group, "/", NULL);
    apr_array_header_t *own = apr_array_make(txn->pool, 4, sizeof(filed_t));
    const int changed = add_own(txn, &(anshin_due_queue_t){type, NULL}, own);
    const char *behind = apr_pstrcat(txn->pool, group, "0", NULL); /* the sign behind '/' */
    const anshin_pg_step_t step = {anshin_pg_verb(txn->store->tables, type, ANSHIN_PG_GROUP),
                                   3,
                                   {anshin_pg_text(prefix),
                                    anshin_pg_text(apr_psprintf(txn->pool, "%d", limit + changed)),
                                    anshin_pg_text(behind)}};
    PGresult *rows;
    apr_status_t status = anshin_pg_txn_run(txn, &step, 1, &rows);

    (void)front;
    if (status != APR_SUCCESS) {
        return status;
    }
    for (int i = 0; i < PQntuples(rows); i++) {
        const anshin_pg_change_t *change = anshin_pg_txn_changed(txn, type, PQgetvalue(rows, i, 0));

        *count += change == NULL || (!change->filed && !change->erased);
    }
    for (int i = 0; i < own->nelts; i++) {
        *count += strncmp(APR_ARRAY_IDX(own, i, filed_t).key, prefix, strlen(prefix)) == 0;
    }
    *count = *count < limit ? *count : limit;
    PQclear(rows);
    return APR_SUCCESS;
}

apr_status_t anshin_pg_due_each(void *self, anshin_txn_t *front, const anshin_record_type_t *type,
                                anshin_due_visit_fn *visit, void *baton)
{
    anshin_pg_txn_t *txn = self;
    apr_array_header_t *own = apr_array_make(txn->pool, 4, sizeof(filed_t));
    char last[ANSHIN_KEY_MAX + 1] = "";
    apr_status_t status = APR_SUCCESS;
    int count = ANSHIN_PG_BATCH;

    (void)front;
    (void)add_own(txn, &(anshin_due_queue_t){type, NULL}, own);
    while (status == APR_SUCCESS && count == ANSHIN_PG_BATCH) {
        const anshin_pg_step_t step = {
            anshin_pg_verb(txn->store->tables, type, ANSHIN_PG_WALK_FILED), 1, {anshin_pg_text(last)}};
        PGresult *rows;

        status = anshin_pg_txn_run(txn, &step, 1, &rows);
        count = status == APR_SUCCESS ? PQntuples(rows) : 0;
        for (int i = 0; i < count && status == APR_SUCCESS; i++) {
            const char *key = PQgetvalue(rows, i, 0);
            const anshin_pg_change_t *change = anshin_pg_txn_changed(txn, type, key);

            apr_cpystrn(last, key, sizeof(last));
            if (change == NULL || (!change->filed && !change->erased)) {
                status = visit(baton, key, anshin_pg_number(rows, i, 1), anshin_pg_number(rows, i, 2));
            }
        }
        PQclear(rows);
    }
    for (int i = 0; i < own->nelts && status == APR_SUCCESS; i++) {
        const filed_t *one = &APR_ARRAY_IDX(own, i, filed_t);

        status = visit(baton, one->key, one->due, one->filed);
    }
    return status;
}
