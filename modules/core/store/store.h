/*
 * The store: records by type and key, in transactions; and blobs.
 *
 * One anshin_store_t a process, used by all its threads. A write transaction sees its own changes; what it reads cannot
 * be changed by others until it ends. It waits for its locks at the first verb that reads, not when it begins. A read
 * transaction sees only whole committed batches, and at least all that were acknowledged before it began. A rehearsal
 * writes for itself alone: it takes no lock, puts no blob, and cannot be committed.
 *
 * Answers of every verb: APR_SUCCESS, ANSHIN_ENOTFOUND (only where said), ANSHIN_EBUSY (a lock did not come free in the
 * provider's bounded time, or others were in the way: nothing of the transaction is done, it can be run again),
 * ANSHIN_EFAULT (broken, or full: deny; of a commit: whether it is done is not known). The cause goes to the error
 * object of the transaction. Verbs of the core run their transactions by anshin_op_write() (core/context/op.h).
 */
#ifndef ANSHIN_CORE_STORE_STORE_H
#define ANSHIN_CORE_STORE_STORE_H

#include "core/store/store_types.h"

struct anshin_store_driver_t;

/* Open the store of a provider (store_provider.h) for this process; pool's cleanup closes it. Must be called after
 * fork.
 * where: the provider's own address, a directory for dbm. APR_SUCCESS, ANSHIN_EINVALID (address), ANSHIN_EFAULT. */
apr_status_t anshin_store_open(anshin_store_t **store, const struct anshin_store_driver_t *driver, const char *where,
                               anshin_error_t *err, apr_pool_t *pool);

/* The state of the records, as of now. Costs next to nothing. */
anshin_store_version_t anshin_store_version(const anshin_store_t *store);

/* How the store does; why and detour are in pool. */
void anshin_store_health(anshin_store_health_t *trouble, const anshin_store_t *store, apr_pool_t *pool);

/* What was deleted is gone from the files too when this returns: a record that is deleted otherwise stays somewhere on
 * the disk until others need its place. Others go on meanwhile; it costs as much as two walks over the store. No
 * transaction of the caller may be open. ANSHIN_EBUSY (others keep old files; try again), ANSHIN_EFAULT. */
apr_status_t anshin_store_scrub(anshin_store_t *store, anshin_error_t *err);

/* Make sure that no other process has the store open, and that none opens it until it is closed here. ANSHIN_EBUSY:
 * others have it open. */
apr_status_t anshin_store_alone(anshin_store_t *store, anshin_error_t *err);

/* Hand out the files of the store as it is at one moment, which make a store of their own: all that was acknowledged
 * before the call, whole transactions alone, and every blob that their records name. Others go on meanwhile. No
 * transaction of the caller may be open. What sink answers but APR_SUCCESS ends it and is returned; ANSHIN_EINVALID:
 * this provider cannot be copied so; ANSHIN_EBUSY (blobs went faster than they could be read), ANSHIN_EFAULT. */
apr_status_t anshin_store_copy(anshin_store_t *store, const anshin_store_sink_t *sink, anshin_error_t *err);

/* Begin. err receives the cause of any failure until the transaction ends and must live as long. Ending pool aborts. */
apr_status_t anshin_txn_begin(anshin_txn_t **txn, anshin_store_t *store, anshin_txn_mode_t mode, anshin_error_t *err,
                              apr_pool_t *pool);

/* 1: it may write, be it for a rehearsal. */
int anshin_txn_writes(const anshin_txn_t *txn);

/* In which it was begun: what is read lives there. */
apr_pool_t *anshin_txn_pool(const anshin_txn_t *txn);

/* Read into *record, allocated from the transaction's pool. Also answers ANSHIN_ENOTFOUND. */
apr_status_t anshin_txn_get(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key, void *record);

/* The same into a pool of the caller's, for who reads very many records in one transaction. */
apr_status_t anshin_txn_get_to(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key, void *record,
                               apr_pool_t *pool);

/* Call visit for those of the keys (of const char *) that are there, in their order: one trip to a provider that is far
 * away. Records live as long as those of anshin_txn_get(); visit may write, but none of the records still to come.
 * Anything but APR_SUCCESS from visit ends it and is returned. */
