/*
 * The contract of the store (core/store/store.h), blobs: the same cases on every provider that runs without a server.
 */
#include <apr_general.h>

#include "unit/opened.h"
#include "unit/tap.h"

typedef struct blob_walk_t {
    opened_t *f;
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

static apr_status_t put_blob(opened_t *f, const char *name, const void *data, apr_size_t length)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);

    return anshin_txn_end(txn, anshin_txn_blob_put(txn, name, data, length), ANSHIN_LAZY);
}

static apr_status_t get_blob(opened_t *f, const char *name, anshin_bytes_t *data)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    apr_status_t status = anshin_txn_blob_get(txn, name, data);

    anshin_txn_abort(txn);
    return status;
}

static void test_blobs(opened_t *f)
{
    static const char name[] = "00112233445566778899aabbccddeeff";
    static const char other[] = "ff112233445566778899aabbccddeeff";
    anshin_bytes_t data;
    blob_walk_t walk = {f, 0};
    char *big = apr_pcalloc(f->pool, ANSHIN_BLOB_MAX + 1);

    ok(get_blob(f, name, &data) == ANSHIN_ENOTFOUND, "%s: no blob yet", f->name);
    ok(put_blob(f, name, "se\0cret", 7) == APR_SUCCESS && get_blob(f, name, &data) == APR_SUCCESS && data.length == 7 &&
           memcmp(data.data, "se\0cret", 7) == 0,
       "%s: a blob comes back", f->name);
    ok(put_blob(f, name, "new", 3) == APR_SUCCESS && get_blob(f, name, &data) == APR_SUCCESS && data.length == 3,
       "%s: put again replaces", f->name);
    ok(put_blob(f, other, big, ANSHIN_BLOB_MAX) == APR_SUCCESS && get_blob(f, other, &data) == APR_SUCCESS &&
           data.length == ANSHIN_BLOB_MAX,
       "%s: the biggest blob", f->name);
    ok(put_blob(f, other, big, ANSHIN_BLOB_MAX + 1) == ANSHIN_EINVALID, "%s: a bigger one is refused", f->name);
    ok(put_blob(f, "../../../../../../../../etc/passw", "x", 1) == ANSHIN_EINVALID &&
           put_blob(f, "0011", "x", 1) == ANSHIN_EINVALID &&
           put_blob(f, "00112233445566778899AABBCCDDEEFF", "x", 1) == ANSHIN_EINVALID &&
           get_blob(f, "", &data) == ANSHIN_EINVALID,
       "%s: a name that is not 32 lower-case hexadecimal digits is refused", f->name);
    ok(anshin_blob_wipe(f->store, name, &f->err) == APR_SUCCESS && get_blob(f, name, &data) == ANSHIN_ENOTFOUND &&
           anshin_blob_wipe(f->store, name, &f->err) == APR_SUCCESS,
       "%s: wiped, twice is harmless", f->name);
    put_blob(f, name, "again", 5);
    ok(anshin_blob_each(f->store, visit_blob, &walk, &f->err, f->pool) == APR_SUCCESS && walk.seen == 2,
       "%s: a walk over the blobs may wipe them (%d)", f->name, walk.seen);
    ok(get_blob(f, name, &data) == ANSHIN_ENOTFOUND, "%s: and did", f->name);
}

/* A blob belongs to the transaction that puts it. */
static void test_blobs_of_transaction(opened_t *f)
{
    static const char name[] = "0a112233445566778899aabbccddeeff";
    anshin_bytes_t data;
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    anshin_txn_t *other = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    apr_pool_t *sub;

    ok(anshin_txn_blob_put(txn, name, "1", 1) == APR_SUCCESS && fact_put(other, "meanwhile", "1") == APR_SUCCESS &&
           anshin_txn_commit(other, ANSHIN_LAZY) == APR_SUCCESS,
       "%s: a transaction that puts its blobs first keeps nobody waiting", f->name);
    ok(same_text(fact_in(txn, "meanwhile"), "1") && anshin_txn_blob_get(txn, name, &data) == APR_SUCCESS &&
           data.length == 1,
       "%s: then it reads what is committed by now, and its own blob", f->name);
    anshin_txn_abort(txn);
    ok(get_blob(f, name, &data) == ANSHIN_ENOTFOUND, "%s: aborted, it leaves no blob (S24)", f->name);

    apr_pool_create(&sub, f->pool);
    txn = opened_begin(f, ANSHIN_TXN_WRITE, sub);
    (void)anshin_txn_blob_put(txn, name, "1", 1);
    (void)fact_put(txn, "named", name);
    apr_pool_destroy(sub);
    ok(get_blob(f, name, &data) == ANSHIN_ENOTFOUND, "%s: nor does one whose pool ends (S24)", f->name);

    txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    (void)anshin_txn_blob_put(txn, name, "1", 1);
    anshin_txn_wipe(txn, name);
    ok(anshin_txn_commit(txn, ANSHIN_DURABLE) == APR_SUCCESS && get_blob(f, name, &data) == ANSHIN_ENOTFOUND,
       "%s: nor one that wipes it again (S24)", f->name);

    txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    ok(anshin_txn_blob_put(txn, name, "1", 1) == ANSHIN_EFAULT, "%s: a read transaction puts none", f->name);
    anshin_txn_abort(txn);
    ok(anshin_txn_blob_put(txn, name, "1", 1) == ANSHIN_EFAULT &&
           anshin_txn_blob_get(txn, name, &data) == ANSHIN_EFAULT,
       "%s: nor does one that has ended", f->name);
}

/* A blob goes with the record that named it, or stays with it. */
static void test_wiped_with(opened_t *f)
{
    const char *name = "a0112233445566778899aabbccddeeff";
    anshin_bytes_t data;
    anshin_txn_t *txn;

    ok(put_blob(f, name, "secret", 6) == APR_SUCCESS, "%s: a blob", f->name);
    txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    anshin_txn_wipe(txn, name);
    ok(anshin_txn_end(txn, ANSHIN_EDENIED, ANSHIN_DURABLE) == ANSHIN_EDENIED && get_blob(f, name, &data) == APR_SUCCESS,
       "%s: a transaction that fails wipes nothing, and says why it failed (S24)", f->name);
    txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    anshin_txn_wipe(txn, NULL);
    anshin_txn_wipe(txn, name);
    anshin_txn_wipe(txn, "b0112233445566778899aabbccddeeff");
    ok(fact_put(txn, "wiped", "1") == APR_SUCCESS && anshin_txn_end(txn, APR_SUCCESS, ANSHIN_LAZY) == APR_SUCCESS &&
           same_text(fact_of(f, "wiped"), "1") && get_blob(f, name, &data) == ANSHIN_ENOTFOUND,
       "%s: with the commit the blob is gone; one that is not there is no failure (S24)", f->name);
}

static void cases(opened_t *f)
{
    test_blobs(f);
    test_blobs_of_transaction(f);
    test_wiped_with(f);
}

int main(void)
{
    opened_run(cases);
    return done();
}
