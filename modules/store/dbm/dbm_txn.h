/*
 * The parts of an open dbm store, and its transactions: functions of the driver table, with the contract of
 * core/store/store_provider.h.
 */
#ifndef ANSHIN_STORE_DBM_TXN_H
#define ANSHIN_STORE_DBM_TXN_H

#include "core/base/fork_mark.h"
#include "core/store/store_provider.h"
#include "store/files/blobs.h"
#include "store/dbm/checkpointer.h"
#include "store/files/control.h"
#include "store/files/directory.h"
#include "store/dbm/snapshots.h"
#include "store/dbm/writer.h"

typedef struct anshin_dbm_t {
    apr_pool_t *pool;
    anshin_fork_mark_t *mark;
    anshin_directory_t directory;
    anshin_control_t control;
    anshin_store_place_t place;
    anshin_writer_t writer;
    anshin_checkpointer_t checkpointer;
    anshin_snapshots_t snapshots;
    anshin_shelves_t shelves;
} anshin_dbm_t;

/* begin to abort of anshin_store_driver_t. */
apr_status_t anshin_dbm_begin(void **self, void *store_self, anshin_txn_mode_t mode, anshin_error_t *err,
                              apr_pool_t *pool);
apr_status_t anshin_dbm_get(void *txn, const anshin_record_type_t *type, const char *key, anshin_bytes_t *value,
                            apr_pool_t *pool);
apr_status_t anshin_dbm_put(void *txn, const anshin_record_type_t *type, const char *key, const void *value,
                            apr_size_t length);
apr_status_t anshin_dbm_erase(void *txn, const anshin_record_type_t *type, const char *key);
apr_status_t anshin_dbm_each(void *txn, const anshin_record_type_t *type, const char *prefix,
                             anshin_store_each_fn *visit, void *baton);
void anshin_dbm_seen(void *txn, anshin_store_point_t *point);
apr_status_t anshin_dbm_changes(void *txn, const anshin_store_point_t *since, anshin_store_change_fn *visit,
                                void *baton);
apr_status_t anshin_dbm_commit(void *txn, anshin_durability_t durability);
void anshin_dbm_abort(void *txn);

/* blob_put to blob_each of the same. */
apr_status_t anshin_dbm_blob_put(void *txn, const char *name, const void *data, apr_size_t length);
apr_status_t anshin_dbm_blob_get(void *txn, const char *name, anshin_bytes_t *data, apr_pool_t *pool);
apr_status_t anshin_dbm_blob_replace(void *self, const char *name, const void *data, apr_size_t length,
                                     anshin_error_t *err);
apr_status_t anshin_dbm_blob_wipe(void *self, const char *name, anshin_error_t *err);
apr_status_t anshin_dbm_blob_each(void *self, anshin_blob_visit_fn *visit, void *baton, anshin_error_t *err,
                                  apr_pool_t *pool);

#endif
