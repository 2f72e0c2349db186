/*
 * Transactions of the dbm store: see dbm_txn.h.
 */
#include "store/dbm/dbm_txn.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

typedef struct dbm_txn_t {
    anshin_dbm_t *store;
    anshin_txn_mode_t mode;
    anshin_error_t *err;
    apr_pool_t *pool;
    anshin_snapshot_t *snapshot; /* NULL: not entered yet */
    apr_status_t refused;        /* why it could not be */
    anshin_position_t position;  /* what it sees of the snapshot */
    anshin_mark_t mark;          /* write: the end of the journal */
    apr_hash_t *changes;         /* write, rehearsal: type octet + key -> anshin_change_t, the last of each */
    apr_array_header_t *blobs;   /* write: names of those that it has put; NULL: none */
} dbm_txn_t;

/* Take the snapshot, and before it the lock where something is to be written. It comes with the first look at what
 * others write, so that the blobs of a transaction that puts them first are on the disk before anybody has to wait. */
static apr_status_t enter(dbm_txn_t *txn)
{
    if (txn->snapshot != NULL || txn->refused != APR_SUCCESS) {
        return txn->refused;
    }
    if (txn->mode == ANSHIN_TXN_WRITE) {
        txn->refused = anshin_writer_lock(&txn->store->writer, txn->err);
        if (txn->refused != APR_SUCCESS) {
            return txn->refused;
        }
    }
    txn->refused = anshin_snapshots_take(&txn->snapshot, &txn->position, &txn->mark, &txn->store->snapshots, txn->err);
    if (txn->refused != APR_SUCCESS) {
        txn->snapshot = NULL;
        if (txn->mode == ANSHIN_TXN_WRITE) {
            anshin_writer_unlock(&txn->store->writer);
        }
    }
    return txn->refused;
}

apr_status_t anshin_dbm_begin(void **self, void *store_self, anshin_txn_mode_t mode, anshin_error_t *err,
                              apr_pool_t *pool)
{
    dbm_txn_t *txn = apr_pcalloc(pool, sizeof(*txn));

    txn->store = store_self;
    txn->mode = mode;
    txn->err = err;
    txn->pool = pool;
    txn->changes = mode == ANSHIN_TXN_WRITE || mode == ANSHIN_TXN_REHEARSAL ? apr_hash_make(pool) : NULL;
    *self = txn;
    return mode == ANSHIN_TXN_WRITE ? APR_SUCCESS : enter(txn);
}

/* What this transaction has changed itself. */
static const anshin_change_t *own_change(const dbm_txn_t *txn, unsigned char type, const char *key,
                                         apr_size_t key_length)
{
    char name[ANSHIN_DBM_FILE_KEY_MAX];

    if (txn->changes == NULL || apr_hash_count(txn->changes) == 0) {
        return NULL;
    }
    return apr_hash_get(txn->changes, name, (apr_ssize_t)anshin_base_key(name, type, key, key_length));
}

static apr_status_t copy_value(anshin_bytes_t *out, const void *value, apr_size_t length, apr_pool_t *pool)
{
    if (value == NULL) {
        return ANSHIN_ENOTFOUND;
    }
    out->data = apr_pmemdup(pool, value, length);
    out->length = length;
    return APR_SUCCESS;
}

apr_status_t anshin_dbm_get(void *self, const anshin_record_type_t *type, const char *key, anshin_bytes_t *value,
                            apr_pool_t *pool)
{
    dbm_txn_t *txn = self;
    char name[ANSHIN_DBM_FILE_KEY_MAX];
    apr_size_t length = strlen(key);
    const anshin_change_t *change = own_change(txn, type->number, key, length);
    const anshin_version_t *version;
    apr_status_t status;

    if (change != NULL) {
        return copy_value(value, change->value, change->value_length, pool);
    }
    status = enter(txn);
    if (status != APR_SUCCESS) {
        return status;
    }
    version = anshin_overlay_find(txn->snapshot->overlay, type->number, key, length, txn->position);
    if (version != NULL) {
        return copy_value(value, version->value, version->length, pool);
    }
    length = anshin_base_key(name, type->number, key, length);
    return anshin_base_get(txn->snapshot->base, name, length, value, txn->err, pool);
}

