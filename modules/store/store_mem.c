/*
 * The store in memory: see store_mem.h.
 *
 * A record is the chain of its versions, newest first, each stamped with the number of the commit that made it. A
 * transaction looks at the versions of the commits before it began, so it sees whole batches only. Nothing is freed
 * before the store is: tests are short.
 */
#include "store/store_mem.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#define WRITE_WAIT apr_time_from_sec(5)

typedef struct version_t {
    const struct version_t *older;
    apr_uint64_t commit;
    anshin_bytes_t bytes; /* data NULL: erased */
} version_t;

typedef struct blob_t {
    anshin_bytes_t bytes;
    apr_time_t written_at;
} blob_t;

typedef struct mem_store_t {
    apr_pool_t *pool;            /* used under lock alone */
    apr_thread_mutex_t *lock;    /* around everything here */
    apr_thread_mutex_t *writing; /* held by the write transaction, from its begin to its end */
    apr_hash_t *records;         /* type octet + key -> version_t, the newest */
    apr_hash_t *blobs;           /* name -> blob_t */
    apr_uint64_t commits;        /* how many there were */
} mem_store_t;

typedef struct mem_txn_t {
    mem_store_t *store;
    anshin_txn_mode_t mode;
    apr_uint64_t seen;   /* commits before this transaction */
    apr_hash_t *changes; /* type octet + key -> anshin_bytes_t, data NULL when erased */
    apr_pool_t *pool;
} mem_txn_t;

/* Pools without a parent: tests use one store from several threads, each with pools of its own. */
static apr_status_t close_store(void *self)
{
    mem_store_t *store = self;

    apr_pool_destroy(store->pool);
    return APR_SUCCESS;
}