typedef apr_status_t anshin_visit_fn(void *baton, const char *key, const void *record);
apr_status_t anshin_txn_get_many(anshin_txn_t *txn, const anshin_record_type_t *type, const apr_array_header_t *keys,
                                 anshin_visit_fn *visit, void *baton);

/* Write, new or over the old. Also ANSHIN_EINVALID: key or record too long, key empty. */
apr_status_t anshin_txn_put(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key, const void *record);

/* Remove; a key that is not there is no failure. */
apr_status_t anshin_txn_delete(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key);

/* Call visit for every record of a type whose key starts with prefix ("" for all), in no order. record lives until
 * visit returns. Anything but APR_SUCCESS from visit ends the walk and is returned; APR_EOF ends it and APR_SUCCESS is
 * returned. visit must not write. For the command and housekeeping: the cost is that of the whole store. */
apr_status_t anshin_txn_each(anshin_txn_t *txn, const anshin_record_type_t *type, const char *prefix,
                             anshin_visit_fn *visit, void *baton);

/* In a read transaction: call visit for whatever was put or deleted of these types (the array ends with NULL) since
 * *point and until what the transaction sees, in the order of the commits; record NULL: it was deleted. A record may
 * come more than once, and as it no longer is. Then *point is what the transaction sees, and it costs what has changed,
 * however much there is.
 * ANSHIN_ENOTFOUND, with nothing visited: what happened since *point is not known any more, or *point is zeros; walk,
 * and go on from *point, which is what the transaction sees. It is zeros where the provider can never tell.
 * Records live and visits end as in anshin_txn_each(); after any other answer *point is as it was. */
typedef apr_status_t anshin_change_fn(void *baton, const anshin_record_type_t *type, const char *key,
                                      const void *record);
apr_status_t anshin_txn_changes(anshin_txn_t *txn, anshin_store_point_t *point,
                                const anshin_record_type_t *const *types, anshin_change_fn *visit, void *baton);

/* anshin_txn_each() over all of a type for who looks whether a store is whole: what is damaged does not end it, record
 * is NULL then. The transaction's error tells of it all the same. */
apr_status_t anshin_txn_inspect(anshin_txn_t *txn, const anshin_record_type_t *type, anshin_visit_fn *visit,
                                void *baton);

/* This write transaction may write the records of two users: of one under two names, for whoever renames a contract
 * (core/keeping/rename.h), and for nobody else. Called before it reads. */
void anshin_txn_moves(anshin_txn_t *txn);

/* What this transaction writes must be durable, whatever its end says. */
void anshin_txn_durable(anshin_txn_t *txn);

/* 1: the provider answered ANSHIN_EBUSY to this transaction, ended or not; a caller's own answer of that name is not
 * meant. */
int anshin_txn_was_busy(const anshin_txn_t *txn);

/* Blobs: sealed texts and files too secret for a journal. A blob that a write transaction puts is there with its
 * commit, durable however lazy that is, and is gone when it ends otherwise. name: 32 hexadecimal digits, drawn for this
 * blob. Also ANSHIN_EINVALID: the name, or longer than ANSHIN_BLOB_MAX.
 * Put first what is ready before the first get: a provider may take its time for it, and nobody waits meanwhile. */
apr_status_t anshin_txn_blob_put(anshin_txn_t *txn, const char *name, const void *data, apr_size_t length);

/* Read a blob, own ones as well, from the transaction's pool. Also ANSHIN_ENOTFOUND: a read transaction may find a blob
 * gone that a record in its snapshot names. */
apr_status_t anshin_txn_blob_get(anshin_txn_t *txn, const char *name, anshin_bytes_t *data);
apr_status_t anshin_txn_blob_get_to(anshin_txn_t *txn, const char *name, anshin_bytes_t *data, apr_pool_t *pool);

