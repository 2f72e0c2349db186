/*
 * The contract of the store (core/store.h): the same cases on every provider that runs without a server.
 * What only dbm has (processes, files, damage) is in test_store_dbm.c.
 */
#include <stdlib.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "core/store.h"
#include "scratch.h"
#include "store/store_dbm.h"
#include "store/store_mem.h"
#include "tap.h"

typedef struct fixture_t {
    const char *name;
    anshin_store_t *store;
    apr_pool_t *pool;
    anshin_error_t err;
} fixture_t;

static anshin_txn_t *begin(fixture_t *f, anshin_txn_mode_t mode, apr_pool_t *pool)
{
    anshin_txn_t *txn = NULL;

    anshin_error_clear(&f->err);
    if (anshin_txn_begin(&txn, f->store, mode, &f->err, pool) != APR_SUCCESS) {
        printf("# begin: %s %s\n", f->err.id, f->err.text);
        exit(1);
    }
    return txn;
}

static apr_status_t put_fact(anshin_txn_t *txn, const char *key, const char *value)
{
    anshin_fact_t fact = {.value = value, .at = 1};

    return anshin_txn_put(txn, &anshin_record_fact, key, &fact);
}

static void store_fact(fixture_t *f, const char *key, const char *value, anshin_durability_t durability)
{
    anshin_txn_t *txn = begin(f, ANSHIN_TXN_WRITE, f->pool);

    if (put_fact(txn, key, value) != APR_SUCCESS || anshin_txn_commit(txn, durability) != APR_SUCCESS) {
        printf("# put: %s %s\n", f->err.id, f->err.text);
        exit(1);
    }
}

/* The value of a fact, "-" when there is none, "!" after a failure. */
static const char *fact_in(anshin_txn_t *txn, const char *key)
{
    anshin_fact_t fact;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_fact, key, &fact);

    if (status == ANSHIN_ENOTFOUND) {
        return "-";
    }
    return status == APR_SUCCESS ? fact.value : "!";
}

static const char *fact_of(fixture_t *f, const char *key)
{
    anshin_txn_t *txn = begin(f, ANSHIN_TXN_READ, f->pool);
    const char *value = fact_in(txn, key);

    anshin_txn_abort(txn);
    return value;
}

/* --- cases ---------------------------------------------------------------------------------------------------------
 */

static void test_basics(fixture_t *f)
{
    anshin_txn_t *txn;
    anshin_account_t account = {0};

    ok(same_text(fact_of(f, "a"), "-"), "%s: nothing there is not found", f->name);
    store_fact(f, "a", "one", ANSHIN_DURABLE);
    ok(same_text(fact_of(f, "a"), "one"), "%s: what was put is there", f->name);
    store_fact(f, "a", "two", ANSHIN_LAZY);
    ok(same_text(fact_of(f, "a"), "two"), "%s: put over the old, lazily", f->name);

    txn = begin(f, ANSHIN_TXN_READ, f->pool);
    ok(anshin_txn_get(txn, &anshin_record_account, "a", &account) == ANSHIN_ENOTFOUND,
       "%s: the same key in another type is another record", f->name);
    ok(f->err.status == APR_SUCCESS, "%s: not found is no error", f->name);
    anshin_txn_abort(txn);

    txn = begin(f, ANSHIN_TXN_WRITE, f->pool);
    ok(anshin_txn_delete(txn, &anshin_record_fact, "a") == APR_SUCCESS &&
           anshin_txn_delete(txn, &anshin_record_fact, "never") == APR_SUCCESS,
       "%s: delete, also of what is not there", f->name);
    ok(same_text(fact_in(txn, "a"), "-"), "%s: a write transaction sees its own delete", f->name);
    ok(same_text(fact_of(f, "a"), "two"), "%s: others do not see it before commit", f->name);
    ok(anshin_txn_commit(txn, ANSHIN_DURABLE) == APR_SUCCESS && same_text(fact_of(f, "a"), "-"),
       "%s: after commit it is gone", f->name);
}

