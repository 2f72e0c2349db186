/*
 * The default store: see store_dbm.h. Here the parts are put together: opening and closing, and transactions.
 *
 * SECURITY: trusts the files of its directory as far as their checksums go; who may write there can forge records. A
 * process that has inherited an open store over fork leaves it alone, for locks and mutexes would exclude nobody.
 */
#include "store/store_dbm.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/fork_mark.h"
#include "store/blobs.h"
#include "store/control.h"
#include "store/folder.h"
#include "store/keeper.h"
#include "store/lock.h"
#include "store/recovery.h"
#include "store/scrub.h"
#include "store/viewer.h"
#include "store/writer.h"

#define ALIVE_WAIT apr_time_from_sec(60)

typedef struct dbm_store_t {
    apr_pool_t *pool;
    anshin_fork_mark_t *mark;
    anshin_folder_t folder;
    anshin_control_t control;
    anshin_hash_place_t place;
    anshin_writer_t writer;
    anshin_keeper_t keeper;
    anshin_viewer_t viewer;
    anshin_shelves_t shelves;
} dbm_store_t;

typedef struct dbm_txn_t {
    dbm_store_t *store;
    anshin_txn_mode_t mode;
    anshin_error_t *err;
    apr_pool_t *pool;
    anshin_view_t *view;
    anshin_position_t position; /* what it sees of the view */
    anshin_mark_t mark;         /* write: the end of the journal */
    apr_hash_t *changes;        /* write: type octet + key -> anshin_change_t, the last of each */
} dbm_txn_t;

/* --- opening and closing ------------------------------------------------------------------------------------------ */

/* DIR?type=gdbm */
static apr_status_t parse_address(const char **path, const char **type, const char *where, anshin_error_t *err,
                                  apr_pool_t *pool)
{
    const char *question = strchr(where, '?');

    *path = question != NULL ? apr_pstrmemdup(pool, where, (apr_size_t)(question - where)) : apr_pstrdup(pool, where);
    *type = "db";
    if (question != NULL) {
        if (strncmp(question, "?type=", 6) != 0) {
            return anshin_fail(err, ANSHIN_EINVALID, "AN0379",
                               "store: unknown option in address %s; only type=db and type=gdbm are known", where);
        }
        *type = apr_pstrdup(pool, question + 6);
    }
    if (strcmp(*type, "sdbm") == 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0380",
                           "store: type sdbm cannot be used, its records may have 1,008 "
                           "octets at most; use db or gdbm");
    }
    if (strcmp(*type, "db") != 0 && strcmp(*type, "gdbm") != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0381", "store: type %s is unknown; use db or gdbm", *type);
    }
    if ((*path)[0] == '\0') {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0382", "store: the address names no directory");
    }
    return APR_SUCCESS;
}

/* Join those who have the store open; whoever is alone first makes sure that it is whole. */
static apr_status_t join(dbm_store_t *store, anshin_error_t *err)
{
    apr_interval_time_t pause = 0;
    apr_time_t deadline = apr_time_now() + ALIVE_WAIT;
    int fd = store->control.fd;

    for (;;) {
        apr_status_t status = anshin_lock_try(fd, ANSHIN_LOCK_ALIVE, ANSHIN_LOCK_EXCLUSIVE, err);

        if (status == APR_SUCCESS) {
            status = anshin_recovery_run(&store->place, &store->control, err);
            return status == APR_SUCCESS ? anshin_lock_try(fd, ANSHIN_LOCK_ALIVE, ANSHIN_LOCK_SHARED, err) : status;
        }
        if (status == ANSHIN_EBUSY) {
            status = anshin_lock_try(fd, ANSHIN_LOCK_ALIVE, ANSHIN_LOCK_SHARED, err);
        }
        if (status == APR_SUCCESS && anshin_control_valid(&store->control)) {
            return APR_SUCCESS;
        }
        if (status != APR_SUCCESS && status != ANSHIN_EBUSY) {
            return status;
        }
        anshin_lock_release(fd, ANSHIN_LOCK_ALIVE);
        if (apr_time_now() >= deadline) {
            return anshin_fail(err, ANSHIN_EFAULT, "AN0383",
                               "store: %s is being opened by another process, which does not end", store->folder.path);
        }
        anshin_lock_pause(&pause);
    }
}

static apr_status_t open_parts(dbm_store_t *store, anshin_error_t *err)
{
    apr_status_t status;

    store->place.folder = &store->folder;
    store->place.lock_fd = store->control.fd;
    if (getrandom(store->place.hash_key, sizeof(store->place.hash_key), 0) != sizeof(store->place.hash_key)) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0384", "store: no random numbers: %s", strerror(errno));
    }
    status = anshin_viewer_open(&store->viewer, &store->place, &store->control, err, store->pool);
    if (status == APR_SUCCESS) {
        status = anshin_writer_open(&store->writer, &store->place, &store->control, err, store->pool);
    }
    if (status == APR_SUCCESS) {
        status = join(store, err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_keeper_open(&store->keeper, &store->place, &store->control, &store->viewer, &store->writer, err,
                                    store->pool);
    }
    return status;
}

