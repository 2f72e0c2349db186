/*
 * The front of the store: what is the same for every provider. See store.h for the contract, store_provider.h for the
 * division of labour.
 *
 * SECURITY: a handle inherited over fork shares file offsets, locks and mutexes with its parent in ways that exclude
 * nobody, so every verb that starts something refuses it.
 */
#include "core/store/store.h"

#include <string.h>

#include "core/store/store_checks.h"
#include "core/store/store_provider.h"

apr_status_t anshin_store_open(anshin_store_t **store, const anshin_store_driver_t *driver, const char *where,
                               anshin_error_t *err, apr_pool_t *pool)
{
    anshin_store_t *self = apr_pcalloc(pool, sizeof(*self));
    apr_status_t status = anshin_fork_mark_make(&self->mark, err, pool);

    *store = NULL;
    if (status != APR_SUCCESS) {
        return status;
    }
    self->driver = driver;
    status = driver->open(&self->self, where, err, pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    *store = self;
    return APR_SUCCESS;
}

anshin_store_version_t anshin_store_version(const anshin_store_t *store)
{
    if (store->driver->version == NULL || !anshin_fork_mark_mine(store->mark)) {
        return ANSHIN_STORE_VERSION_NONE;
    }
    return store->driver->version(store->self);
}

void anshin_store_health(anshin_store_health_t *trouble, const anshin_store_t *store, apr_pool_t *pool)
{
    memset(trouble, 0, sizeof(*trouble));
    if (store->driver->trouble != NULL && anshin_fork_mark_mine(store->mark)) {
        store->driver->trouble(store->self, trouble, pool);
    }
}

apr_status_t anshin_store_scrub(anshin_store_t *store, anshin_error_t *err)
{
    apr_status_t status = anshin_store_check_owner(store, err);

    return status == APR_SUCCESS && store->driver->scrub != NULL ? store->driver->scrub(store->self, err) : status;
}

apr_status_t anshin_store_alone(anshin_store_t *store, anshin_error_t *err)
{
    apr_status_t status = anshin_store_check_owner(store, err);

    return status == APR_SUCCESS && store->driver->alone != NULL ? store->driver->alone(store->self, err) : status;
}

apr_status_t anshin_store_copy(anshin_store_t *store, const anshin_store_sink_t *sink, anshin_error_t *err)
{
    apr_status_t status = anshin_store_check_owner(store, err);

    if (status == APR_SUCCESS && store->driver->copy == NULL) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1700", "store: %s is backed up by means of its own",
                           store->driver->name);
    }
    return status == APR_SUCCESS ? store->driver->copy(store->self, sink, err) : status;
}

/* --- transactions ------------------------------------------------------------------------------------------------ */

static apr_status_t abort_on_cleanup(void *txn)
{
    anshin_txn_abort(txn);
    return APR_SUCCESS;
}

