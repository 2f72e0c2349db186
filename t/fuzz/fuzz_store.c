/*
 * A whole store whose journal is anything (fuzz_journal.h), opened by recovery and read through transactions: nothing
 * but whole batches ever appears, and all of them up to the first that is damaged.
 */
#include "fuzz_journal.h"

#include <unistd.h>

#include <apr_hash.h>

#include "store/dbm/store_dbm.h"

typedef struct expected_t {
    apr_hash_t *live; /* type octet and key -> anshin_change_t, the last of each */
    int odd;          /* a key that no record of ours has: empty or with NUL */
} expected_t;

const int fuzz_runs = 300; /* each opens a store */

static const char *directory;

/* The store with its empty first base, as it was made; nothing else is left of the run before. */
static void put_journal(const unsigned char *octets, size_t size, apr_pool_t *pool)
{
    static const char *const leftovers[] = {"control", "base.work", "base.2", "journal.2"};

    for (size_t i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]); i++) {
        (void)unlink(apr_pstrcat(pool, directory, "/", leftovers[i], NULL));
    }
    fuzz_file("store/journal.1", octets, size);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    anshin_store_t *store;
    apr_pool_t *pool;

    (void)argc;
    (void)argv;
    directory = apr_pstrcat(fuzz_root(), fuzz_directory(), "/store", NULL);
    apr_pool_create(&pool, fuzz_root());
    require(anshin_store_open(&store, &anshin_store_dbm, directory, NULL, pool) == APR_SUCCESS);
    apr_pool_destroy(pool);
    return 0;
}

/* What is committed, by the format alone. */
static void expect(expected_t *expected, const unsigned char *octets, size_t size, apr_pool_t *pool)
{
    apr_uint32_t chain = anshin_get_u32(octets + 60);
    size_t at = ANSHIN_JOURNAL_HEADER;
    size_t end;

    expected->live = apr_hash_make(pool);
    expected->odd = 0;
    while ((end = fuzz_journal_batch(&chain, octets, at, size)) != 0) {
        for (at += ANSHIN_BATCH_HEADER; at < end;) {
            anshin_change_t *change = apr_palloc(pool, sizeof(*change));
            char *key;

            at = fuzz_journal_change(change, octets, at, end);
            key = apr_pcalloc(pool, change->key_length + 1u);
            key[0] = (char)change->type;
            memcpy(key + 1, change->key, change->key_length);
            expected->odd |= change->key_length == 0 || memchr(change->key, '\0', change->key_length) != NULL;
            apr_hash_set(expected->live, key, change->key_length + 1, change->value != NULL ? change : NULL);
        }
    }
}

typedef struct walk_t {
    const expected_t *expected;
    unsigned char type;
    unsigned seen;
    apr_pool_t *pool;
} walk_t;

static apr_status_t compare(void *baton, const char *key, const void *value, apr_size_t length)
{
    walk_t *walk = baton;
    const char type[] = {(char)walk->type, '\0'};
    const anshin_change_t *change =
        apr_hash_get(walk->expected->live, apr_pstrcat(walk->pool, type, key, NULL), (apr_ssize_t)strlen(key) + 1);

    require(change != NULL && change->value_length == length && memcmp(change->value, value, length) == 0);
    walk->seen++;
    return APR_SUCCESS;
}

/* Of every type of record: all that is expected and nothing else. */
static void check_records(const expected_t *expected, apr_pool_t *pool)
{
    const anshin_store_driver_t *driver = &anshin_store_dbm;
    anshin_error_t err;
    void *store;
    void *txn;

    anshin_error_clear(&err);
    require(driver->open(&store, directory, &err, pool) == APR_SUCCESS);
    require(driver->begin(&txn, store, ANSHIN_TXN_READ, &err, pool) == APR_SUCCESS);
    for (size_t i = 0; anshin_record_types[i] != NULL; i++) {
        walk_t walk = {expected, anshin_record_types[i]->number, 0, pool};
        unsigned count = 0;

        for (apr_hash_index_t *at = apr_hash_first(pool, expected->live); at != NULL; at = apr_hash_next(at)) {
            const anshin_change_t *change = apr_hash_this_val(at);
            const char *key = apr_pstrmemdup(pool, change->key, change->key_length);
            anshin_bytes_t value;

            if (change->type == walk.type) {
                count++;
                require(driver->get(txn, anshin_record_types[i], key, &value, pool) == APR_SUCCESS);
                require(value.length == change->value_length && memcmp(value.data, change->value, value.length) == 0);
            }
        }
        require(driver->each(txn, anshin_record_types[i], "", compare, &walk) == APR_SUCCESS && walk.seen == count);
    }
    driver->abort(txn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    unsigned char *octets;
    expected_t expected;

    apr_pool_create(&pool, fuzz_pool()); /* not that one itself: the store must be closed before the next input */
    octets = fuzz_journal_make(data, &size, pool);
    put_journal(octets, size, pool);
    if (!fuzz_journal_begins(octets, size) || memcmp(octets + 28, "db", 3) != 0) {
        anshin_store_t *store;
        anshin_error_t err;
        apr_status_t status;

        anshin_error_clear(&err);
        status = anshin_store_open(&store, &anshin_store_dbm, directory, &err, pool);
        require((status == ANSHIN_EFAULT || status == ANSHIN_EINVALID) && err.text[0] != '\0');
    } else {
        expect(&expected, octets, size, pool);
        if (!expected.odd) {
            check_records(&expected, pool);
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