static void change_record(dbm_txn_t *txn, const anshin_record_type_t *type, const char *key, const void *value,
                          apr_size_t length)
{
    anshin_change_t *change = apr_pcalloc(txn->pool, sizeof(*change));
    apr_size_t key_length = strlen(key);
    char *name = apr_palloc(txn->pool, key_length + 1);

    anshin_base_key(name, type->number, key, key_length);
    change->type = type->number;
    change->key = name + 1;
    change->key_length = (unsigned char)key_length;
    change->value = value != NULL ? apr_pmemdup(txn->pool, value, length) : NULL;
    change->value_length = length;
    apr_hash_set(txn->changes, name, (apr_ssize_t)key_length + 1, change);
}

apr_status_t anshin_dbm_put(void *self, const anshin_record_type_t *type, const char *key, const void *value,
                            apr_size_t length)
{
    change_record(self, type, key, value, length);
    return APR_SUCCESS;
}

apr_status_t anshin_dbm_erase(void *self, const anshin_record_type_t *type, const char *key)
{
    change_record(self, type, key, NULL, 0);
    return APR_SUCCESS;
}

static void take_back_blobs(const dbm_txn_t *txn)
{
    anshin_error_t ignored; /* orphans: housekeeping finds them */

    anshin_error_clear(&ignored);
    for (int i = 0; txn->blobs != NULL && i < txn->blobs->nelts; i++) {
        (void)anshin_blobs_wipe(&txn->store->directory, APR_ARRAY_IDX(txn->blobs, i, const char *), &ignored);
    }
}

static void unlock(const dbm_txn_t *txn)
{
    if (txn->mode == ANSHIN_TXN_WRITE && txn->snapshot != NULL) {
        anshin_writer_unlock(&txn->store->writer);
    }
}

static void give_back(const dbm_txn_t *txn)
{
    if (txn->snapshot != NULL) {
        anshin_snapshots_give_back(&txn->store->snapshots, txn->snapshot);
    }
}

void anshin_dbm_abort(void *self)
{
    dbm_txn_t *txn = self;

    if (anshin_fork_mark_mine(txn->store->mark)) {
        unlock(txn);
        give_back(txn);
        take_back_blobs(txn);
    }
}