/* --- what is due ---
 *
 * A record of a type that is due at times (record.h) has one such time, or none. It goes with the record. A store may
 * take it for later than it is, ANSHIN_DUE_QUEUE up to the next whole second, ANSHIN_DUE_LOOK up to the next whole
 * minute, never for earlier. Of ANSHIN_DUE_LOOK it may also hand out a record at a time that it had before, once for
 * each, or the key of one that is gone: whoever takes it looks at the record.
 *
 * Filing, taking and counting cost the same however many are filed. Nothing asks for a record or a number that what is
 * filed under different keys would share: a provider whose writers lock users keeps the time in a column of the row. */

/* The record is due at a time, in place of the one that it had; 0: at none. It must be there when the transaction
 * commits. Also ANSHIN_EINVALID: a time before 1970, a key of a queue without a lane or too long for it. */
apr_status_t anshin_txn_due(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key, apr_time_t when);

/* Take the first that is due by now, those of one time in the order in which they were filed: inside a write
 * transaction, which is the first that it does there, since others are passed over whose owner somebody has locked. It
 * is due at no time then; delete it, or file it anew. *key: in the transaction's pool. ANSHIN_ENOTFOUND: none is. */
apr_status_t anshin_txn_take_due(anshin_txn_t *txn, const anshin_due_queue_t *queue, apr_time_t now, const char **key);

/* The first of all that are filed, at most limit, due or not: an array of anshin_due_entry_t in the transaction's pool,
 * in the order in which they would be taken. */
apr_status_t anshin_txn_list_due(anshin_txn_t *txn, const anshin_due_queue_t *queue, int limit,
                                 apr_array_header_t **entries);

/* How many of an ANSHIN_DUE_QUEUE are filed under keys LANE/GROUP/REST, group: LANE/GROUP. It is enough to count as far
 * as limit. */
apr_status_t anshin_txn_count_due(anshin_txn_t *txn, const anshin_record_type_t *type, const char *group, int limit,
                                  apr_int64_t *count);

/* Call visit for everything of a type that is filed, due or not, in no order. place: of those of an ANSHIN_DUE_QUEUE
 * that have the same time the one with the lower number comes first. The same record may come more than once
 * (ANSHIN_DUE_LOOK), or be gone. Lives and ends as anshin_txn_each(). */
apr_status_t anshin_txn_each_due(anshin_txn_t *txn, const anshin_record_type_t *type, anshin_due_visit_fn *visit,
                                 void *baton);

/* Wipe a blob (NULL: none) when this write transaction has been committed, which then is durable: no record that still
 * names it may come back. Where the commit succeeds and the wiping does not, the blob is an orphan: see
 * anshin_blob_each(). The name must live as long as the transaction. */
void anshin_txn_wipe(anshin_txn_t *txn, const char *blob);

/* End. After any answer the transaction is over; without APR_SUCCESS nothing of it was acknowledged. */
apr_status_t anshin_txn_commit(anshin_txn_t *txn, anshin_durability_t durability);
void anshin_txn_abort(anshin_txn_t *txn); /* NULL or an ended transaction: nothing happens */

/* End as the work in it went: APR_SUCCESS commits, anything else aborts and is returned. */
apr_status_t anshin_txn_end(anshin_txn_t *txn, apr_status_t status, anshin_durability_t durability);

/* Put something else in place of a blob, outside of transactions: who reads it finds the one or the other, and it is
 * durable when this returns; what was there is wiped. For who seals anew what it says (core/keeping/reseal.h).
 * ANSHIN_ENOTFOUND: it is not there, or was wiped meanwhile; ANSHIN_EINVALID, ANSHIN_EFAULT. */
apr_status_t anshin_blob_replace(anshin_store_t *store, const char *name, const void *data, apr_size_t length,
                                 anshin_error_t *err);

/* Orphans: blobs that no record names, left by a process that was killed beside its transaction; only a provider that
 * keeps blobs apart has any, and housekeeping alone looks for them. Call visit for every blob with the time it was
 * written, outside of transactions; visit may wipe it. wipe overwrites, then removes; what is not there is no failure.
 */
apr_status_t anshin_blob_wipe(anshin_store_t *store, const char *name, anshin_error_t *err);
apr_status_t anshin_blob_each(anshin_store_t *store, anshin_blob_visit_fn *visit, void *baton, anshin_error_t *err,
                              apr_pool_t *pool);

#endif