apr_status_t anshin_txn_begin(anshin_txn_t **txn, anshin_store_t *store, anshin_txn_mode_t mode, anshin_error_t *err,
                              apr_pool_t *pool)
{
    anshin_txn_t *self;
    apr_status_t status = anshin_store_check_owner(store, err);

    *txn = NULL;
    if (status != APR_SUCCESS) {
        return status;
    }
    self = apr_pcalloc(pool, sizeof(*self));
    self->store = store;
    self->driver = store->driver;
    self->mode = mode;
    self->err = err;
    self->pool = pool;
    status = store->driver->begin(&self->self, store->self, mode, err, pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    /* Before the subpools of pool go, so that a driver may keep what a transaction needs in one. */
    apr_pool_pre_cleanup_register(pool, self, abort_on_cleanup);
    *txn = self;
    return APR_SUCCESS;
}

int anshin_txn_writes(const anshin_txn_t *txn)
{
    return txn->mode == ANSHIN_TXN_WRITE || txn->mode == ANSHIN_TXN_REHEARSAL;
}

int anshin_txn_was_busy(const anshin_txn_t *txn)
{
    return txn->busy;
}

void anshin_txn_moves(anshin_txn_t *txn)
{
    if (txn->driver->moves != NULL) {
        txn->driver->moves(txn->self);
    }
}

void anshin_txn_durable(anshin_txn_t *txn)
{
    txn->durable = 1;
}

apr_pool_t *anshin_txn_pool(const anshin_txn_t *txn)
{
    return txn->pool;
}

apr_status_t anshin_txn_get_to(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key, void *record,
                               apr_pool_t *pool)
{
    anshin_bytes_t value = {NULL, 0};
    apr_status_t status = anshin_txn_check(txn);

    memset(record, 0, type->size);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (!anshin_key_fits(key)) {
        return ANSHIN_ENOTFOUND; /* put refuses such a key, so there is no such record */
    }
    status = anshin_txn_note(txn, txn->driver->get(txn->self, type, key, &value, pool));
    if (status != APR_SUCCESS) {
        return status;
    }
    return anshin_txn_decode(txn, type, record, value.data, value.length, pool);
}

apr_status_t anshin_txn_get(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key, void *record)
{
    return anshin_txn_get_to(txn, type, key, record, txn->pool);
}

/* A provider that is far away will have a function of its own for it. */
apr_status_t anshin_txn_get_many(anshin_txn_t *txn, const anshin_record_type_t *type, const apr_array_header_t *keys,
                                 anshin_visit_fn *visit, void *baton)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < keys->nelts && status == APR_SUCCESS; i++) {
        const char *key = APR_ARRAY_IDX(keys, i, const char *);
        void *record = apr_palloc(txn->pool, type->size);

        status = anshin_txn_get(txn, type, key, record);
        status = status == APR_SUCCESS ? visit(baton, key, record) : status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}

apr_status_t anshin_txn_put(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key, const void *record)
{
    anshin_bytes_t value;
    apr_status_t status = anshin_txn_check_writable(txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!anshin_key_fits(key)) {
        return anshin_fail(txn->err, ANSHIN_EINVALID, "AN0105",
                           "store: key of a record of type %s must have 1 to %d bytes", type->name, ANSHIN_KEY_MAX);
    }
    status = anshin_record_encode(&value, type, record, txn->pool);
    if (status != APR_SUCCESS) {
        return anshin_fail(txn->err, status, "AN0106", "store: a record of type %s would be longer than %d bytes",
                           type->name, ANSHIN_RECORD_MAX);
    }
    return anshin_txn_note(txn, txn->driver->put(txn->self, type, key, value.data, value.length));
}

apr_status_t anshin_txn_delete(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key)
{
    apr_status_t status = anshin_txn_check_writable(txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!anshin_key_fits(key)) {
        return APR_SUCCESS; /* no such record can be there */
    }
    if (type->due == ANSHIN_DUE_QUEUE) {
        status = txn->driver->due(txn->self, txn, type, key, 0);
    }
    return anshin_txn_note(txn, status == APR_SUCCESS ? txn->driver->erase(txn->self, type, key) : status);
}

/* --- what is due ------------------------------------------------------------------------------------------------- */

static apr_status_t check_kind(anshin_txn_t *txn, const anshin_record_type_t *type, int fits)
{
    return fits ? anshin_txn_check(txn)
                : anshin_fail(txn->err, ANSHIN_EINVALID, "AN1141",
                              "store: a record of type %s is not due so; see schema/records.def", type->name);
}

/* The lane of a queue is a part of its keys; of others there is none. */
static int is_queue(const anshin_due_queue_t *queue)
{
    switch (queue->type->due) {
    case ANSHIN_DUE_LOOK:
        return queue->lane == NULL;
    case ANSHIN_DUE_QUEUE:
        return queue->lane != NULL && anshin_key_fits(queue->lane) && strchr(queue->lane, '/') == NULL;
    case ANSHIN_DUE_NEVER:
        break;
    }
    return 0;
}

