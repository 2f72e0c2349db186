/*
 * The contract of the store (core/store/store.h), records and transactions: the same cases on every provider that runs
 * without a server. Blobs are in test_store_blobs.c, the answers of a commit in test_store_commit.c; what only dbm has
 * (processes, files, damage) in t/unit/store/.
 */
#include <stdlib.h>

#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "unit/opened.h"
#include "unit/tap.h"

static void test_basics(opened_t *f)
{
    anshin_txn_t *txn;
    anshin_account_t account = {0};

    ok(same_text(fact_of(f, "a"), "-"), "%s: nothing there is not found", f->name);
    fact_store(f, "a", "one", ANSHIN_DURABLE);
    ok(same_text(fact_of(f, "a"), "one"), "%s: what was put is there", f->name);
    fact_store(f, "a", "two", ANSHIN_LAZY);
    ok(same_text(fact_of(f, "a"), "two"), "%s: put over the old, lazily", f->name);

    txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    ok(anshin_txn_get(txn, &anshin_record_account, "a", &account) == ANSHIN_ENOTFOUND,
       "%s: the same key in another type is another record", f->name);
    ok(f->err.status == APR_SUCCESS, "%s: not found is no error", f->name);
    anshin_txn_abort(txn);

    txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    ok(anshin_txn_delete(txn, &anshin_record_fact, "a") == APR_SUCCESS &&
           anshin_txn_delete(txn, &anshin_record_fact, "never") == APR_SUCCESS,
       "%s: delete, also of what is not there", f->name);
    ok(same_text(fact_in(txn, "a"), "-"), "%s: a write transaction sees its own delete", f->name);
    ok(same_text(fact_of(f, "a"), "two"), "%s: others do not see it before commit", f->name);
    ok(anshin_txn_commit(txn, ANSHIN_DURABLE) == APR_SUCCESS && same_text(fact_of(f, "a"), "-"),
       "%s: after commit it is gone", f->name);
}

static void test_own_changes(opened_t *f)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);

    fact_put(txn, "own", "1");
    ok(same_text(fact_in(txn, "own"), "1"), "%s: a write transaction sees its own put", f->name);
    fact_put(txn, "own", "2");
    ok(same_text(fact_in(txn, "own"), "2"), "%s: and its second one", f->name);
    anshin_txn_delete(txn, &anshin_record_fact, "own");
    fact_put(txn, "own", "3");
    ok(same_text(fact_of(f, "own"), "-"), "%s: nobody else does", f->name);
    ok(anshin_txn_commit(txn, ANSHIN_LAZY) == APR_SUCCESS && same_text(fact_of(f, "own"), "3"),
       "%s: the last change counts", f->name);
}

static void test_abort(opened_t *f)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    apr_pool_t *sub;

    fact_put(txn, "gone", "x");
    anshin_txn_abort(txn);
    anshin_txn_abort(txn);
    anshin_txn_abort(NULL);
    ok(same_text(fact_of(f, "gone"), "-"), "%s: abort leaves nothing, twice is harmless", f->name);
    ok(anshin_txn_commit(txn, ANSHIN_DURABLE) == ANSHIN_EFAULT, "%s: an ended transaction cannot be committed",
       f->name);
    ok(fact_put(txn, "gone", "x") == ANSHIN_EFAULT, "%s: nor written", f->name);

    apr_pool_create(&sub, f->pool);
    txn = opened_begin(f, ANSHIN_TXN_WRITE, sub);
    fact_put(txn, "gone", "y");
    apr_pool_destroy(sub);
    ok(same_text(fact_of(f, "gone"), "-"), "%s: the end of the pool aborts", f->name);
    fact_store(f, "gone", "z", ANSHIN_DURABLE);
    ok(same_text(fact_of(f, "gone"), "z"), "%s: and frees the lock", f->name);
}

