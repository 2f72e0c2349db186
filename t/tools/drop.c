/*
 * drop STATE_DIR KEY: takes an entry of a history out of the store, as damage would.
 */
#include <stdio.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/store/store.h"
#include "store/dbm/store_dbm.h"

static apr_status_t drop(anshin_store_t *store, const char *key, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_history_t entry;
    anshin_txn_t *txn;
    apr_status_t status = anshin_txn_begin(&txn, store, ANSHIN_TXN_WRITE, err, pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_txn_get(txn, &anshin_record_history, key, &entry);
    if (status == APR_SUCCESS) {
        status = anshin_txn_delete(txn, &anshin_record_history, key);
    }
    return anshin_txn_end(txn, status, ANSHIN_DURABLE);
}

int main(int argc, char **argv)
{
    anshin_store_t *store;
    anshin_error_t err;
    apr_pool_t *pool;
    apr_status_t status;

    if (argc != 3) {
        fputs("usage: drop STATE_DIR KEY\n", stderr);
        return 2;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    anshin_error_clear(&err);
    status = anshin_store_open(&store, &anshin_store_dbm, apr_pstrcat(pool, argv[1], "/store", NULL), &err, pool);
    if (status == APR_SUCCESS) {
        status = drop(store, argv[2], &err, pool);
    }
    if (status != APR_SUCCESS) {
        fprintf(stderr, "drop: %s %s %s\n", anshin_status_name(status), err.id, err.text);
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return status == APR_SUCCESS ? 0 : 1;
}
