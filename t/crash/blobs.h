/*
 * Blobs of the workload. Every BLOB_EVERY commits of a writer name a new one, as the product does it: put in the
 * transaction whose record names it, wiped with the commit whose record names it no more. A record names the last two. See
 * crash.h; private to workload.c and remains.c.
 */
#ifndef ANSHIN_CRASH_BLOBS_H
#define ANSHIN_CRASH_BLOBS_H

#include "crash.h"

#include "core/store/store.h"

#define BLOB_EVERY 4
#define BLOBS_NAMED 2

/* Where a store of `where` has a blob, below its directory, and the way back. 0: this is no blob's name. */
int blob_of_name(int *writer, int64_t *blob, const char *name);

/* What belongs to commit `number`, within its transaction. directory: of the store when what a put finds of others
 * shall be made worse: shelves whose makers were killed before they synced them, and drafts to be put over. Else NULL.
 */
apr_status_t blobs_fill(anshin_txn_t *txn, int writer, int64_t number, const char *directory, apr_pool_t *pool);

/* Does this commit wipe one, so that it is durable whatever is asked for? */
int blobs_wiped_by(int64_t number);

/* Wipe what a killed writer has not, as housekeeping does. */
apr_status_t blobs_tidy(anshin_store_t *store, int writer, int64_t number, anshin_error_t *err, apr_pool_t *pool);

/* Are blobs of a writer as they must be with `number` commits in the store, `acknowledged` of them? What is wrong, or
 * NULL. alone: as CHECK_ALONE. */
const char *blobs_check(anshin_txn_t *txn, int writer, int64_t number, int64_t acknowledged, int alone,
                        apr_pool_t *pool);

/* workload.c: text made of two numbers, up to 40,000 octets. */
const char *workload_payload(int writer, int64_t number, apr_pool_t *pool);

#endif