static apr_status_t append(dbm_txn_t *txn)
{
    apr_size_t count = apr_hash_count(txn->changes);
    anshin_change_t *changes = apr_palloc(txn->pool, (count + 1) * sizeof(*changes));
    anshin_batch_t batch;
    apr_size_t filled = 0;
    apr_status_t status;

    if (count == 0) {
        return APR_SUCCESS;
    }
    for (apr_hash_index_t *at = apr_hash_first(txn->pool, txn->changes); at != NULL; at = apr_hash_next(at)) {
        changes[filled++] = *(const anshin_change_t *)apr_hash_this_val(at);
    }
    status = anshin_batch_make(&batch, changes, count, txn->err, txn->pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    return anshin_writer_append(&txn->store->writer, anshin_snapshot_journal(txn->snapshot), txn->mark, &batch,
                                &txn->position, txn->err);
}

/* What was appended is seen by everybody, and whether it is durable, a failed sync leaves open: no way back from there.
 */
static apr_status_t settle(const dbm_txn_t *txn, anshin_durability_t durability)
{
    if (anshin_state_checkpointing(anshin_control_state(&txn->store->control))) {
        anshin_checkpointer_wake(&txn->store->checkpointer);
    }
    return durability != ANSHIN_LAZY ? anshin_writer_sync(&txn->store->writer, anshin_snapshot_journal(txn->snapshot),
                                                          txn->position, txn->err)
                                     : APR_SUCCESS;
}

apr_status_t anshin_dbm_commit(void *self, anshin_durability_t durability)
{
    dbm_txn_t *txn = self;
    apr_status_t status = APR_SUCCESS;

    if (txn->mode == ANSHIN_TXN_WRITE) {
        status = enter(txn);
        status = status == APR_SUCCESS ? append(txn) : status;
        unlock(txn);
        if (status == APR_SUCCESS) {
            status = settle(txn, durability);
        } else {
            take_back_blobs(txn);
        }
    }
    give_back(txn);
    return status;
}

/* --- walking ------------------------------------------------------------------------------------------------------ */

typedef struct walk_t {
    dbm_txn_t *txn;
    unsigned char type;
    const char *prefix;
    apr_size_t prefix_length;
    anshin_store_each_fn *visit;
    void *baton;
} walk_t;

static apr_status_t hand_over(const walk_t *walk, const anshin_change_t *record)
{
    char key[ANSHIN_KEY_MAX + 1];

    if (record->value == NULL || record->type != walk->type || record->key_length < walk->prefix_length ||
        memcmp(record->key, walk->prefix, walk->prefix_length) != 0) {
        return APR_SUCCESS;
    }
    memcpy(key, record->key, record->key_length);
    key[record->key_length] = '\0';
    return walk->visit(walk->baton, key, record->value, record->value_length);
}

/* Of the overlay: what this transaction has not changed itself. */
static apr_status_t visit_version(void *baton, const anshin_change_t *record)
{
    const walk_t *walk = baton;

    if (own_change(walk->txn, record->type, record->key, record->key_length) != NULL) {
        return APR_SUCCESS;
    }
    return hand_over(walk, record);
}

/* Of the base: what is not in the overlay either. */
static apr_status_t visit_base(void *baton, const anshin_change_t *record)
{
    const walk_t *walk = baton;

    if (record->type != walk->type || anshin_overlay_find(walk->txn->snapshot->overlay, record->type, record->key,
                                                          record->key_length, walk->txn->position) != NULL) {
        return APR_SUCCESS;
    }
    return visit_version(baton, record);
}

apr_status_t anshin_dbm_each(void *self, const anshin_record_type_t *type, const char *prefix,
                             anshin_store_each_fn *visit, void *baton)
{
    dbm_txn_t *txn = self;
    walk_t walk = {txn, type->number, prefix, strlen(prefix), visit, baton};
    apr_status_t status = enter(txn);

    if (status == APR_SUCCESS && txn->changes != NULL) {
        for (apr_hash_index_t *at = apr_hash_first(txn->pool, txn->changes); at != NULL && status == APR_SUCCESS;
             at = apr_hash_next(at)) {
            status = hand_over(&walk, apr_hash_this_val(at));
        }
    }
    if (status == APR_SUCCESS) {
        status = anshin_overlay_each(txn->snapshot->overlay, txn->position, visit_version, &walk);
    }
    if (status == APR_SUCCESS) {
        status = anshin_base_each(txn->snapshot->base, visit_base, &walk, txn->err);
    }
    return status;
}

/* --- what has changed --------------------------------------------------------------------------------------------- */

/* A position, and the chain of the journal there. */
void anshin_dbm_seen(void *self, anshin_store_point_t *point)
{
    const dbm_txn_t *txn = self;

    *point = (anshin_store_point_t){txn->position, txn->mark.chain};
}

typedef struct reader_t {
    anshin_store_change_fn *visit;
    void *baton;
    apr_status_t ended; /* by visit; APR_SUCCESS: it was not */
} reader_t;

static void read_change(void *baton, const anshin_change_t *change, apr_uint32_t end)
{
    reader_t *reader = baton;
    char key[ANSHIN_KEY_MAX + 1];

    (void)end;
    if (reader->ended == APR_SUCCESS) {
        memcpy(key, change->key, change->key_length);
        key[change->key_length] = '\0';
        reader->ended = reader->visit(reader->baton, change->type, key, change->value, change->value_length);
    }
}

/* The journals that a point and the transaction are in: one, or the first two. */
typedef struct since_t {
    anshin_journal_t journals[2];
    int count;
} since_t;

/* ANSHIN_ENOTFOUND: it is gone. */
static apr_status_t open_journal(const dbm_txn_t *txn, since_t *since, apr_uint32_t number, apr_pool_t *pool)
{
    apr_status_t status =
        anshin_journal_open(&since->journals[since->count], txn->store->place.directory, number, txn->err, pool);

    since->count += status == APR_SUCCESS;
    return status == ANSHIN_EINVALID ? ANSHIN_ENOTFOUND : status;
}

/* What follows on mark: each journal tells where the one before it ends. */
static apr_status_t read_journals(const dbm_txn_t *txn, const since_t *since, anshin_mark_t mark, reader_t *reader,
                                  apr_pool_t *pool)
{
    const anshin_change_visitor_t visitor = {read_change, reader};
    anshin_room_t room = {.pool = pool};
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < since->count; i++) {
        const int is_last = i + 1 == since->count;
        const apr_uint32_t to = is_last ? anshin_state_length(txn->position) : since->journals[i + 1].previous.length;

        mark = i == 0 ? mark : since->journals[i].start;
        status = anshin_journal_read(&since->journals[i], &mark, to, &visitor, txn->err, &room);
        status = status == APR_SUCCESS ? reader->ended : status;
    }
    return status;
}