static void test_snapshot(opened_t *f)
{
    anshin_txn_t *reader;
    anshin_txn_t *txn;

    fact_store(f, "left", "1", ANSHIN_LAZY);
    fact_store(f, "right", "1", ANSHIN_LAZY);
    reader = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    ok(same_text(fact_in(reader, "left"), "1"), "%s: a reader begins", f->name);
    txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    fact_put(txn, "left", "2");
    fact_put(txn, "right", "2");
    fact_put(txn, "fresh", "2");
    anshin_txn_commit(txn, ANSHIN_DURABLE);
    ok(same_text(fact_in(reader, "right"), "1") && same_text(fact_in(reader, "fresh"), "-"),
       "%s: it never sees half of a batch", f->name);
    ok(same_text(fact_of(f, "right"), "2"), "%s: the next reader sees all of it", f->name);
    anshin_txn_abort(reader);
}

static void test_limits(opened_t *f)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    char *longest = apr_pcalloc(f->pool, ANSHIN_KEY_MAX + 2);
    char *big = apr_palloc(f->pool, ANSHIN_RECORD_MAX + 1);

    memset(longest, 'k', ANSHIN_KEY_MAX);
    ok(fact_put(txn, longest, "longest") == APR_SUCCESS, "%s: a key of %d bytes", f->name, ANSHIN_KEY_MAX);
    longest[ANSHIN_KEY_MAX] = 'k';
    ok(fact_put(txn, longest, "longer") == ANSHIN_EINVALID && strlen(f->err.id) == 6, "%s: a longer one is refused",
       f->name);
    ok(fact_put(txn, "", "empty") == ANSHIN_EINVALID, "%s: an empty one too", f->name);
    ok(same_text(fact_in(txn, longest), "-") && same_text(fact_in(txn, ""), "-"), "%s: reading such keys finds nothing",
       f->name);
    ok(anshin_txn_delete(txn, &anshin_record_fact, longest) == APR_SUCCESS, "%s: nor does deleting", f->name);
    memset(big, 'b', ANSHIN_RECORD_MAX);
    big[ANSHIN_RECORD_MAX] = '\0';
    ok(fact_put(txn, "big", big) == ANSHIN_EINVALID, "%s: a record that is too long is refused", f->name);
    big[ANSHIN_RECORD_MAX - 100] = '\0';
    ok(fact_put(txn, "big", big) == APR_SUCCESS, "%s: a big one is taken", f->name);
    ok(anshin_txn_commit(txn, ANSHIN_DURABLE) == APR_SUCCESS && same_text(fact_of(f, "big"), big),
       "%s: and comes back whole", f->name);
    longest[ANSHIN_KEY_MAX] = '\0';
    ok(same_text(fact_of(f, longest), "longest"), "%s: the longest key finds its record", f->name);

    txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    ok(fact_put(txn, "r", "r") == ANSHIN_EFAULT, "%s: a read transaction cannot write", f->name);
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
    if (fact_put(walk->txn, "walk/w", "w") == APR_SUCCESS) {
        walk->wrong++;
    }
    return walk->answer;
}

static void test_each(opened_t *f)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    walk_t walk = {0};

    for (int i = 0; i < 50; i++) {
        const char *value = apr_psprintf(f->pool, "%d", i);

        fact_put(txn, apr_pstrcat(f->pool, "walk/", value, NULL), value);
        fact_put(txn, apr_pstrcat(f->pool, "talk/", value, NULL), "no");
    }
    anshin_txn_commit(txn, ANSHIN_LAZY);

    txn = walk.txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    anshin_txn_delete(txn, &anshin_record_fact, "walk/7");
    fact_put(txn, "walk/50", "50");
    fact_put(txn, "walk/1", "1");
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
    opened_t *f = baton;
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

static void test_threads(opened_t *f)
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
    txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    anshin_txn_get(txn, &anshin_record_sequence, "threads", &sequence);
    ok(sequence.next == (apr_int64_t)THREADS * ROUNDS,
       "%s: read and write in one transaction lose no update between threads (%d)", f->name, (int)sequence.next);
    anshin_txn_abort(txn);
}

typedef struct appender_t {
    opened_t *f;
    const char *account;
} appender_t;

