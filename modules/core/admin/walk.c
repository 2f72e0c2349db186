/*
 * Walks in parts: see walk.h.
 */
#include "core/admin/walk.h"

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/context/own.h"

#define PART 20000 /* keys of a walk, about */

typedef struct entry_t {
    const char *key;
    apr_int64_t chosen;
} entry_t;

typedef struct walk_t {
    const anshin_op_t *op;
    const anshin_walk_kind_t *kind;
    unsigned count; /* of all records */
    unsigned part, parts;
    apr_array_header_t *entries; /* of entry_t, in its own pool */
    int from;                    /* of the batch */
} walk_t;

static apr_status_t count_one(void *baton, const char *key, const void *record)
{
    (void)key;
    (void)record;
    ((walk_t *)baton)->count++;
    return APR_SUCCESS;
}

static apr_status_t count_all(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    walk_t *walk = baton;

    (void)op;
    walk->count = 0;
    return anshin_txn_each(txn, walk->kind->type, walk->kind->prefix, count_one, walk);
}

static int is_of_part(const walk_t *walk, const char *key)
{
    apr_ssize_t length = APR_HASH_KEY_STRING;

    return apr_hashfunc_default(key, &length) % walk->parts == walk->part;
}

static apr_status_t collect(void *baton, const char *key, const void *record)
{
    const walk_t *walk = baton;
    anshin_op_t own = *walk->op;
    entry_t entry;

    own.contract = anshin_own_contract(walk->op, walk->kind->type, record);
    entry.chosen = own.contract != NULL && is_of_part(walk, key) ? walk->kind->choose(&own, record) : 0;
    if (entry.chosen != 0) {
        entry.key = apr_pstrdup(walk->entries->pool, key);
        APR_ARRAY_PUSH(walk->entries, entry_t) = entry;
    }
    return APR_SUCCESS;
}

static apr_status_t collect_part(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    walk_t *walk = baton;

    walk->op = op;
    apr_array_clear(walk->entries);
    return anshin_txn_each(txn, walk->kind->type, walk->kind->prefix, collect, walk);
}

static apr_status_t act_on_batch(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const walk_t *walk = baton;
    const int end = walk->from + walk->kind->batch;
    apr_status_t status = APR_SUCCESS;

    for (int i = walk->from; status == APR_SUCCESS && i < walk->entries->nelts && i < end; i++) {
        const entry_t *entry = &APR_ARRAY_IDX(walk->entries, i, entry_t);

        status = walk->kind->act(op, txn, entry->key, entry->chosen);
    }
    return status;
}

static apr_status_t walk_part(anshin_op_t *op, walk_t *walk, int *done)
{
    anshin_op_t part = *op;
    anshin_op_t batch;
    apr_status_t status;

    apr_pool_create(&part.pool, op->pool);
    walk->entries = apr_array_make(part.pool, 64, sizeof(entry_t));
    status = anshin_op_read(&part, collect_part, walk);
    batch = part;
    apr_pool_create(&batch.pool, part.pool); /* what one transaction reads is not kept until the last */
    for (walk->from = 0; status == APR_SUCCESS && walk->from < walk->entries->nelts; walk->from += walk->kind->batch) {
        apr_pool_clear(batch.pool);
        status = anshin_op_write(&batch, ANSHIN_LAZY, act_on_batch, walk);
    }
    *done += status == APR_SUCCESS ? walk->entries->nelts : 0;
    op->error = batch.error;
    apr_pool_destroy(part.pool);
    return status;
}

apr_status_t anshin_walk(anshin_op_t *op, const anshin_walk_kind_t *kind, int *done)
{
    walk_t walk = {.kind = kind};
    apr_status_t status = anshin_op_read(op, count_all, &walk);

    walk.parts = 1 + walk.count / PART;
    for (; status == APR_SUCCESS && walk.count > 0 && walk.part < walk.parts; walk.part++) {
        status = walk_part(op, &walk, done);
    }
    return status;
}
