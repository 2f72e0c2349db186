/*
 * The store: records by type and key, in transactions; and blobs.
 *
 * One anshin_store_t a process, used by all its threads. A write transaction sees its own changes; what it reads cannot
 * be changed by others until it ends. A read transaction sees only whole committed batches, and at least all that were
 * acknowledged before it began.
 *
 * Answers of every verb: APR_SUCCESS, ANSHIN_ENOTFOUND (only where said), ANSHIN_EBUSY (a lock could not be had in the
 * provider's bounded time), ANSHIN_EFAULT (broken, or full: deny). The cause goes to the error object of the
 * transaction.
 */
#ifndef ANSHIN_CORE_STORE_H
#define ANSHIN_CORE_STORE_H

#include "core/anshin.h"
#include "core/record.h"

#define ANSHIN_KEY_MAX 255      /* bytes of a key, without NUL */
#define ANSHIN_BLOB_MAX 1048576 /* bytes of a blob */

typedef struct anshin_store_t anshin_store_t;
typedef struct anshin_txn_t anshin_txn_t;
struct anshin_store_driver_t;

typedef enum anshin_txn_mode_t { ANSHIN_TXN_READ, ANSHIN_TXN_WRITE } anshin_txn_mode_t;

typedef enum anshin_durability_t {
    ANSHIN_DURABLE, /* survives loss of power once commit has returned */
    ANSHIN_LAZY     /* seen by everyone at once, survives kill -9; the next durable commit makes it durable too */
} anshin_durability_t;

/* Open the store of a provider (store_provider.h) for this process; pool's cleanup closes it. Must be called after
 * fork.
 * where: the provider's own address, a directory for dbm. APR_SUCCESS, ANSHIN_EINVALID (address), ANSHIN_EFAULT. */
apr_status_t anshin_store_open(anshin_store_t **store, const struct anshin_store_driver_t *driver, const char *where,
                               anshin_error_t *err, apr_pool_t *pool);

/* Which state of its records the store is in: while the stamp stays the same, nothing was committed by anybody, and
 * what was read after it was taken is still so. ANSHIN_STAMP_NONE: cannot be told. Costs next to nothing. */
typedef apr_uint64_t anshin_stamp_t;
#define ANSHIN_STAMP_NONE 0
anshin_stamp_t anshin_store_stamp(const anshin_store_t *store);

/* What hinders a store that still serves, to be told before it takes no more writes. */
typedef struct anshin_store_trouble_t {
    const char *why;     /* NULL: nothing that is known */
    const char *detour;  /* a fault that it could get around for this once; NULL: none */
    apr_uint64_t length; /* octets in its journal now, */
    apr_uint64_t limit;  /* and with how many it takes no more */
} anshin_store_trouble_t;
void anshin_store_trouble(anshin_store_trouble_t *trouble, const anshin_store_t *store, apr_pool_t *pool);

/* What was deleted is gone from the files too when this returns: a record that is deleted otherwise stays somewhere on
 * the disk until others need its place. Others go on meanwhile; it costs as much as two walks over the store. No
 * transaction of the caller may be open. ANSHIN_EBUSY (others keep old files; try again), ANSHIN_EFAULT. */
apr_status_t anshin_store_scrub(anshin_store_t *store, anshin_error_t *err);

/* Begin. err receives the cause of any failure until the transaction ends and must live as long. Ending pool aborts. */
apr_status_t anshin_txn_begin(anshin_txn_t **txn, anshin_store_t *store, anshin_txn_mode_t mode, anshin_error_t *err,
                              apr_pool_t *pool);

/* As it was begun. */
anshin_txn_mode_t anshin_txn_mode(const anshin_txn_t *txn);

/* Read into *record, allocated from the transaction's pool. Also answers ANSHIN_ENOTFOUND. */
apr_status_t anshin_txn_get(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key, void *record);

/* Write, new or over the old. Also ANSHIN_EINVALID: key or record too long, key empty. */
apr_status_t anshin_txn_put(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key, const void *record);

/* Remove; a key that is not there is no failure. */
apr_status_t anshin_txn_delete(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key);

/* Call visit for every record of a type whose key starts with prefix ("" for all), in no order. record lives until
 * visit returns. Anything but APR_SUCCESS from visit ends the walk and is returned; APR_EOF ends it and APR_SUCCESS is
 * returned. visit must not write. For the command and housekeeping: the cost is that of the whole store. */
typedef apr_status_t anshin_visit_fn(void *baton, const char *key, const void *record);
apr_status_t anshin_txn_each(anshin_txn_t *txn, const anshin_record_type_t *type, const char *prefix,
                             anshin_visit_fn *visit, void *baton);

/* Wipe a blob (NULL: none) when this write transaction has been committed, which then is durable: no record that still
 * names it may come back. A failure to wipe is left to housekeeping. The name must live as long as the transaction. */
void anshin_txn_wipe(anshin_txn_t *txn, const char *blob);

/* End. After any answer the transaction is over; without APR_SUCCESS nothing of it was acknowledged. */
apr_status_t anshin_txn_commit(anshin_txn_t *txn, anshin_durability_t durability);
void anshin_txn_abort(anshin_txn_t *txn); /* NULL or an ended transaction: nothing happens */

/* End as the work in it went: APR_SUCCESS commits, anything else aborts and is returned. */
apr_status_t anshin_txn_end(anshin_txn_t *txn, apr_status_t rv, anshin_durability_t durability);

/* Blobs: sealed files too secret for a journal. They are not part of a transaction: put a blob before the record that
 * names it, wipe it after the record is gone (anshin_txn_wipe()); housekeeping removes what nobody names. name: 32
 * hexadecimal digits. put is durable when it returns. get answers ANSHIN_ENOTFOUND as well. wipe overwrites, then
 * removes. */
apr_status_t anshin_blob_put(anshin_store_t *store, const char *name, const void *data, apr_size_t length,
                             anshin_error_t *err);
apr_status_t anshin_blob_get(anshin_bytes_t *data, anshin_store_t *store, const char *name, anshin_error_t *err,
                             apr_pool_t *pool);
apr_status_t anshin_blob_wipe(anshin_store_t *store, const char *name, anshin_error_t *err);

/* Call visit for every blob with the time it was written; visit may wipe it. */
typedef apr_status_t anshin_blob_visit_fn(void *baton, const char *name, apr_time_t written_at);
apr_status_t anshin_blob_each(anshin_store_t *store, anshin_blob_visit_fn *visit, void *baton, anshin_error_t *err,
                              apr_pool_t *pool);

#endif