static void test_own_changes(fixture_t *f)
{
    anshin_txn_t *txn = begin(f, ANSHIN_TXN_WRITE, f->pool);

    put_fact(txn, "own", "1");
    ok(same_text(fact_in(txn, "own"), "1"), "%s: a write transaction sees its own put", f->name);
    put_fact(txn, "own", "2");
    ok(same_text(fact_in(txn, "own"), "2"), "%s: and its second one", f->name);
    anshin_txn_delete(txn, &anshin_record_fact, "own");
    put_fact(txn, "own", "3");
    ok(same_text(fact_of(f, "own"), "-"), "%s: nobody else does", f->name);
    ok(anshin_txn_commit(txn, ANSHIN_LAZY) == APR_SUCCESS && same_text(fact_of(f, "own"), "3"),
       "%s: the last change counts", f->name);
}

static void test_abort(fixture_t *f)
{
    anshin_txn_t *txn = begin(f, ANSHIN_TXN_WRITE, f->pool);
    apr_pool_t *sub;

    put_fact(txn, "gone", "x");
    anshin_txn_abort(txn);
    anshin_txn_abort(txn);
    anshin_txn_abort(NULL);
    ok(same_text(fact_of(f, "gone"), "-"), "%s: abort leaves nothing, twice is harmless", f->name);
    ok(anshin_txn_commit(txn, ANSHIN_DURABLE) == ANSHIN_EFAULT, "%s: an ended transaction cannot be committed",
       f->name);
    ok(put_fact(txn, "gone", "x") == ANSHIN_EFAULT, "%s: nor written", f->name);

    apr_pool_create(&sub, f->pool);
    txn = begin(f, ANSHIN_TXN_WRITE, sub);
    put_fact(txn, "gone", "y");
    apr_pool_destroy(sub);
    ok(same_text(fact_of(f, "gone"), "-"), "%s: the end of the pool aborts", f->name);
    store_fact(f, "gone", "z", ANSHIN_DURABLE);
    ok(same_text(fact_of(f, "gone"), "z"), "%s: and frees the lock", f->name);
}

static void test_snapshot(fixture_t *f)
{
    anshin_txn_t *reader;
    anshin_txn_t *txn;

    store_fact(f, "left", "1", ANSHIN_LAZY);
    store_fact(f, "right", "1", ANSHIN_LAZY);
    reader = begin(f, ANSHIN_TXN_READ, f->pool);
    ok(same_text(fact_in(reader, "left"), "1"), "%s: a reader begins", f->name);
    txn = begin(f, ANSHIN_TXN_WRITE, f->pool);
    put_fact(txn, "left", "2");
    put_fact(txn, "right", "2");
    put_fact(txn, "fresh", "2");
    anshin_txn_commit(txn, ANSHIN_DURABLE);
    ok(same_text(fact_in(reader, "right"), "1") && same_text(fact_in(reader, "fresh"), "-"),
       "%s: it never sees half of a batch", f->name);
    ok(same_text(fact_of(f, "right"), "2"), "%s: the next reader sees all of it", f->name);
    anshin_txn_abort(reader);
}

static void test_limits(fixture_t *f)
{
    anshin_txn_t *txn = begin(f, ANSHIN_TXN_WRITE, f->pool);
    char *longest = apr_pcalloc(f->pool, ANSHIN_KEY_MAX + 2);
    char *big = apr_palloc(f->pool, ANSHIN_RECORD_MAX + 1);

    memset(longest, 'k', ANSHIN_KEY_MAX);
    ok(put_fact(txn, longest, "longest") == APR_SUCCESS, "%s: a key of %d bytes", f->name, ANSHIN_KEY_MAX);
    longest[ANSHIN_KEY_MAX] = 'k';
    ok(put_fact(txn, longest, "longer") == ANSHIN_EINVALID && strlen(f->err.id) == 6, "%s: a longer one is refused",
       f->name);
    ok(put_fact(txn, "", "empty") == ANSHIN_EINVALID, "%s: an empty one too", f->name);
    ok(same_text(fact_in(txn, longest), "-") && same_text(fact_in(txn, ""), "-"), "%s: reading such keys finds nothing",
       f->name);
    ok(anshin_txn_delete(txn, &anshin_record_fact, longest) == APR_SUCCESS, "%s: nor does deleting", f->name);
    memset(big, 'b', ANSHIN_RECORD_MAX);
    big[ANSHIN_RECORD_MAX] = '\0';
    ok(put_fact(txn, "big", big) == ANSHIN_EINVALID, "%s: a record that is too long is refused", f->name);
    big[ANSHIN_RECORD_MAX - 100] = '\0';
    ok(put_fact(txn, "big", big) == APR_SUCCESS, "%s: a big one is taken", f->name);
    ok(anshin_txn_commit(txn, ANSHIN_DURABLE) == APR_SUCCESS && same_text(fact_of(f, "big"), big),
       "%s: and comes back whole", f->name);
    longest[ANSHIN_KEY_MAX] = '\0';
    ok(same_text(fact_of(f, longest), "longest"), "%s: the longest key finds its record", f->name);

    txn = begin(f, ANSHIN_TXN_READ, f->pool);
    ok(put_fact(txn, "r", "r") == ANSHIN_EFAULT, "%s: a read transaction cannot write", f->name);
    ok(anshin_txn_commit(txn, ANSHIN_DURABLE) == APR_SUCCESS, "%s: but may end with commit", f->name);
}

