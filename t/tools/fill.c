/*
 * fill STATE_DIR PREFIX COUNT [TYPE]: so many records of 30,000 octets into the store, whose journal becomes long by
 * them. TYPE: of its files, gdbm where they are not of type db.
 */
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/store/store.h"
#include "store/dbm/store_dbm.h"

#define VALUE 30000

static apr_status_t put(anshin_store_t *store, const char *key, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_fact_t fact = {.at = apr_time_now(), .value = apr_psprintf(pool, "%0*d", VALUE, 0)};
    anshin_txn_t *txn;
    apr_status_t status = anshin_txn_begin(&txn, store, ANSHIN_TXN_WRITE, err, pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_txn_put(txn, &anshin_record_fact, key, &fact);
    return anshin_txn_end(txn, status, ANSHIN_LAZY);
}

int main(int argc, char **argv)
{
    anshin_store_t *store;
    anshin_error_t err;
    apr_pool_t *pool;
    apr_status_t status;

    if (argc != 4 && argc != 5) {
        fputs("usage: fill STATE_DIR PREFIX COUNT [TYPE]\n", stderr);
        return 2;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    anshin_error_clear(&err);
    status = anshin_store_open(
        &store, &anshin_store_dbm,
        apr_pstrcat(pool, argv[1], "/store", argc == 5 ? "?type=" : NULL, argc == 5 ? argv[4] : NULL, NULL), &err,
        pool);
    for (int i = 0; i < strtol(argv[3], NULL, 10) && status == APR_SUCCESS; i++) {
        apr_pool_t *each;

        apr_pool_create(&each, pool);
        status = put(store, apr_psprintf(each, "%s/%d", argv[2], i), &err, each);
        apr_pool_destroy(each);
    }
    if (status != APR_SUCCESS) {
        fprintf(stderr, "fill: %s %s\n", err.id, err.text);
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return status == APR_SUCCESS ? 0 : 1;
}