/* As a login of a user appends to what all unknown ones of a contract share: its own account is locked before. */
static void *APR_THREAD_FUNC append(apr_thread_t *thread, void *baton)
{
    const appender_t *appender = baton;
    anshin_error_t err = {0};
    apr_status_t status = APR_SUCCESS;
    apr_pool_t *pool;

    (void)thread;
    apr_pool_create_unmanaged(&pool);
    for (int i = 0; i < ROUNDS / 4 && status == APR_SUCCESS; i++) {
        anshin_txn_t *txn;
        anshin_account_t account;
        anshin_sequence_t series = {0};

        status = anshin_txn_begin(&txn, appender->f->store, ANSHIN_TXN_WRITE, &err, pool);
        if (status == APR_SUCCESS) {
            (void)anshin_txn_get(txn, &anshin_record_account, appender->account, &account);
            anshin_txn_get(txn, &anshin_record_sequence, "history/p/", &series);
            apr_sleep(500);
            series.next++;
            anshin_txn_put(txn, &anshin_record_sequence, "history/p/", &series);
            status = anshin_txn_commit(txn, ANSHIN_LAZY);
        }
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
    return NULL;
}

static void test_series(opened_t *f)
{
    appender_t appenders[THREADS];
    apr_thread_t *threads[THREADS];
    anshin_sequence_t series = {0};
    anshin_txn_t *txn;
    apr_status_t status;

    for (int i = 0; i < THREADS; i++) {
        appenders[i] = (appender_t){f, apr_psprintf(f->pool, "p/user%d", i)};
        apr_thread_create(&threads[i], NULL, append, &appenders[i], f->pool);
    }
    for (int i = 0; i < THREADS; i++) {
        apr_thread_join(&status, threads[i]);
    }
    txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    anshin_txn_get(txn, &anshin_record_sequence, "history/p/", &series);
    ok(series.next == (apr_int64_t)THREADS * (ROUNDS / 4),
       "%s: no number of a shared series is given twice to users who each hold their own lock (%d)", f->name,
       (int)series.next);
    anshin_txn_abort(txn);
}

static apr_status_t join_facts(void *baton, const char *key, const void *record)
{
    const anshin_fact_t *fact = record;
    char *text = baton;

    strcat(strcat(strcat(strcat(text, key), "="), fact->value), ";");
    return strcmp(fact->value, "stop") == 0 ? ANSHIN_ECONFLICT : APR_SUCCESS;
}

static void test_get_many(opened_t *f)
{
    apr_array_header_t *keys = apr_array_make(f->pool, 4, sizeof(const char *));
    char text[100] = "";
    anshin_txn_t *txn;

    fact_store(f, "many/1", "one", ANSHIN_LAZY);
    fact_store(f, "many/2", "two", ANSHIN_LAZY);
    txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    (void)fact_put(txn, "many/3", "own");
    (void)anshin_txn_delete(txn, &anshin_record_fact, "many/2");
    APR_ARRAY_PUSH(keys, const char *) = "many/3";
    APR_ARRAY_PUSH(keys, const char *) = "many/0";
    APR_ARRAY_PUSH(keys, const char *) = "many/2";
    APR_ARRAY_PUSH(keys, const char *) = "many/1";
    ok(anshin_txn_get_many(txn, &anshin_record_fact, keys, join_facts, text) == APR_SUCCESS &&
           same_text(text, "many/3=own;many/1=one;"),
       "%s: many gets at once see what one sees, in the order of the keys: %s", f->name, text);
    (void)fact_put(txn, "many/3", "stop");
    text[0] = '\0';
    ok(anshin_txn_get_many(txn, &anshin_record_fact, keys, join_facts, text) == ANSHIN_ECONFLICT &&
           same_text(text, "many/3=stop;"),
       "%s: and the visitor may end them", f->name);
    anshin_txn_abort(txn);
    ok(anshin_txn_get_many(txn, &anshin_record_fact, keys, join_facts, text) == ANSHIN_EFAULT,
       "%s: but not after the end", f->name);
}

static void test_store_get(opened_t *f)
{
    anshin_fact_t fact;
    anshin_txn_t *look;

    fact_store(f, "alone", "1", ANSHIN_LAZY);
    look = opened_begin(f, ANSHIN_TXN_LOOK, f->pool);
    ok(anshin_txn_get(look, &anshin_record_fact, "alone", &fact) == APR_SUCCESS && same_text(fact.value, "1"),
       "%s: a look finds what was committed before it was made", f->name);
    ok(anshin_txn_get(look, &anshin_record_fact, "nobody", &fact) == ANSHIN_ENOTFOUND && f->err.status == APR_SUCCESS,
       "%s: or nothing", f->name);
    ok(fact_put(look, "alone", "2") == ANSHIN_EFAULT, "%s: a look writes nothing", f->name);
    anshin_txn_abort(look);
}

/* A rehearsal writes for itself alone. */
static void test_rehearsal(opened_t *f)
{
    static const char blob[] = "0e112233445566778899aabbccddeeff";
    anshin_txn_t *txn;
    anshin_bytes_t data;

    fact_store(f, "part", "1", ANSHIN_LAZY);
    txn = opened_begin(f, ANSHIN_TXN_REHEARSAL, f->pool);
    ok(fact_put(txn, "part", "2") == APR_SUCCESS && same_text(fact_in(txn, "part"), "2") &&
           anshin_txn_delete(txn, &anshin_record_fact, "a") == APR_SUCCESS && same_text(fact_in(txn, "a"), "-"),
       "%s: a rehearsal sees what it writes", f->name);
    ok(anshin_txn_blob_put(txn, blob, "1", 1) == APR_SUCCESS, "%s: and puts blobs", f->name);
    fact_store(f, "part", "3", ANSHIN_LAZY);
    fact_store(f, "beside", "3", ANSHIN_LAZY);
    ok(same_text(fact_in(txn, "part"), "2") && same_text(fact_in(txn, "beside"), "-"),
       "%s: others write beside it, which it does not see", f->name);
    anshin_txn_abort(txn);
    ok(same_text(fact_of(f, "part"), "3"), "%s: of what it wrote nothing stays", f->name);
    txn = opened_begin(f, ANSHIN_TXN_REHEARSAL, f->pool);
    ok(fact_put(txn, "part", "4") == APR_SUCCESS && anshin_txn_blob_put(txn, blob, "1", 1) == APR_SUCCESS &&
           anshin_txn_commit(txn, ANSHIN_DURABLE) == ANSHIN_EFAULT && same_text(fact_of(f, "part"), "3"),
       "%s: nor can it be committed", f->name);
    txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    ok(anshin_txn_blob_get(txn, blob, &data) == ANSHIN_ENOTFOUND, "%s: nor is there a blob of it", f->name);
    anshin_txn_abort(txn);
}

/* Who keeps what was read compares stamps to know whether it still holds. */
static void test_stamp(opened_t *f)
{
    anshin_store_version_t before = anshin_store_version(f->store);
    anshin_txn_t *txn;

    (void)fact_of(f, "a");
    txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    fact_put(txn, "stamp", "0");
    anshin_txn_abort(txn);
    ok(before != ANSHIN_STORE_VERSION_NONE && anshin_store_version(f->store) == before,
       "%s: neither a read nor what was aborted changes the stamp", f->name);
    for (int i = 0; i < 4; i++) {
        anshin_store_version_t last = anshin_store_version(f->store);

        fact_store(f, "stamp", "the same each time", i % 2 ? ANSHIN_LAZY : ANSHIN_DURABLE);
        ok(anshin_store_version(f->store) != last, "%s: every commit does, lazy or durable", f->name);
    }
}

static void cases(opened_t *f)
{
    test_basics(f);
    test_own_changes(f);
    test_abort(f);
    test_snapshot(f);
    test_limits(f);
    test_each(f);
    test_threads(f);
    test_series(f);
    test_get_many(f);
    test_store_get(f);
    test_rehearsal(f);
    if (f->driver->version != NULL) {
        test_stamp(f);
    }
}

int main(void)
{
    opened_run(cases);
    return done();
}
