/*
 * Transactions of a store in PostgreSQL, for its driver table (store_pgsql.c); answers of core/store/store_provider.h.
 *
 * A write transaction is READ COMMITTED; what it decides by is behind the lock of its owner (core/store/owner.h), taken
 * by a statement before the one that reads. What it writes waits here and goes with COMMIT in one trip, beside a token:
 * where the answer is lost, the row of that token says whether all of it is there.
 */
#ifndef ANSHIN_STORE_PGSQL_PGSQL_TXN_H
#define ANSHIN_STORE_PGSQL_PGSQL_TXN_H

#include <apr_hash.h>

#include "core/store/owner.h"
#include "core/store/store_provider.h"
#include "store/pgsql/pgsql_store.h"

/* Begin; a rehearsal takes its snapshot at once, the others when they read first. */
apr_status_t anshin_pg_txn_begin(void **txn, void *self, anshin_txn_mode_t mode, anshin_error_t *err, apr_pool_t *pool);

/* anshin_txn_moves(): it locks a second user as well. */
void anshin_pg_txn_moves(void *txn);

/* Read one, behind the lock of its owner where it may be written. */
apr_status_t anshin_pg_txn_get(void *txn, const anshin_record_type_t *type, const char *key, anshin_bytes_t *value,
                               apr_pool_t *pool);

/* Both are sent with the commit; nobody is asked. */
apr_status_t anshin_pg_txn_put(void *txn, const anshin_record_type_t *type, const char *key, const void *value,
                               apr_size_t length);
apr_status_t anshin_pg_txn_erase(void *txn, const anshin_record_type_t *type, const char *key);

/* In batches by key, those of the transaction's own at the end. */
apr_status_t anshin_pg_txn_each(void *txn, const anshin_record_type_t *type, const char *prefix,
                                anshin_store_each_fn *visit, void *baton);

/* A blob lies in a table, and goes the way of the records. */
apr_status_t anshin_pg_txn_blob_put(void *txn, const char *name, const void *data, apr_size_t length);
apr_status_t anshin_pg_txn_blob_get(void *txn, const char *name, anshin_bytes_t *data, apr_pool_t *pool);

/* Roll back what has begun, and give back the connection and the room; of one that has ended, these alone. */
void anshin_pg_txn_abort(void *txn);

/* --- for what is due, and for the end (pgsql_due.h, pgsql_commit.h) --- */

/* A record that the transaction changes. */
typedef struct anshin_pg_change_t {
    const anshin_record_type_t *type;
    const char *key;
    anshin_bytes_t value; /* data NULL: only its time changes, or it is erased */
    int erased;
    int filed;      /* its time is set: the number of this filing in the transaction; 0: it is not */
    apr_time_t due; /* 0: at none */
} anshin_pg_change_t;

typedef struct anshin_pg_txn_t {
    anshin_pg_store_t *store;
    anshin_txn_mode_t mode;
    anshin_error_t *err;
    apr_pool_t *pool;
    anshin_pg_t *pg;           /* NULL: it needs none yet */
    int begun;                 /* BEGIN was sent */
    int commits;               /* COMMIT is being sent */
    int peeks;                 /* what is sent goes ahead of BEGIN */
    apr_status_t broken;       /* what a trip answered that was in vain: so answer all others */
    apr_hash_t *changes;       /* type octet + key -> anshin_pg_change_t */
    apr_array_header_t *order; /* of anshin_pg_change_t *, as they were first made */
    int filings;
    apr_hash_t *locked;    /* names of owners whose lock it has -> "" */
    apr_hash_t *wanted;    /* of those that it takes with the commit -> rank */
    int user;              /* it has the lock of a user: no second one, */
    int moves;             /* but where it moves (anshin_txn_moves()) */
    pthread_mutex_t *room; /* held; NULL: none */
    apr_hash_t *blobs;     /* that it has put: name -> anshin_bytes_t */
} anshin_pg_txn_t;

/* What it has changed of a record; NULL: nothing. */
anshin_pg_change_t *anshin_pg_txn_changed(const anshin_pg_txn_t *txn, const anshin_record_type_t *type,
                                          const char *key);

/* The same, made when there is nothing. */
anshin_pg_change_t *anshin_pg_txn_change(anshin_pg_txn_t *txn, const anshin_record_type_t *type, const char *key);

/* Run statements inside the transaction, which begins with the first. */
apr_status_t anshin_pg_txn_run(anshin_pg_txn_t *txn, const anshin_pg_step_t *steps, int count, PGresult **results);

/* The owner of a record whose value this is (data NULL: it is not there). Of a record that is nobody's, itself. */
void anshin_pg_owner_of(anshin_owner_t *owner, const anshin_pg_txn_t *txn, const anshin_record_type_t *type,
                        const char *key, const anshin_bytes_t *value);

/* 1: a write transaction has not locked it yet, and must: one user alone is locked. */
int anshin_pg_txn_needs_lock(const anshin_pg_txn_t *txn, const anshin_owner_t *owner);

/* --- values of statements --- */

/* A text that ends with NUL; NULL: SQL's NULL. */
static inline anshin_pg_value_t anshin_pg_text(const char *text)
{
    return (anshin_pg_value_t){text, -1};
}

/* Octets, of which data is not NULL. */
static inline anshin_pg_value_t anshin_pg_octets(anshin_bytes_t bytes)
{
    return (anshin_pg_value_t){bytes.data, (int)bytes.length};
}

#endif