static apr_status_t mem_open(void **self, const char *where, anshin_error_t *err, apr_pool_t *pool)
{
    mem_store_t *store = apr_pcalloc(pool, sizeof(*store));

    (void)where;
    if (apr_pool_create_unmanaged(&store->pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0390", "store in memory: no memory");
    }
    apr_pool_cleanup_register(pool, store, close_store, apr_pool_cleanup_null);
    if (apr_thread_mutex_create(&store->lock, APR_THREAD_MUTEX_DEFAULT, store->pool) != APR_SUCCESS ||
        apr_thread_mutex_create(&store->writing, APR_THREAD_MUTEX_TIMED, store->pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0391", "store in memory: cannot make a mutex");
    }
    store->records = apr_hash_make(store->pool);
    store->blobs = apr_hash_make(store->pool);
    *self = store;
    return APR_SUCCESS;
}

/* data of the copy is never NULL: that means "erased". */
static anshin_bytes_t copy_of(const void *data, apr_size_t length, apr_pool_t *pool)
{
    anshin_bytes_t bytes = {apr_palloc(pool, length + 1), length};

    if (length > 0) {
        memcpy((unsigned char *)bytes.data, data, length);
    }
    return bytes;
}

/* The hash's key: type octet, then the key. */
static char *hash_key(apr_pool_t *pool, const anshin_record_type_t *type, const char *key)
{
    apr_size_t length = strlen(key);
    char *text = apr_palloc(pool, length + 2);

    text[0] = (char)type->number;
    memcpy(text + 1, key, length + 1);
    return text;
}

/* --- transactions --------------------------------------------------------------------------------------------------
 */

static anshin_stamp_t mem_stamp(void *self)
{
    mem_store_t *store = self;
    anshin_stamp_t stamp;

    apr_thread_mutex_lock(store->lock);
    stamp = store->commits + 1;
    apr_thread_mutex_unlock(store->lock);
    return stamp;
}

static apr_status_t mem_begin(void **self, void *store_self, anshin_txn_mode_t mode, anshin_error_t *err,
                              apr_pool_t *pool)
{
    mem_store_t *store = store_self;
    mem_txn_t *txn = apr_pcalloc(pool, sizeof(*txn));

    if (mode == ANSHIN_TXN_WRITE && apr_thread_mutex_timedlock(store->writing, WRITE_WAIT) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EBUSY, "AN0392", "store in memory: another write transaction does not end");
    }
    txn->store = store;
    txn->mode = mode;
    txn->pool = pool;
    txn->changes = apr_hash_make(pool);
    apr_thread_mutex_lock(store->lock);
    txn->seen = store->commits;
    apr_thread_mutex_unlock(store->lock);
    *self = txn;
    return APR_SUCCESS;
}

static const anshin_bytes_t *version_at(const version_t *version, apr_uint64_t seen)
{
    while (version != NULL && version->commit > seen) {
        version = version->older;
    }
    return version != NULL ? &version->bytes : NULL;
}

static apr_status_t mem_get(void *self, const anshin_record_type_t *type, const char *key, anshin_bytes_t *value,
                            apr_pool_t *pool)
{
    mem_txn_t *txn = self;
    const char *name = hash_key(pool, type, key);
    const anshin_bytes_t *found = apr_hash_get(txn->changes, name, APR_HASH_KEY_STRING);

    if (found == NULL) {
        apr_thread_mutex_lock(txn->store->lock);
        found = version_at(apr_hash_get(txn->store->records, name, APR_HASH_KEY_STRING), txn->seen);
        apr_thread_mutex_unlock(txn->store->lock);
    }
    if (found == NULL || found->data == NULL) {
        return ANSHIN_ENOTFOUND;
    }
    *value = copy_of(found->data, found->length, pool);
    return APR_SUCCESS;
}

static void change(mem_txn_t *txn, const anshin_record_type_t *type, const char *key, anshin_bytes_t bytes)
{
    apr_hash_set(txn->changes, hash_key(txn->pool, type, key), APR_HASH_KEY_STRING,
                 apr_pmemdup(txn->pool, &bytes, sizeof(bytes)));
}

static apr_status_t mem_put(void *self, const anshin_record_type_t *type, const char *key, const void *value,
                            apr_size_t length)
{
    mem_txn_t *txn = self;

    change(txn, type, key, copy_of(value, length, txn->pool));
    return APR_SUCCESS;
}

static apr_status_t mem_erase(void *self, const anshin_record_type_t *type, const char *key)
{
    change(self, type, key, (anshin_bytes_t){NULL, 0});
    return APR_SUCCESS;
}

/* What the transaction sees: its own changes over the versions it may see. In a hash of its own, so that no lock is
 * held while visit runs. */
static apr_hash_t *view_of(mem_txn_t *txn)
{
    apr_hash_t *committed = apr_hash_make(txn->pool);

    apr_thread_mutex_lock(txn->store->lock);
    for (apr_hash_index_t *at = apr_hash_first(txn->pool, txn->store->records); at != NULL; at = apr_hash_next(at)) {
        apr_hash_set(committed, apr_hash_this_key(at), APR_HASH_KEY_STRING,
                     version_at(apr_hash_this_val(at), txn->seen));
    }
    apr_thread_mutex_unlock(txn->store->lock);
    return apr_hash_overlay(txn->pool, txn->changes, committed);
}

static apr_status_t mem_each(void *self, const anshin_record_type_t *type, const char *prefix,
                             anshin_store_each_fn *visit, void *baton)
{
    mem_txn_t *txn = self;
    apr_status_t status = APR_SUCCESS;

    for (apr_hash_index_t *at = apr_hash_first(txn->pool, view_of(txn)); at != NULL && status == APR_SUCCESS;
         at = apr_hash_next(at)) {
        const char *key = apr_hash_this_key(at);
        const anshin_bytes_t *value = apr_hash_this_val(at);

        if ((unsigned char)key[0] == type->number && value->data != NULL &&
            strncmp(key + 1, prefix, strlen(prefix)) == 0) {
            status = visit(baton, key + 1, value->data, value->length);
        }
    }
    return status;
}

static void mem_abort(void *self)
{
    mem_txn_t *txn = self;

    if (txn->mode == ANSHIN_TXN_WRITE) {
        apr_thread_mutex_unlock(txn->store->writing);
    }
}

static void publish(mem_txn_t *txn)
{
    mem_store_t *store = txn->store;

    store->commits++;
    for (apr_hash_index_t *at = apr_hash_first(txn->pool, txn->changes); at != NULL; at = apr_hash_next(at)) {
        const char *key = apr_hash_this_key(at);
        const anshin_bytes_t *bytes = apr_hash_this_val(at);
        version_t *version = apr_palloc(store->pool, sizeof(*version));

        version->older = apr_hash_get(store->records, key, APR_HASH_KEY_STRING);
        version->commit = store->commits;
        version->bytes = *bytes;
        if (bytes->data != NULL) {
            version->bytes = copy_of(bytes->data, bytes->length, store->pool);
        }
        if (version->older == NULL) {
            key = apr_pstrdup(store->pool, key);
        }
        apr_hash_set(store->records, key, APR_HASH_KEY_STRING, version);
    }
}

static apr_status_t mem_commit(void *self, anshin_durability_t durability)
{
    mem_txn_t *txn = self;

    (void)durability;
    if (txn->mode == ANSHIN_TXN_WRITE) {
        apr_thread_mutex_lock(txn->store->lock);
        publish(txn);
        apr_thread_mutex_unlock(txn->store->lock);
    }
    mem_abort(txn);
    return APR_SUCCESS;
}

/* --- blobs ---------------------------------------------------------------------------------------------------------
 */

static apr_status_t mem_blob_put(void *self, const char *name, const void *data, apr_size_t length, anshin_error_t *err)
{
    mem_store_t *store = self;
    blob_t *blob;

    (void)err;
    apr_thread_mutex_lock(store->lock);
    blob = apr_palloc(store->pool, sizeof(*blob));
    blob->bytes = copy_of(data, length, store->pool);
    blob->written_at = apr_time_now();
    apr_hash_set(store->blobs, apr_pstrdup(store->pool, name), APR_HASH_KEY_STRING, blob);
    apr_thread_mutex_unlock(store->lock);
    return APR_SUCCESS;
}

static apr_status_t mem_blob_get(void *self, anshin_bytes_t *data, const char *name, anshin_error_t *err,
                                 apr_pool_t *pool)
{
    mem_store_t *store = self;
    const blob_t *blob;

    (void)err;
    apr_thread_mutex_lock(store->lock);
    blob = apr_hash_get(store->blobs, name, APR_HASH_KEY_STRING);
    if (blob != NULL) {
        *data = copy_of(blob->bytes.data, blob->bytes.length, pool);
    }
    apr_thread_mutex_unlock(store->lock);
    return blob != NULL ? APR_SUCCESS : ANSHIN_ENOTFOUND;
}

static apr_status_t mem_blob_wipe(void *self, const char *name, anshin_error_t *err)
{
    mem_store_t *store = self;

    (void)err;
    apr_thread_mutex_lock(store->lock);
    apr_hash_set(store->blobs, name, APR_HASH_KEY_STRING, NULL);
    apr_thread_mutex_unlock(store->lock);
    return APR_SUCCESS;
}

/* visit may wipe, so it works on a copy of the names. */
static apr_status_t mem_blob_each(void *self, anshin_blob_visit_fn *visit, void *baton, anshin_error_t *err,
                                  apr_pool_t *pool)
{
    mem_store_t *store = self;
    apr_hash_t *blobs;
    apr_status_t status = APR_SUCCESS;

    (void)err;
    apr_thread_mutex_lock(store->lock);
    blobs = apr_hash_copy(pool, store->blobs);
    apr_thread_mutex_unlock(store->lock);
    for (apr_hash_index_t *at = apr_hash_first(pool, blobs); at != NULL && status == APR_SUCCESS;
         at = apr_hash_next(at)) {
        const blob_t *blob = apr_hash_this_val(at);

        status = visit(baton, apr_hash_this_key(at), blob->written_at);
    }
    return status;
}

const anshin_store_driver_t anshin_store_mem = {
    .name = "mem",
    .open = mem_open,
    .stamp = mem_stamp,
    .begin = mem_begin,
    .get = mem_get,
    .put = mem_put,
    .erase = mem_erase,
    .each = mem_each,
    .commit = mem_commit,
    .abort = mem_abort,
    .blob_put = mem_blob_put,
    .blob_get = mem_blob_get,
    .blob_wipe = mem_blob_wipe,
    .blob_each = mem_blob_each,
};