typedef struct walk_t {
    anshin_txn_t *txn;
    int seen;
    int wrong;
    apr_status_t answer;
} walk_t;

static apr_status_t visit(void *baton, const char *key, const void *record)
{
    walk_t *walk = baton;
    const anshin_fact_t *fact = record;

    walk->seen++;
    if (!same_text(key + 5, fact->value)) { /* "walk/" */
        walk->wrong++;
    }
    if (!same_text(fact_in(walk->txn, key), fact->value)) {
        walk->wrong++;
    }
    if (put_fact(walk->txn, "walk/w", "w") == APR_SUCCESS) {
        walk->wrong++;
    }
    return walk->answer;
}

static void test_each(fixture_t *f)
{
    anshin_txn_t *txn = begin(f, ANSHIN_TXN_WRITE, f->pool);
    walk_t walk = {0};

    for (int i = 0; i < 50; i++) {
        const char *value = apr_psprintf(f->pool, "%d", i);

        put_fact(txn, apr_pstrcat(f->pool, "walk/", value, NULL), value);
        put_fact(txn, apr_pstrcat(f->pool, "talk/", value, NULL), "no");
    }
    anshin_txn_commit(txn, ANSHIN_LAZY);

    txn = walk.txn = begin(f, ANSHIN_TXN_WRITE, f->pool);
    anshin_txn_delete(txn, &anshin_record_fact, "walk/7");
    put_fact(txn, "walk/50", "50");
    put_fact(txn, "walk/1", "1");
    ok(anshin_txn_each(txn, &anshin_record_fact, "walk/", visit, &walk) == APR_SUCCESS && walk.seen == 50 &&
           walk.wrong == 0,
       "%s: a walk visits what the transaction sees, once, and may read (%d, %d)", f->name, walk.seen, walk.wrong);
    ok(f->err.status == ANSHIN_EFAULT, "%s: but not write", f->name);
    walk = (walk_t){.txn = txn};
    ok(anshin_txn_each(txn, &anshin_record_fact, "walk/1", visit, &walk) == APR_SUCCESS && walk.seen == 11,
       "%s: by prefix", f->name);
    walk = (walk_t){.txn = txn};
    ok(anshin_txn_each(txn, &anshin_record_fact, "none/", visit, &walk) == APR_SUCCESS && walk.seen == 0,
       "%s: a prefix of nothing", f->name);
    walk = (walk_t){.txn = txn, .answer = APR_EOF};
    ok(anshin_txn_each(txn, &anshin_record_fact, "walk/", visit, &walk) == APR_SUCCESS && walk.seen == 1,
       "%s: APR_EOF ends a walk", f->name);
    walk = (walk_t){.txn = txn, .answer = ANSHIN_EDENIED};
    ok(anshin_txn_each(txn, &anshin_record_fact, "walk/", visit, &walk) == ANSHIN_EDENIED && walk.seen == 1,
       "%s: another answer too, and is handed on", f->name);
    walk = (walk_t){.txn = txn};
    ok(anshin_txn_each(txn, &anshin_record_terminal, "", visit, &walk) == APR_SUCCESS && walk.seen == 0, "%s: by type",
       f->name);
    anshin_txn_abort(txn);
}

#define THREADS 4
#define ROUNDS 200

