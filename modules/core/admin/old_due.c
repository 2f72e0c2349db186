/*
 * What is due in an older store: see old_due.h.
 */
#include "core/admin/old_due.h"

#include <stdlib.h>
#include <string.h>

#include "core/context/expiry.h"
#include "core/mail/job.h"

#include <apr_strings.h>

#define WALK_MAX 20000 /* keys that one walk collects */
#define BATCH 50       /* and that one transaction converts */
#define MINUTE apr_time_from_sec(60)

typedef struct walk_t {
    const anshin_record_type_t *type;
    const char *prefix;       /* of the keys */
    anshin_visit_fn *collect; /* which of them */
    apr_array_header_t *keys; /* of const char * */
    int from;                 /* of the batch */
    apr_status_t (*convert)(anshin_op_t *op, anshin_txn_t *txn, const char *key);
    apr_pool_t *pool;
} walk_t;

/* Keys of today have a '-' in their last part. */
static apr_status_t collect_job(void *baton, const char *key, const void *record)
{
    walk_t *walk = baton;
    const char *slash = strrchr(key, '/');

    (void)record;
    if (strchr(slash != NULL ? slash : key, '-') == NULL) {
        APR_ARRAY_PUSH(walk->keys, const char *) = apr_pstrdup(walk->pool, key);
    }
    return walk->keys->nelts < WALK_MAX ? APR_SUCCESS : APR_EOF;
}

static apr_status_t collect_any(void *baton, const char *key, const void *record)
{
    walk_t *walk = baton;

    (void)record;
    APR_ARRAY_PUSH(walk->keys, const char *) = apr_pstrdup(walk->pool, key);
    return walk->keys->nelts < WALK_MAX ? APR_SUCCESS : APR_EOF;
}

static apr_status_t convert_expiry(anshin_op_t *op, anshin_txn_t *txn, const char *key)
{
    anshin_expiry_t entry;
    const anshin_record_type_t *type;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_expiry, key, &entry);

    if (status == APR_SUCCESS) {
        status = anshin_txn_delete(txn, &anshin_record_expiry, key);
    }
    type = anshin_record_type(entry.type);
    if (status != APR_SUCCESS || entry.key == NULL || type == NULL || type->due != ANSHIN_DUE_LOOK) {
        return status;
    }
    return anshin_expiry_file(op, txn, type, entry.key, (apr_time_t)(strtoull(key, NULL, 16) + 1) * MINUTE);
}

static apr_status_t drop_sequence(anshin_op_t *op, anshin_txn_t *txn, const char *key)
{
    (void)op;
    return anshin_txn_delete(txn, &anshin_record_sequence, key);
}

/* One that is gone since the walk is no failure. */
static apr_status_t convert_batch(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const walk_t *walk = baton;
    apr_status_t status = APR_SUCCESS;

    for (int i = walk->from; status == APR_SUCCESS && i < walk->keys->nelts && i < walk->from + BATCH; i++) {
        status = walk->convert(op, txn, APR_ARRAY_IDX(walk->keys, i, const char *));
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}

static apr_status_t collect(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    walk_t *walk = baton;

    walk->keys = apr_array_make(op->pool, 64, sizeof(const char *));
    walk->pool = op->pool;
    return anshin_txn_each(txn, walk->type, walk->prefix, walk->collect, walk);
}

static apr_status_t convert(anshin_op_t *op, walk_t *walk, int *filed)
{
    apr_status_t status;

    do {
        status = anshin_op_read(op, collect, walk);
        for (walk->from = 0; status == APR_SUCCESS && walk->from < walk->keys->nelts; walk->from += BATCH) {
            status = anshin_op_write(op, ANSHIN_LAZY, convert_batch, walk);
        }
        *filed += status == APR_SUCCESS ? walk->keys->nelts : 0;
    } while (status == APR_SUCCESS && walk->keys->nelts == WALK_MAX);
    return status;
}

/* The records that any such store has, and that go last. */
static const char *const heads[] = {"jobs", "expiry"};

static apr_status_t look(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    int *is_old = baton;
    anshin_sequence_t sequence;
    apr_status_t status = APR_SUCCESS;

    (void)op;
    *is_old = 0;
    for (int i = 0; status == APR_SUCCESS && i < 2; i++) {
        status = anshin_txn_get(txn, &anshin_record_sequence, heads[i], &sequence);
        *is_old |= status == APR_SUCCESS;
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}

apr_status_t anshin_old_due_convert(anshin_op_t *op, int *filed)
{
    static const char *const sequences[] = {"requests/", "jobs/", "expiry/", "jobs", "expiry"};
    walk_t jobs = {.type = &anshin_record_job, .prefix = "", .collect = collect_job, .convert = anshin_job_adopt};
    walk_t ends = {.type = &anshin_record_expiry, .prefix = "", .collect = collect_any, .convert = convert_expiry};
    walk_t rest = {.type = &anshin_record_sequence, .collect = collect_any, .convert = drop_sequence};
    int is_old;
    int dropped = 0;
    apr_status_t status = anshin_op_read(op, look, &is_old);

    *filed = 0;
    if (status != APR_SUCCESS || !is_old) {
        return status;
    }
    status = convert(op, &jobs, filed);
    if (status == APR_SUCCESS) {
        status = convert(op, &ends, filed);
    }
    for (size_t i = 0; status == APR_SUCCESS && i < sizeof(sequences) / sizeof(sequences[0]); i++) {
        rest.prefix = sequences[i];
        status = convert(op, &rest, &dropped);
    }
    return status;
}
