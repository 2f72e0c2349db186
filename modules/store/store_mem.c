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

#include "store/due.h"
#include "store/lock_order.h"

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
    anshin_error_t *err;
    int entered;
    apr_uint64_t seen;   /* commits before it entered */
    apr_hash_t *changes; /* type octet + key -> anshin_bytes_t, data NULL when erased */
    apr_hash_t *blobs;   /* that it has put: name -> anshin_bytes_t */
    anshin_lock_order_t order;
    apr_status_t broken; /* by its order: it cannot be committed */
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

static anshin_store_version_t mem_version(void *self)
{
    mem_store_t *store = self;
    anshin_store_version_t version;

    apr_thread_mutex_lock(store->lock);
    version = store->commits + 1;
    apr_thread_mutex_unlock(store->lock);
    return version;
}

/* With the first look at what others write. */
static apr_status_t enter(mem_txn_t *txn)
{
    mem_store_t *store = txn->store;

    if (txn->entered) {
        return APR_SUCCESS;
    }
    if (txn->mode == ANSHIN_TXN_WRITE && apr_thread_mutex_timedlock(store->writing, WRITE_WAIT) != APR_SUCCESS) {
        return anshin_fail(txn->err, ANSHIN_EBUSY, "AN0392", "store in memory: another write transaction does not end");
    }
    txn->entered = 1;
    apr_thread_mutex_lock(store->lock);
    txn->seen = store->commits;
    apr_thread_mutex_unlock(store->lock);
    return APR_SUCCESS;
}

static apr_status_t mem_begin(void **self, void *store_self, anshin_txn_mode_t mode, anshin_error_t *err,
                              apr_pool_t *pool)
{
    mem_txn_t *txn = apr_pcalloc(pool, sizeof(*txn));

    txn->store = store_self;
    txn->mode = mode;
    txn->err = err;
    txn->pool = pool;
    txn->changes = apr_hash_make(pool);
    txn->blobs = apr_hash_make(pool);
    *self = txn;
    return mode == ANSHIN_TXN_WRITE ? APR_SUCCESS : enter(txn);
}

static const anshin_bytes_t *version_at(const version_t *version, apr_uint64_t seen)
{
    while (version != NULL && version->commit > seen) {
        version = version->older;
    }
    return version != NULL ? &version->bytes : NULL;
}

/* What the transaction sees of a record; NULL: nothing. */
static const anshin_bytes_t *look(const mem_txn_t *txn, const char *name)
{
    const anshin_bytes_t *found = apr_hash_get(txn->changes, name, APR_HASH_KEY_STRING);

    if (found == NULL) {
        apr_thread_mutex_lock(txn->store->lock);
        found = version_at(apr_hash_get(txn->store->records, name, APR_HASH_KEY_STRING), txn->seen);
        apr_thread_mutex_unlock(txn->store->lock);
    }
    return found != NULL && found->data != NULL ? found : NULL;
}

/* Take the lock of a record's owner, as a store with a lock for each would. value NULL: the record is not there. */
static apr_status_t take_lock(mem_txn_t *txn, const anshin_record_type_t *type, const char *key,
                              const anshin_bytes_t *value, int writes)
{
    void *record = value != NULL ? apr_palloc(txn->pool, type->size) : NULL;
    anshin_owner_t owner;

    if (txn->mode != ANSHIN_TXN_WRITE ||
        (record != NULL && anshin_record_decode(record, type, value->data, value->length, txn->pool) != APR_SUCCESS)) {
        return APR_SUCCESS; /* what is damaged, the front finds */
    }
    anshin_owner_of(&owner, type, key, record, txn->pool);
    txn->broken = txn->broken == APR_SUCCESS ? anshin_lock_order_take(&txn->order, &owner, writes, txn->err, txn->pool)
                                             : txn->broken;
    return txn->broken;
}

static void mem_moves(void *self)
{
    ((mem_txn_t *)self)->order.moves = 1;
}