static void *APR_THREAD_FUNC count_up(apr_thread_t *thread, void *baton)
{
    fixture_t *f = baton;
    anshin_error_t err = {0};
    apr_pool_t *pool;

    (void)thread;
    apr_pool_create_unmanaged(&pool);
    for (int i = 0; i < ROUNDS; i++) {
        anshin_txn_t *txn;
        anshin_sequence_t sequence;
        apr_status_t status = anshin_txn_begin(&txn, f->store, ANSHIN_TXN_WRITE, &err, pool);

        if (status == APR_SUCCESS) {
            anshin_txn_get(txn, &anshin_record_sequence, "threads", &sequence);
            sequence.next++;
            anshin_txn_put(txn, &anshin_record_sequence, "threads", &sequence);
            status = anshin_txn_commit(txn, i % 4 == 0 ? ANSHIN_DURABLE : ANSHIN_LAZY);
        }
        if (status != APR_SUCCESS) {
            break;
        }
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
    return NULL;
}

static void test_threads(fixture_t *f)
{
    apr_thread_t *threads[THREADS];
    anshin_sequence_t sequence;
    anshin_txn_t *txn;
    apr_status_t status;

    for (int i = 0; i < THREADS; i++) {
        apr_thread_create(&threads[i], NULL, count_up, f, f->pool);
    }
    for (int i = 0; i < THREADS; i++) {
        apr_thread_join(&status, threads[i]);
    }
    txn = begin(f, ANSHIN_TXN_READ, f->pool);
    anshin_txn_get(txn, &anshin_record_sequence, "threads", &sequence);
    ok(sequence.next == (apr_int64_t)THREADS * ROUNDS,
       "%s: read and write in one transaction lose no update between threads (%d)", f->name, (int)sequence.next);
    anshin_txn_abort(txn);
}

typedef struct blob_walk_t {
    fixture_t *f;
    int seen;
} blob_walk_t;

static apr_status_t visit_blob(void *baton, const char *name, apr_time_t written_at)
{
    blob_walk_t *walk = baton;
    apr_time_t age = apr_time_now() - written_at;

    if (strlen(name) == 32 && age >= -apr_time_from_sec(2) && age < apr_time_from_sec(60)) {
        walk->seen++;
    }
    return anshin_blob_wipe(walk->f->store, name, NULL);
}

static void test_blobs(fixture_t *f)
{
    static const char name[] = "00112233445566778899aabbccddeeff";
    static const char other[] = "ff112233445566778899aabbccddeeff";
    anshin_bytes_t data;
    blob_walk_t walk = {f, 0};
    char *big = apr_pcalloc(f->pool, ANSHIN_BLOB_MAX + 1);

    ok(anshin_blob_get(&data, f->store, name, &f->err, f->pool) == ANSHIN_ENOTFOUND, "%s: no blob yet", f->name);
    ok(anshin_blob_put(f->store, name, "se\0cret", 7, &f->err) == APR_SUCCESS &&
           anshin_blob_get(&data, f->store, name, &f->err, f->pool) == APR_SUCCESS && data.length == 7 &&
           memcmp(data.data, "se\0cret", 7) == 0,
       "%s: a blob comes back", f->name);
    ok(anshin_blob_put(f->store, name, "new", 3, &f->err) == APR_SUCCESS &&
           anshin_blob_get(&data, f->store, name, &f->err, f->pool) == APR_SUCCESS && data.length == 3,
       "%s: put again replaces", f->name);
    ok(anshin_blob_put(f->store, other, big, ANSHIN_BLOB_MAX, &f->err) == APR_SUCCESS &&
           anshin_blob_get(&data, f->store, other, &f->err, f->pool) == APR_SUCCESS && data.length == ANSHIN_BLOB_MAX,
       "%s: the biggest blob", f->name);
    ok(anshin_blob_put(f->store, other, big, ANSHIN_BLOB_MAX + 1, &f->err) == ANSHIN_EINVALID,
       "%s: a bigger one is refused", f->name);
    ok(anshin_blob_put(f->store, "../../../../../../../../etc/passw", "x", 1, NULL) == ANSHIN_EINVALID &&
           anshin_blob_put(f->store, "0011", "x", 1, NULL) == ANSHIN_EINVALID &&
           anshin_blob_put(f->store, "00112233445566778899AABBCCDDEEFF", "x", 1, NULL) == ANSHIN_EINVALID &&
           anshin_blob_get(&data, f->store, "", NULL, f->pool) == ANSHIN_EINVALID,
       "%s: a name that is not 32 lower-case hexadecimal digits is refused", f->name);
    ok(anshin_blob_wipe(f->store, name, &f->err) == APR_SUCCESS &&
           anshin_blob_get(&data, f->store, name, NULL, f->pool) == ANSHIN_ENOTFOUND &&
           anshin_blob_wipe(f->store, name, &f->err) == APR_SUCCESS,
       "%s: wiped, twice is harmless", f->name);
    anshin_error_clear(&f->err);
    anshin_blob_put(f->store, name, "again", 5, &f->err);
    ok(anshin_blob_each(f->store, visit_blob, &walk, &f->err, f->pool) == APR_SUCCESS && walk.seen == 2,
       "%s: a walk over the blobs may wipe them (%d)", f->name, walk.seen);
    ok(anshin_blob_get(&data, f->store, name, NULL, f->pool) == ANSHIN_ENOTFOUND, "%s: and did", f->name);
}

/* A blob goes with the record that named it, or stays with it. */
static void test_wiped_with(fixture_t *f)
{
    const char *name = "a0112233445566778899aabbccddeeff";
    anshin_bytes_t data;
    anshin_txn_t *txn;

    ok(anshin_blob_put(f->store, name, "secret", 6, &f->err) == APR_SUCCESS, "%s: a blob", f->name);
    txn = begin(f, ANSHIN_TXN_WRITE, f->pool);
    anshin_txn_wipe(txn, name);
    ok(anshin_txn_end(txn, ANSHIN_EDENIED, ANSHIN_DURABLE) == ANSHIN_EDENIED &&
           anshin_blob_get(&data, f->store, name, &f->err, f->pool) == APR_SUCCESS,
       "%s: a transaction that fails wipes nothing, and says why it failed (S24)", f->name);
    txn = begin(f, ANSHIN_TXN_WRITE, f->pool);
    anshin_txn_wipe(txn, NULL);
    anshin_txn_wipe(txn, name);
    anshin_txn_wipe(txn, "b0112233445566778899aabbccddeeff");
    ok(put_fact(txn, "wiped", "1") == APR_SUCCESS && anshin_txn_end(txn, APR_SUCCESS, ANSHIN_LAZY) == APR_SUCCESS &&
           same_text(fact_of(f, "wiped"), "1") &&
           anshin_blob_get(&data, f->store, name, &f->err, f->pool) == ANSHIN_ENOTFOUND,
       "%s: with the commit the blob is gone; one that is not there is no failure (S24)", f->name);
}

/* Who keeps what was read compares stamps to know whether it still holds. */
static void test_stamp(fixture_t *f)
{
    anshin_stamp_t before = anshin_store_stamp(f->store);
    anshin_txn_t *txn;

    (void)fact_of(f, "a");
    txn = begin(f, ANSHIN_TXN_WRITE, f->pool);
    put_fact(txn, "stamp", "0");
    anshin_txn_abort(txn);
    ok(before != ANSHIN_STAMP_NONE && anshin_store_stamp(f->store) == before,
       "%s: neither a read nor what was aborted changes the stamp", f->name);
    for (int i = 0; i < 4; i++) {
        anshin_stamp_t last = anshin_store_stamp(f->store);

        store_fact(f, "stamp", "the same each time", i % 2 ? ANSHIN_LAZY : ANSHIN_DURABLE);
        ok(anshin_store_stamp(f->store) != last, "%s: every commit does, lazy or durable", f->name);
    }
}

static void test_provider(const char *name, const anshin_store_driver_t *driver, const char *where, apr_pool_t *parent)
{
    fixture_t f = {.name = name};
    apr_status_t status;

    apr_pool_create(&f.pool, parent);
    status = anshin_store_open(&f.store, driver, where, &f.err, f.pool);
    ok(status == APR_SUCCESS, "%s: opens (%s)", name, f.err.text);
    if (status == APR_SUCCESS) {
        test_basics(&f);
        test_own_changes(&f);
        test_abort(&f);
        test_snapshot(&f);
        test_limits(&f);
        test_each(&f);
        test_threads(&f);
        test_blobs(&f);
        test_wiped_with(&f);
        test_stamp(&f);
    }
    apr_pool_destroy(f.pool);
}

int main(void)
{
    apr_pool_t *pool;
    const char *dir;

    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    dir = scratch_directory(pool);
    test_provider("mem", &anshin_store_mem, "", pool);
    test_provider("dbm:db", &anshin_store_dbm, apr_pstrcat(pool, dir, "/db", NULL), pool);
    test_provider("dbm:gdbm", &anshin_store_dbm, apr_pstrcat(pool, dir, "/gdbm?type=gdbm", NULL), pool);
    return done();
}
