/*
 * A dbm store that a unit program has open, with where its failures go.
 */
#ifndef ANSHIN_UNIT_DBM_SESSION_H
#define ANSHIN_UNIT_DBM_SESSION_H

#include <string.h>

#include "core/store/store.h"
#include "store/dbm/store_dbm.h"

typedef struct session_t {
    anshin_store_t *store;
    anshin_error_t err;
    apr_pool_t *pool;
} session_t;

static inline apr_status_t open_store(session_t *session, const char *where, apr_pool_t *parent)
{
    memset(session, 0, sizeof(*session));
    apr_pool_create(&session->pool, parent);
    return anshin_store_open(&session->store, &anshin_store_dbm, where, &session->err, session->pool);
}

static inline void close_store(session_t *session)
{
    apr_pool_destroy(session->pool);
}

/* A record, read in a transaction of its own; only numbers in it outlive that. The answers are those of
 * anshin_txn_begin() and anshin_txn_get(). */
static inline apr_status_t read_numbers(session_t *session, const anshin_record_type_t *type, const char *key,
                                        void *record)
{
    anshin_txn_t *txn;
    apr_pool_t *pool;
    apr_status_t status;

    apr_pool_create(&pool, session->pool);
    anshin_error_clear(&session->err);
    status = anshin_txn_begin(&txn, session->store, ANSHIN_TXN_READ, &session->err, pool);
    if (status == APR_SUCCESS) {
        status = anshin_txn_get(txn, type, key, record);
    }
    apr_pool_destroy(pool);
    return status;
}

/* Put a blob in a transaction of its own; read one. */
static inline apr_status_t put_blob_in(session_t *session, const char *name, const char *text)
{
    anshin_txn_t *txn;
    apr_status_t status = anshin_txn_begin(&txn, session->store, ANSHIN_TXN_WRITE, &session->err, session->pool);

    return status == APR_SUCCESS ? anshin_txn_end(txn, anshin_txn_blob_put(txn, name, text, strlen(text)), ANSHIN_LAZY)
                                 : status;
}

static inline apr_status_t get_blob_in(session_t *session, const char *name, anshin_bytes_t *data)
{
    anshin_txn_t *txn;
    apr_status_t status = anshin_txn_begin(&txn, session->store, ANSHIN_TXN_READ, &session->err, session->pool);

    if (status == APR_SUCCESS) {
        status = anshin_txn_blob_get(txn, name, data);
        anshin_txn_abort(txn);
    }
    return status;
}

#endif