apr_status_t anshin_txn_due(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key, apr_time_t when)
{
    int fits = type->due == ANSHIN_DUE_LOOK || (type->due == ANSHIN_DUE_QUEUE && strchr(key, '/') != NULL);
    apr_status_t status = check_kind(txn, type, fits && anshin_key_fits(key) && when >= 0);

    if (status == APR_SUCCESS) {
        status = anshin_txn_check_writable(txn);
    }
    return anshin_txn_note(txn, status == APR_SUCCESS ? txn->driver->due(txn->self, txn, type, key, when) : status);
}

apr_status_t anshin_txn_take_due(anshin_txn_t *txn, const anshin_due_queue_t *queue, apr_time_t now, const char **key)
{
    apr_status_t status = check_kind(txn, queue->type, is_queue(queue));

    *key = NULL;
    if (status == APR_SUCCESS) {
        status = anshin_txn_check_writable(txn);
    }
    return anshin_txn_note(txn,
                           status == APR_SUCCESS ? txn->driver->take_due(txn->self, txn, queue, now, key) : status);
}

apr_status_t anshin_txn_list_due(anshin_txn_t *txn, const anshin_due_queue_t *queue, int limit,
                                 apr_array_header_t **entries)
{
    apr_status_t status = check_kind(txn, queue->type, is_queue(queue));

    *entries = apr_array_make(txn->pool, 1, sizeof(anshin_due_entry_t));
    return anshin_txn_note(txn, status == APR_SUCCESS ? txn->driver->list_due(txn->self, txn, queue, *entries, limit)
                                                      : status);
}

apr_status_t anshin_txn_count_due(anshin_txn_t *txn, const anshin_record_type_t *type, const char *group, int limit,
                                  apr_int64_t *count)
{
    apr_status_t status = check_kind(txn, type, type->due == ANSHIN_DUE_QUEUE && strchr(group, '/') != NULL);

    *count = 0;
    return anshin_txn_note(
        txn, status == APR_SUCCESS ? txn->driver->count_due(txn->self, txn, type, group, limit, count) : status);
}

apr_status_t anshin_txn_each_due(anshin_txn_t *txn, const anshin_record_type_t *type, anshin_due_visit_fn *visit,
                                 void *baton)
{
    apr_status_t status = check_kind(txn, type, type->due != ANSHIN_DUE_NEVER);

    return anshin_txn_note(txn,
                           status == APR_SUCCESS ? txn->driver->each_due(txn->self, txn, type, visit, baton) : status);
}

/* --- walking ----------------------------------------------------------------------------------------------------- */

typedef struct walk_t {
    anshin_txn_t *txn;
    const anshin_record_type_t *type;
    anshin_visit_fn *visit;
    void *baton;
    apr_pool_t *scratch; /* cleared after every record */
    apr_status_t ended;  /* by the visitor; APR_SUCCESS: it was not */
    int inspects;        /* what is damaged is handed out as NULL */
} walk_t;

static apr_status_t visit_record(void *baton, const char *key, const void *value, apr_size_t length)
{
    walk_t *walk = baton;
    void *record = apr_palloc(walk->scratch, walk->type->size);
    apr_status_t status = anshin_txn_decode(walk->txn, walk->type, record, value, length, walk->scratch);

    if (status == APR_SUCCESS || walk->inspects) {
        status = walk->visit(walk->baton, key, status == APR_SUCCESS ? record : NULL);
    }
    apr_pool_clear(walk->scratch);
    walk->ended = status;
    return status;
}

