/*
 * The driver table of a store provider. Only core/store/store.c and modules/store include this.
 *
 * core/store/store.c does for every provider: argument checks, encoding and decoding, refusing writes in a read
 * transaction, ending a transaction once. A provider moves bytes. type tells an SQL provider the columns; key is NUL
 * terminated, 1 to ANSHIN_KEY_MAX bytes. Answers are those of store.h.
 */
#ifndef ANSHIN_CORE_STORE_STORE_PROVIDER_H
#define ANSHIN_CORE_STORE_STORE_PROVIDER_H

#include "core/store/store_types.h"

/* value lives until the function returns. */
typedef apr_status_t anshin_store_each_fn(void *baton, const char *key, const void *value, apr_size_t length);

/* The same of a change; value NULL: it was erased. number: of the record's type, of any. */
typedef apr_status_t anshin_store_change_fn(void *baton, unsigned char number, const char *key, const void *value,
                                            apr_size_t length);

typedef struct anshin_store_driver_t {
    const char *name; /* "dbm", "mem", "dbd" */

    /* *self belongs to pool, whose cleanup (registered by the driver) closes it. */
    apr_status_t (*open)(void **self, const char *where, anshin_error_t *err, apr_pool_t *pool);

    /* anshin_store_version(); NULL: this provider cannot tell. */
    anshin_store_version_t (*version)(void *self);

    /* anshin_store_health(), all 0 before; NULL: this provider has none. */
    void (*trouble)(void *self, anshin_store_health_t *trouble, apr_pool_t *pool);

    /* ANSHIN_TXN_REHEARSAL: put and erase come, commit and blob_put do not. */
    apr_status_t (*begin)(void **txn, void *self, anshin_txn_mode_t mode, anshin_error_t *err, apr_pool_t *pool);
    apr_status_t (*get)(void *txn, const anshin_record_type_t *type, const char *key, anshin_bytes_t *value,
                        apr_pool_t *pool);
    apr_status_t (*put)(void *txn, const anshin_record_type_t *type, const char *key, const void *value,
                        apr_size_t length);
    apr_status_t (*erase)(void *txn, const anshin_record_type_t *type, const char *key);
    apr_status_t (*each)(void *txn, const anshin_record_type_t *type, const char *prefix, anshin_store_each_fn *visit,
                         void *baton);

    /* anshin_txn_moves(); NULL: this provider has one lock for all. */
    void (*moves)(void *txn);

    /* anshin_txn_changes(), of all types; since is not zeros. seen: the point that the transaction sees.
     * NULL: this provider cannot tell, and whoever asks walks. One with SQL would read a table of keys by the number of
     * the transaction that changed each, written by a trigger. */
    void (*seen)(void *txn, anshin_store_point_t *point);
    apr_status_t (*changes)(void *txn, const anshin_store_point_t *since, anshin_store_change_fn *visit, void *baton);

    /* anshin_txn_due() and those below it; txn is the driver's own, front the transaction that callers have. A driver
     * without columns takes all five from modules/store/due.h, which keeps an index through front. One with a column
     * locks the owner of what it takes before it looks at it for good, and passes over what others have locked.
     * key, lane, group and when are checked; when 0 also comes before every erase of an ANSHIN_DUE_QUEUE. */
    apr_status_t (*due)(void *txn, anshin_txn_t *front, const anshin_record_type_t *type, const char *key,
                        apr_time_t when);
    apr_status_t (*take_due)(void *txn, anshin_txn_t *front, const anshin_due_queue_t *queue, apr_time_t now,
                             const char **key);
    apr_status_t (*list_due)(void *txn, anshin_txn_t *front, const anshin_due_queue_t *queue,
                             apr_array_header_t *entries, int limit);
    apr_status_t (*count_due)(void *txn, anshin_txn_t *front, const anshin_record_type_t *type, const char *group,
                              int limit, apr_int64_t *count);

    apr_status_t (*each_due)(void *txn, anshin_txn_t *front, const anshin_record_type_t *type,
                             anshin_due_visit_fn *visit, void *baton);

    apr_status_t (*commit)(void *txn, anshin_durability_t durability);
    void (*abort)(void *txn);

    /* Of a transaction. One that ends without a commit, or whose commit is known to have failed, leaves none. */
    apr_status_t (*blob_put)(void *txn, const char *name, const void *data, apr_size_t length);
    apr_status_t (*blob_get)(void *txn, const char *name, anshin_bytes_t *data, apr_pool_t *pool);

    /* Outside of them. */
    apr_status_t (*blob_replace)(void *self, const char *name, const void *data, apr_size_t length,
                                 anshin_error_t *err);
    apr_status_t (*blob_wipe)(void *self, const char *name, anshin_error_t *err);
    apr_status_t (*blob_each)(void *self, anshin_blob_visit_fn *visit, void *baton, anshin_error_t *err,
                              apr_pool_t *pool);

    /* anshin_store_alone(); NULL: nobody else can have it open. */
    apr_status_t (*alone)(void *self, anshin_error_t *err);

    /* anshin_store_scrub(); NULL: this provider keeps nothing of what was deleted. */
    apr_status_t (*scrub)(void *self, anshin_error_t *err);

    /* anshin_store_copy(); NULL: what keeps it has means of its own. */
    apr_status_t (*copy)(void *self, const anshin_store_sink_t *sink, anshin_error_t *err);
} anshin_store_driver_t;

#endif