/* Checkpoints keep the journal that is written and the one before it (checkpoint.c). */
static apr_status_t read_since(const dbm_txn_t *txn, const anshin_store_point_t *point, reader_t *reader,
                               apr_pool_t *pool)
{
    const apr_uint32_t first = anshin_state_generation(point->at);
    const apr_uint32_t last = anshin_state_generation(txn->position);
    const anshin_mark_t mark = {anshin_state_length(point->at), (apr_uint32_t)point->check};
    since_t since = {.count = 0};
    apr_status_t status = APR_SUCCESS;

    if (point->at > txn->position || last - first > 1) {
        return ANSHIN_ENOTFOUND;
    }
    for (apr_uint32_t number = first; status == APR_SUCCESS && number <= last; number++) {
        status = open_journal(txn, &since, number, pool);
    }
    status = status == APR_SUCCESS ? read_journals(txn, &since, mark, reader, pool) : status;
    while (since.count > 0) {
        anshin_journal_close(&since.journals[--since.count]);
    }
    return status;
}

apr_status_t anshin_dbm_changes(void *self, const anshin_store_point_t *since, anshin_store_change_fn *visit,
                                void *baton)
{
    const dbm_txn_t *txn = self;
    reader_t reader = {visit, baton, APR_SUCCESS};
    apr_pool_t *pool;
    apr_status_t status;

    if (since->at == txn->position) {
        return APR_SUCCESS;
    }
    apr_pool_create(&pool, txn->pool);
    status = read_since(txn, since, &reader, pool);
    apr_pool_destroy(pool);
    return status;
}

/* --- blobs -------------------------------------------------------------------------------------------------------- */

/* A file, durable before the commit that it belongs to. */
apr_status_t anshin_dbm_blob_put(void *self, const char *name, const void *data, apr_size_t length)
{
    dbm_txn_t *txn = self;

    if (txn->blobs == NULL) {
        txn->blobs = apr_array_make(txn->pool, 2, sizeof(const char *));
    }
    APR_ARRAY_PUSH(txn->blobs, const char *) = apr_pstrdup(txn->pool, name);
    return anshin_blobs_put(&txn->store->directory, &txn->store->shelves, name, data, length, txn->err);
}

apr_status_t anshin_dbm_blob_get(void *self, const char *name, anshin_bytes_t *data, apr_pool_t *pool)
{
    dbm_txn_t *txn = self;

    return anshin_blobs_get(&txn->store->directory, name, data, txn->err, pool);
}

apr_status_t anshin_dbm_blob_replace(void *self, const char *name, const void *data, apr_size_t length,
                                     anshin_error_t *err)
{
    return anshin_blobs_replace(&((anshin_dbm_t *)self)->directory, name, data, length, err);
}

apr_status_t anshin_dbm_blob_wipe(void *self, const char *name, anshin_error_t *err)
{
    return anshin_blobs_wipe(&((anshin_dbm_t *)self)->directory, name, err);
}

apr_status_t anshin_dbm_blob_each(void *self, anshin_blob_visit_fn *visit, void *baton, anshin_error_t *err,
                                  apr_pool_t *pool)
{
    return anshin_blobs_each(&((anshin_dbm_t *)self)->directory, visit, baton, err, pool);
}