static apr_status_t mem_get(void *self, const anshin_record_type_t *type, const char *key, anshin_bytes_t *value,
                            apr_pool_t *pool)
{
    mem_txn_t *txn = self;
    const anshin_bytes_t *found;
    apr_status_t status = enter(txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    found = look(txn, hash_key(pool, type, key));
    if ((status = take_lock(txn, type, key, found, 0)) != APR_SUCCESS) {
        return status;
    }
    if (found == NULL) {
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

/* Both owners are locked: of the record as it was, and as it will be. after NULL: it goes. */
static apr_status_t take_for_write(mem_txn_t *txn, const anshin_record_type_t *type, const char *key,
                                   const anshin_bytes_t *after)
{
    const anshin_bytes_t *before;
    apr_status_t status = enter(txn);

    if (status == APR_SUCCESS) {
        before = look(txn, hash_key(txn->pool, type, key));
        status = take_lock(txn, type, key, before, 1);
    }
    return status == APR_SUCCESS && after != NULL ? take_lock(txn, type, key, after, 1) : status;
}

static apr_status_t mem_put(void *self, const anshin_record_type_t *type, const char *key, const void *value,
                            apr_size_t length)
{
    mem_txn_t *txn = self;
    const anshin_bytes_t bytes = copy_of(value, length, txn->pool);
    apr_status_t status = take_for_write(txn, type, key, &bytes);

    if (status == APR_SUCCESS) {
        change(txn, type, key, bytes);
    }
    return status;
}

static apr_status_t mem_erase(void *self, const anshin_record_type_t *type, const char *key)
{
    apr_status_t status = take_for_write(self, type, key, NULL);

    if (status == APR_SUCCESS) {
        change(self, type, key, (anshin_bytes_t){NULL, 0});
    }
    return status;
}

/* Is this key of a hash one of the type, and does it begin with the prefix? */
static int is_asked_for(const char *name, const anshin_record_type_t *type, const char *prefix)
{
    return (unsigned char)name[0] == type->number && strncmp(name + 1, prefix, strlen(prefix)) == 0;
}

/* What the transaction sees of a type: its own changes over the versions it may see. In a hash of its own, so that no
 * lock is held while visit runs; with nothing in it that is not asked for, since a store has many types. */
static apr_hash_t *view_of(mem_txn_t *txn, const anshin_record_type_t *type, const char *prefix)
{
    apr_hash_t *view = apr_hash_make(txn->pool);

    apr_thread_mutex_lock(txn->store->lock);
    for (apr_hash_index_t *at = apr_hash_first(txn->pool, txn->store->records); at != NULL; at = apr_hash_next(at)) {
        if (is_asked_for(apr_hash_this_key(at), type, prefix)) {
            apr_hash_set(view, apr_hash_this_key(at), APR_HASH_KEY_STRING,
                         version_at(apr_hash_this_val(at), txn->seen));
        }
    }
    apr_thread_mutex_unlock(txn->store->lock);
    for (apr_hash_index_t *at = apr_hash_first(txn->pool, txn->changes); at != NULL; at = apr_hash_next(at)) {
        if (is_asked_for(apr_hash_this_key(at), type, prefix)) {
            apr_hash_set(view, apr_hash_this_key(at), APR_HASH_KEY_STRING, apr_hash_this_val(at));
        }
    }
    return view;
}

static apr_status_t mem_each(void *self, const anshin_record_type_t *type, const char *prefix,
                             anshin_store_each_fn *visit, void *baton)
{
    mem_txn_t *txn = self;
    apr_status_t status = enter(txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    for (apr_hash_index_t *at = apr_hash_first(txn->pool, view_of(txn, type, prefix));
         at != NULL && status == APR_SUCCESS; at = apr_hash_next(at)) {
        const anshin_bytes_t *value = apr_hash_this_val(at);

        if (value->data != NULL) {
            status = visit(baton, (const char *)apr_hash_this_key(at) + 1, value->data, value->length);
        }
    }
    return status;
}

/* Commits and 1, so that none is zeros. */
static void mem_seen(void *self, anshin_store_point_t *point)
{
    *point = (anshin_store_point_t){((const mem_txn_t *)self)->seen + 1, 0};
}

/* The last change of each record. */
static apr_status_t mem_changes(void *self, const anshin_store_point_t *since, anshin_store_change_fn *visit,
                                void *baton)
{
    mem_txn_t *txn = self;
    apr_hash_t *changed = apr_hash_make(txn->pool);
    apr_status_t status = APR_SUCCESS;

    apr_thread_mutex_lock(txn->store->lock);
    for (apr_hash_index_t *at = apr_hash_first(txn->pool, txn->store->records); at != NULL; at = apr_hash_next(at)) {
        const version_t *version = apr_hash_this_val(at);

        while (version != NULL && version->commit > txn->seen) {
            version = version->older;
        }
        if (version != NULL && version->commit >= since->at) {
            apr_hash_set(changed, apr_hash_this_key(at), APR_HASH_KEY_STRING, version);
        }
    }
    apr_thread_mutex_unlock(txn->store->lock);
    for (apr_hash_index_t *at = apr_hash_first(txn->pool, changed); at != NULL && status == APR_SUCCESS;
         at = apr_hash_next(at)) {
        const char *key = apr_hash_this_key(at);
        const version_t *version = apr_hash_this_val(at);

        status = visit(baton, (unsigned char)key[0], key + 1, version->bytes.data, version->bytes.length);
    }
    return status;
}

static void mem_abort(void *self)
{
    mem_txn_t *txn = self;

    if (txn->mode == ANSHIN_TXN_WRITE && txn->entered) {
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

static void publish_blobs(mem_txn_t *txn)
{
    mem_store_t *store = txn->store;

    for (apr_hash_index_t *at = apr_hash_first(txn->pool, txn->blobs); at != NULL; at = apr_hash_next(at)) {
        const anshin_bytes_t *bytes = apr_hash_this_val(at);
        blob_t *blob = apr_palloc(store->pool, sizeof(*blob));

        blob->bytes = copy_of(bytes->data, bytes->length, store->pool);
        blob->written_at = apr_time_now();
        apr_hash_set(store->blobs, apr_pstrdup(store->pool, apr_hash_this_key(at)), APR_HASH_KEY_STRING, blob);
    }
}

__attribute__((weak)) anshin_mem_fate_t anshin_store_mem_fate(void)
{
    return ANSHIN_MEM_DONE;
}

static apr_status_t publish_all(mem_txn_t *txn)
{
    anshin_mem_fate_t fate = anshin_store_mem_fate();

    if (fate == ANSHIN_MEM_DONE || fate == ANSHIN_MEM_FOUND) {
        apr_thread_mutex_lock(txn->store->lock);
        publish(txn);
        publish_blobs(txn);
        apr_thread_mutex_unlock(txn->store->lock);
    }
    if (fate == ANSHIN_MEM_DONE) {
        return APR_SUCCESS;
    }
    return anshin_fail(txn->err, fate == ANSHIN_MEM_NOT_DONE ? ANSHIN_EBUSY : ANSHIN_EFAULT, "AN1284",
                       "store in memory: the commit ended as the test wanted");
}

static apr_status_t mem_commit(void *self, anshin_durability_t durability)
{
    mem_txn_t *txn = self;
    apr_status_t status = txn->broken != APR_SUCCESS ? txn->broken : enter(txn);

    (void)durability;
    if (txn->mode == ANSHIN_TXN_WRITE && status == APR_SUCCESS) {
        status = publish_all(txn);
    }
    mem_abort(txn);
    return status;
}

/* --- blobs ---------------------------------------------------------------------------------------------------------
 */

static apr_status_t mem_blob_put(void *self, const char *name, const void *data, apr_size_t length)
{
    mem_txn_t *txn = self;
    anshin_bytes_t bytes = copy_of(data, length, txn->pool);

    apr_hash_set(txn->blobs, apr_pstrdup(txn->pool, name), APR_HASH_KEY_STRING,
                 apr_pmemdup(txn->pool, &bytes, sizeof(bytes)));
    return APR_SUCCESS;
}

static apr_status_t mem_blob_get(void *self, const char *name, anshin_bytes_t *data, apr_pool_t *pool)
{
    mem_txn_t *txn = self;
    const anshin_bytes_t *bytes = apr_hash_get(txn->blobs, name, APR_HASH_KEY_STRING);
    const blob_t *blob;

    if (bytes == NULL) {
        apr_thread_mutex_lock(txn->store->lock);
        blob = apr_hash_get(txn->store->blobs, name, APR_HASH_KEY_STRING); /* never freed */
        apr_thread_mutex_unlock(txn->store->lock);
        bytes = blob != NULL ? &blob->bytes : NULL;
    }
    if (bytes == NULL) {
        return ANSHIN_ENOTFOUND;
    }
    *data = copy_of(bytes->data, bytes->length, pool);
    return APR_SUCCESS;
}

static apr_status_t mem_blob_replace(void *self, const char *name, const void *data, apr_size_t length,
                                     anshin_error_t *err)
{
    mem_store_t *store = self;
    blob_t *blob;

    (void)err;
    apr_thread_mutex_lock(store->lock);
    blob = apr_hash_get(store->blobs, name, APR_HASH_KEY_STRING);
    if (blob != NULL) {
        blob_t *made = apr_pmemdup(store->pool, blob, sizeof(*blob));

        made->bytes = copy_of(data, length, store->pool);
        apr_hash_set(store->blobs, apr_pstrdup(store->pool, name), APR_HASH_KEY_STRING, made);
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
    .version = mem_version,
    .begin = mem_begin,
    .get = mem_get,
    .put = mem_put,
    .erase = mem_erase,
    .each = mem_each,
    .moves = mem_moves,
    .seen = mem_seen,
    .changes = mem_changes,
    .due = anshin_due_file,
    .take_due = anshin_due_take,
    .list_due = anshin_due_list,
    .count_due = anshin_due_count,
    .each_due = anshin_due_each,
    .commit = mem_commit,
    .abort = mem_abort,
    .blob_put = mem_blob_put,
    .blob_get = mem_blob_get,
    .blob_replace = mem_blob_replace,
    .blob_wipe = mem_blob_wipe,
    .blob_each = mem_blob_each,
};