static apr_status_t walk_through(anshin_txn_t *txn, walk_t walk, const char *prefix)
{
    int nested = txn->walking;
    apr_status_t status = anshin_txn_check(txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (strnlen(prefix, ANSHIN_KEY_MAX + 1) > ANSHIN_KEY_MAX) {
        return APR_SUCCESS; /* no key starts with it */
    }
    apr_pool_create(&walk.scratch, txn->pool);
    txn->walking = 1;
    status = txn->driver->each(txn->self, walk.type, prefix, visit_record, &walk);
    txn->walking = nested;
    apr_pool_destroy(walk.scratch);
    if (walk.ended == APR_SUCCESS) {
        return anshin_txn_note(txn, status);
    }
    return status == APR_EOF ? APR_SUCCESS : status;
}

apr_status_t anshin_txn_each(anshin_txn_t *txn, const anshin_record_type_t *type, const char *prefix,
                             anshin_visit_fn *visit, void *baton)
{
    return walk_through(txn, (walk_t){.txn = txn, .type = type, .visit = visit, .baton = baton}, prefix);
}

apr_status_t anshin_txn_inspect(anshin_txn_t *txn, const anshin_record_type_t *type, anshin_visit_fn *visit,
                                void *baton)
{
    return walk_through(txn, (walk_t){.txn = txn, .type = type, .visit = visit, .baton = baton, .inspects = 1}, "");
}

typedef struct changes_t {
    walk_t walk;
    const anshin_record_type_t *const *types;
    anshin_change_fn *visit;
    void *baton;
} changes_t;

static apr_status_t visit_change(void *baton, unsigned char number, const char *key, const void *value,
                                 apr_size_t length)
{
    changes_t *changes = baton;
    walk_t *walk = &changes->walk;
    const anshin_record_type_t *const *types = changes->types;
    void *record = NULL;
    apr_status_t status = APR_SUCCESS;

    while (*types != NULL && (*types)->number != number) {
        types++;
    }
    if (*types == NULL) {
        return APR_SUCCESS;
    }
    if (value != NULL) {
        record = apr_palloc(walk->scratch, (*types)->size);
        status = anshin_txn_decode(walk->txn, *types, record, value, length, walk->scratch);
    }
    if (status == APR_SUCCESS) {
        status = changes->visit(changes->baton, *types, key, record);
    }
    apr_pool_clear(walk->scratch);
    walk->ended = status;
    return status;
}

apr_status_t anshin_txn_changes(anshin_txn_t *txn, anshin_store_point_t *point,
                                const anshin_record_type_t *const *types, anshin_change_fn *visit, void *baton)
{
    const anshin_store_point_t since = *point;
    anshin_store_point_t seen = {0, 0};
    changes_t changes = {{.txn = txn}, types, visit, baton};
    apr_status_t status = anshin_txn_check(txn);

    if (status == APR_SUCCESS && txn->mode != ANSHIN_TXN_READ) {
        status = anshin_fail(txn->err, ANSHIN_EFAULT, "AN1600", "store: changes are told to a read transaction alone");
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (txn->driver->changes != NULL) {
        txn->driver->seen(txn->self, &seen);
    }
    if (since.at == 0 || seen.at == 0) {
        *point = seen;
        return ANSHIN_ENOTFOUND;
    }
    apr_pool_create(&changes.walk.scratch, txn->pool);
    status = txn->driver->changes(txn->self, &since, visit_change, &changes);
    apr_pool_destroy(changes.walk.scratch);
    if (changes.walk.ended != APR_SUCCESS) {
        return changes.walk.ended == APR_EOF ? APR_SUCCESS : changes.walk.ended;
    }
    if (status == APR_SUCCESS || status == ANSHIN_ENOTFOUND) {
        *point = seen;
    }
    return anshin_txn_note(txn, status);
}

/* --- ending ------------------------------------------------------------------------------------------------------ */

void anshin_txn_wipe(anshin_txn_t *txn, const char *blob)
{
    if (blob == NULL) {
        return;
    }
    if (txn->wipe == NULL) {
        txn->wipe = apr_array_make(txn->pool, 4, sizeof(const char *));
        anshin_txn_durable(txn);
    }
    APR_ARRAY_PUSH(txn->wipe, const char *) = blob;
}

static void wipe_blobs(anshin_store_t *store, const apr_array_header_t *names)
{
    anshin_error_t ignored; /* housekeeping wipes what nobody names any more */

    anshin_error_clear(&ignored);
    for (int i = 0; i < names->nelts; i++) {
        (void)anshin_blob_wipe(store, APR_ARRAY_IDX(names, i, const char *), &ignored);
    }
}

apr_status_t anshin_txn_commit(anshin_txn_t *txn, anshin_durability_t durability)
{
    apr_status_t status = anshin_txn_check(txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (txn->mode == ANSHIN_TXN_REHEARSAL) {
        anshin_txn_abort(txn);
        return anshin_fail(txn->err, ANSHIN_EFAULT, "AN1282", "store: a rehearsal cannot be committed");
    }
    txn->ended = 1;
    apr_pool_cleanup_kill(txn->pool, txn, abort_on_cleanup);
    durability = txn->durable && durability == ANSHIN_LAZY ? ANSHIN_DURABLE : durability;
    status = anshin_txn_note(txn, txn->driver->commit(txn->self, durability));
    if (status == APR_SUCCESS && txn->wipe != NULL) {
        wipe_blobs(txn->store, txn->wipe);
    }
    return status;
}

void anshin_txn_abort(anshin_txn_t *txn)
{
    if (txn == NULL || txn->ended) {
        return;
    }
    txn->ended = 1;
    apr_pool_cleanup_kill(txn->pool, txn, abort_on_cleanup);
    txn->driver->abort(txn->self);
}

apr_status_t anshin_txn_end(anshin_txn_t *txn, apr_status_t status, anshin_durability_t durability)
{
    if (status != APR_SUCCESS) {
        anshin_txn_abort(txn);
        return status;
    }
    return anshin_txn_commit(txn, durability);
}

/* --- blobs ------------------------------------------------------------------------------------------------------- */

apr_status_t anshin_txn_blob_put(anshin_txn_t *txn, const char *name, const void *data, apr_size_t length)
{
    apr_status_t status = anshin_txn_check_writable(txn);

    if (status == APR_SUCCESS) {
        status = anshin_blob_check(name, txn->err);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (length > ANSHIN_BLOB_MAX) {
        return anshin_fail(txn->err, ANSHIN_EINVALID, "AN0108", "store: a blob may have %d bytes at most",
                           ANSHIN_BLOB_MAX);
    }
    return txn->mode == ANSHIN_TXN_REHEARSAL
               ? APR_SUCCESS
               : anshin_txn_note(txn, txn->driver->blob_put(txn->self, name, data, length));
}

apr_status_t anshin_txn_blob_get_to(anshin_txn_t *txn, const char *name, anshin_bytes_t *data, apr_pool_t *pool)
{
    apr_status_t status = anshin_txn_check(txn);

    data->data = NULL;
    data->length = 0;
    if (status == APR_SUCCESS) {
        status = anshin_blob_check(name, txn->err);
    }
    return status == APR_SUCCESS ? anshin_txn_note(txn, txn->driver->blob_get(txn->self, name, data, pool)) : status;
}

apr_status_t anshin_txn_blob_get(anshin_txn_t *txn, const char *name, anshin_bytes_t *data)
{
    return anshin_txn_blob_get_to(txn, name, data, txn->pool);
}

apr_status_t anshin_blob_replace(anshin_store_t *store, const char *name, const void *data, apr_size_t length,
                                 anshin_error_t *err)
{
    apr_status_t status = anshin_store_check_owner(store, err);

    status = status == APR_SUCCESS ? anshin_blob_check(name, err) : status;
    return status == APR_SUCCESS ? store->driver->blob_replace(store->self, name, data, length, err) : status;
}

apr_status_t anshin_blob_wipe(anshin_store_t *store, const char *name, anshin_error_t *err)
{
    apr_status_t status = anshin_store_check_owner(store, err);

    status = status == APR_SUCCESS ? anshin_blob_check(name, err) : status;
    return status == APR_SUCCESS ? store->driver->blob_wipe(store->self, name, err) : status;
}

apr_status_t anshin_blob_each(anshin_store_t *store, anshin_blob_visit_fn *visit, void *baton, anshin_error_t *err,
                              apr_pool_t *pool)
{
    apr_status_t status = anshin_store_check_owner(store, err);

    status = status != APR_SUCCESS ? status : store->driver->blob_each(store->self, visit, baton, err, pool);
    return status == APR_EOF ? APR_SUCCESS : status;
}
