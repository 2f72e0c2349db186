/*
 * The contract of the store (core/store/store.h), what has changed since a point: the same cases on every provider that
 * runs without a server.
 */
#include <stdlib.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "unit/opened.h"
#include "unit/tap.h"

#define FILL 33 /* records of a round */
#define ROUNDS 8

static const anshin_record_type_t *const facts[] = {&anshin_record_fact, NULL};
static const anshin_record_type_t *const clocks[] = {&anshin_record_clock, NULL};

typedef struct seen_t {
    apr_pool_t *pool;
    apr_hash_t *last; /* key -> value, "-" where it was deleted */
    int count;
    int most; /* after so many it ends; 0: it does not */
} seen_t;

static apr_status_t see(void *baton, const anshin_record_type_t *type, const char *key, const void *record)
{
    seen_t *seen = baton;
    const char *value = record != NULL ? ((const anshin_fact_t *)record)->value : "-";

    if (type == &anshin_record_fact) {
        apr_hash_set(seen->last, apr_pstrdup(seen->pool, key), APR_HASH_KEY_STRING, apr_pstrdup(seen->pool, value));
    }
    return ++seen->count == seen->most ? APR_EOF : APR_SUCCESS;
}

/* What has changed since *point, which moves on. */
static apr_status_t changes(opened_t *f, anshin_store_point_t *point, const anshin_record_type_t *const *types,
                            seen_t *seen)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    apr_status_t status;

    *seen = (seen_t){f->pool, apr_hash_make(f->pool), 0, seen->most};
    status = anshin_txn_changes(txn, point, types, see, seen);
    anshin_txn_abort(txn);
    return status;
}

static int told(const seen_t *seen, const char *key, const char *value)
{
    const char *last = apr_hash_get(seen->last, key, APR_HASH_KEY_STRING);

    return last != NULL && same_text(last, value);
}

static void forget(opened_t *f, const char *key)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);

    anshin_txn_delete(txn, &anshin_record_fact, key);
    (void)anshin_txn_commit(txn, ANSHIN_LAZY);
}

static void test_changes(opened_t *f)
{
    anshin_store_point_t point = {0, 0};
    anshin_store_point_t before;
    seen_t seen = {.most = 0};

    fact_store(f, "old", "1", ANSHIN_DURABLE);
    ok(changes(f, &point, facts, &seen) == ANSHIN_ENOTFOUND && seen.count == 0 && point.at != 0,
       "%s: of a past that nobody has seen nothing is told but where it ends", f->name);
    ok(changes(f, &point, facts, &seen) == APR_SUCCESS && seen.count == 0, "%s: nothing has changed", f->name);
    fact_store(f, "old", "2", ANSHIN_LAZY);
    fact_store(f, "new", "3", ANSHIN_DURABLE);
    fact_store(f, "gone", "4", ANSHIN_LAZY);
    forget(f, "gone");
    before = point;
    ok(changes(f, &point, clocks, &seen) == APR_SUCCESS && seen.count == 0, "%s: other types are none", f->name);
    ok(changes(f, &before, facts, &seen) == APR_SUCCESS && told(&seen, "old", "2") && told(&seen, "new", "3") &&
           told(&seen, "gone", "-") && apr_hash_count(seen.last) == 3,
       "%s: what was put, put over and deleted is told, as it is at last", f->name);
    ok(before.at == point.at && changes(f, &before, facts, &seen) == APR_SUCCESS && seen.count == 0, "%s: once",
       f->name);
    seen.most = 1;
    fact_store(f, "a", "1", ANSHIN_LAZY);
    fact_store(f, "b", "1", ANSHIN_LAZY);
    ok(changes(f, &point, facts, &seen) == APR_SUCCESS && seen.count == 1 && point.at == before.at,
       "%s: who ends it early hears it again", f->name);
}

/* A transaction hears what it sees, not what came behind it. */
static void test_snapshot(opened_t *f)
{
    anshin_store_point_t point = {0, 0};
    seen_t seen = {.pool = f->pool, .last = apr_hash_make(f->pool)};
    anshin_txn_t *txn;

    (void)changes(f, &point, facts, &seen);
    fact_store(f, "snap", "1", ANSHIN_LAZY);
    txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    fact_store(f, "snap", "2", ANSHIN_LAZY);
    seen = (seen_t){f->pool, apr_hash_make(f->pool), 0, 0};
    ok(anshin_txn_changes(txn, &point, facts, see, &seen) == APR_SUCCESS && told(&seen, "snap", "1"),
       "%s: a transaction is told what it sees", f->name);
    anshin_txn_abort(txn);
    ok(changes(f, &point, facts, &seen) == APR_SUCCESS && told(&seen, "snap", "2") && seen.count == 1,
       "%s: the next one the rest", f->name);
    txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    ok(anshin_txn_changes(txn, &point, facts, see, &seen) == ANSHIN_EFAULT, "%s: no writer is", f->name);
    anshin_txn_abort(txn);
    anshin_error_clear(&f->err);
}

/* 60,000 octets at a time: half of a journal. */
static void fill(opened_t *f, int round)
{
    char *long_value = apr_palloc(f->pool, 60001);

    memset(long_value, 'x', 60000);
    long_value[60000] = '\0';
    for (int i = 0; i < FILL; i++) {
        fact_store(f, apr_psprintf(f->pool, "fill/%d", i), apr_psprintf(f->pool, "%d%s", round, long_value + 9),
                   ANSHIN_LAZY);
    }
}

/* Over the end of a journal, while its checkpoint is made and after it; and over so many that they are gone. */
static void test_checkpoints(opened_t *f)
{
    anshin_store_point_t point = {0, 0};
    anshin_store_point_t old;
    seen_t seen = {.most = 0};
    apr_status_t status = APR_SUCCESS;
    int complete = 1;

    (void)changes(f, &point, facts, &seen);
    old = point;
    for (int round = 0; round < ROUNDS; round++) {
        const char *key = apr_psprintf(f->pool, "round/%d", round);

        fact_store(f, key, "here", ANSHIN_LAZY);
        fill(f, round);
        status = changes(f, &point, facts, &seen);
        complete &= status == APR_SUCCESS && told(&seen, key, "here") && apr_hash_count(seen.last) == FILL + 1;
    }
    ok(complete, "%s: nothing is left out where a journal ends", f->name);
    status = changes(f, &old, facts, &seen);
    ok((status == ANSHIN_ENOTFOUND && seen.count == 0) ||
           (status == APR_SUCCESS && told(&seen, "round/0", "here") && apr_hash_count(seen.last) == FILL + ROUNDS),
       "%s: from far behind all is told, or nothing", f->name);
    ok(old.at == point.at && f->err.status == APR_SUCCESS, "%s: and it goes on from now", f->name);
}

static void cases(opened_t *f)
{
    test_changes(f);
    test_snapshot(f);
    test_checkpoints(f);
}

int main(void)
{
    opened_run(cases);
    return done();
}