static apr_status_t close_store(void *self)
{
    dbm_store_t *store = self;

    if (anshin_fork_mark_mine(store->mark)) {
        anshin_keeper_close(&store->keeper);
        anshin_viewer_close(&store->viewer);
    } else {
        anshin_keeper_forget(&store->keeper);
    }
    anshin_control_close(&store->control);
    anshin_folder_close(&store->folder);
    if (anshin_fork_mark_mine(store->mark)) {
        apr_pool_destroy(store->pool);
    }
    return APR_SUCCESS;
}

static apr_status_t open_folder(dbm_store_t *store, const char *path, anshin_error_t *err)
{
    apr_status_t status = anshin_folder_open(&store->folder, path, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_control_open(&store->control, &store->folder, err, store->pool);
    if (status == APR_SUCCESS) {
        status = open_parts(store, err);
        if (status != APR_SUCCESS) {
            anshin_control_close(&store->control);
        }
    }
    if (status != APR_SUCCESS) {
        anshin_folder_close(&store->folder);
    }
    return status;
}

static apr_status_t dbm_open(void **self, const char *where, anshin_error_t *err, apr_pool_t *pool)
{
    dbm_store_t *store;
    const char *path;
    apr_pool_t *own;
    apr_status_t status;

    if (apr_pool_create_unmanaged(&own) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0386", "store: no memory to open it");
    }
    store = apr_pcalloc(own, sizeof(*store));
    store->pool = own;
    status = anshin_fork_mark_make(&store->mark, err, own);
    if (status == APR_SUCCESS) {
        status = parse_address(&path, &store->place.base_type, where, err, own);
    }
    if (status == APR_SUCCESS) {
        status = anshin_table_load_driver(store->place.base_type, err);
    }
    if (status == APR_SUCCESS) {
        status = open_folder(store, path, err);
    }
    if (status != APR_SUCCESS) {
        apr_pool_destroy(own);
        return status;
    }
    apr_pool_cleanup_register(pool, store, close_store, apr_pool_cleanup_null);
    *self = store;
    return APR_SUCCESS;
}

/* --- transactions ------------------------------------------------------------------------------------------------- */

static anshin_stamp_t dbm_stamp(void *self)
{
    const dbm_store_t *store = self;

    return anshin_state_position(anshin_control_state(&store->control));
}

/* A note of a checkpoint that another process has made up for in the meantime is none. */
static void dbm_trouble(void *self, anshin_store_trouble_t *trouble, apr_pool_t *pool)
{
    const dbm_store_t *store = self;
    anshin_state_t state = anshin_control_state(&store->control);
    char note[160];

    anshin_control_last_note(note, sizeof(note), &store->control);
    if (note[0] != '\0' && (anshin_state_folding(state) || anshin_writer_is_due(&store->writer))) {
        trouble->why = apr_pstrdup(pool, note);
    }
    anshin_control_last_detour(note, sizeof(note), &store->control);
    trouble->detour = note[0] != '\0' ? apr_pstrdup(pool, note) : NULL;
    trouble->length = anshin_state_length(state);
    trouble->limit = ANSHIN_JOURNAL_LIMIT;
}

static apr_status_t dbm_begin(void **self, void *store_self, anshin_txn_mode_t mode, anshin_error_t *err,
                              apr_pool_t *pool)
{
    dbm_txn_t *txn = apr_pcalloc(pool, sizeof(*txn));
    apr_status_t status;

    txn->store = store_self;
    txn->mode = mode;
    txn->err = err;
    txn->pool = pool;
    if (mode == ANSHIN_TXN_WRITE) {
        txn->changes = apr_hash_make(pool);
        status = anshin_writer_lock(&txn->store->writer, err);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    status = anshin_viewer_take(&txn->view, &txn->position, &txn->mark, &txn->store->viewer, err);
    if (status != APR_SUCCESS) {
        if (mode == ANSHIN_TXN_WRITE) {
            anshin_writer_unlock(&txn->store->writer);
        }
        return status;
    }
    *self = txn;
    return APR_SUCCESS;
}

/* What this transaction has changed itself. */
static const anshin_change_t *own_change(const dbm_txn_t *txn, unsigned char type, const char *key,
                                         apr_size_t key_length)
{
    char name[ANSHIN_TABLE_KEY_MAX];

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

static apr_status_t dbm_get(void *self, const anshin_record_type_t *type, const char *key, anshin_bytes_t *value,
                            apr_pool_t *pool)
{
    dbm_txn_t *txn = self;
    apr_size_t length = strlen(key);
    const anshin_change_t *change = own_change(txn, type->number, key, length);
    const anshin_version_t *version;

    if (change != NULL) {
        return copy_value(value, change->value, change->value_length, pool);
    }
    version = anshin_overlay_find(txn->view->overlay, type->number, key, length, txn->position);
    if (version != NULL) {
        return copy_value(value, version->value, version->length, pool);
    }
    return anshin_base_get(txn->view->base, type->number, key, length, value, txn->err, pool);
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

static apr_status_t dbm_put(void *self, const anshin_record_type_t *type, const char *key, const void *value,
                            apr_size_t length)
{
    change_record(self, type, key, value, length);
    return APR_SUCCESS;
}

static apr_status_t dbm_erase(void *self, const anshin_record_type_t *type, const char *key)
{
    change_record(self, type, key, NULL, 0);
    return APR_SUCCESS;
}

static void end(dbm_txn_t *txn)
{
    if (txn->mode == ANSHIN_TXN_WRITE) {
        anshin_writer_unlock(&txn->store->writer);
    }
    anshin_viewer_give_back(&txn->store->viewer, txn->view);
}

static void dbm_abort(void *self)
{
    dbm_txn_t *txn = self;

    if (anshin_fork_mark_mine(txn->store->mark)) {
        end(txn);
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
    return anshin_writer_append(&txn->store->writer, anshin_view_journal(txn->view), txn->mark, &batch, &txn->position,
                                txn->err);
}

static apr_status_t dbm_commit(void *self, anshin_durability_t durability)
{
    dbm_txn_t *txn = self;
    apr_status_t status;

    if (txn->mode == ANSHIN_TXN_READ) {
        end(txn);
        return APR_SUCCESS;
    }
    status = append(txn);
    anshin_writer_unlock(&txn->store->writer);
    if (status == APR_SUCCESS) {
        if (anshin_state_folding(anshin_control_state(&txn->store->control))) {
            anshin_keeper_wake(&txn->store->keeper);
        }
        if (durability == ANSHIN_DURABLE) {
            status = anshin_writer_sync(&txn->store->writer, anshin_view_journal(txn->view), txn->position, txn->err);
        }
    }
    anshin_viewer_give_back(&txn->store->viewer, txn->view);
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

    if (record->type != walk->type || anshin_overlay_find(walk->txn->view->overlay, record->type, record->key,
                                                          record->key_length, walk->txn->position) != NULL) {
        return APR_SUCCESS;
    }
    return visit_version(baton, record);
}

static apr_status_t dbm_each(void *self, const anshin_record_type_t *type, const char *prefix,
                             anshin_store_each_fn *visit, void *baton)
{
    dbm_txn_t *txn = self;
    walk_t walk = {txn, type->number, prefix, strlen(prefix), visit, baton};
    apr_status_t status = APR_SUCCESS;

    if (txn->changes != NULL) {
        for (apr_hash_index_t *at = apr_hash_first(txn->pool, txn->changes); at != NULL && status == APR_SUCCESS;
             at = apr_hash_next(at)) {
            status = hand_over(&walk, apr_hash_this_val(at));
        }
    }
    if (status == APR_SUCCESS) {
        status = anshin_overlay_each(txn->view->overlay, txn->position, visit_version, &walk);
    }
    if (status == APR_SUCCESS) {
        status = anshin_base_each(txn->view->base, visit_base, &walk, txn->err);
    }
    return status;
}

/* --- blobs -------------------------------------------------------------------------------------------------------- */

static apr_status_t dbm_blob_put(void *self, const char *name, const void *data, apr_size_t length, anshin_error_t *err)
{
    dbm_store_t *store = self;

    return anshin_blobs_put(&store->folder, &store->shelves, name, data, length, err);
}

static apr_status_t dbm_blob_get(void *self, anshin_bytes_t *data, const char *name, anshin_error_t *err,
                                 apr_pool_t *pool)
{
    return anshin_blobs_get(&((dbm_store_t *)self)->folder, name, data, err, pool);
}

static apr_status_t dbm_blob_wipe(void *self, const char *name, anshin_error_t *err)
{
    return anshin_blobs_wipe(&((dbm_store_t *)self)->folder, name, err);
}

static apr_status_t dbm_blob_each(void *self, anshin_blob_visit_fn *visit, void *baton, anshin_error_t *err,
                                  apr_pool_t *pool)
{
    return anshin_blobs_each(&((dbm_store_t *)self)->folder, visit, baton, err, pool);
}

static apr_status_t dbm_scrub(void *self, anshin_error_t *err)
{
    dbm_store_t *store = self;

    return anshin_scrub_run(&store->place, &store->control, &store->writer, &store->viewer, err);
}

const anshin_store_driver_t anshin_store_dbm = {
    .name = "dbm",
    .open = dbm_open,
    .stamp = dbm_stamp,
    .trouble = dbm_trouble,
    .begin = dbm_begin,
    .get = dbm_get,
    .put = dbm_put,
    .erase = dbm_erase,
    .each = dbm_each,
    .commit = dbm_commit,
    .abort = dbm_abort,
    .blob_put = dbm_blob_put,
    .blob_get = dbm_blob_get,
    .blob_wipe = dbm_blob_wipe,
    .blob_each = dbm_blob_each,
    .scrub = dbm_scrub,
};
