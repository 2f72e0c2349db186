/*
 * backlog STATE_DIR COUNT: let the queue of the worker look as if so many more jobs waited, or so many less (-COUNT).
 *
 * For suites that want to see a full queue, which takes a flood otherwise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "store/store_dbm.h"

#define KEY "jobs" /* of the sequence that counts them, core/job.c */

static apr_status_t add(const char *store_dir, long count, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_sequence_t sequence = {0};
    anshin_store_t *store;
    anshin_txn_t *txn;
    apr_status_t rv = anshin_store_open(&store, &anshin_store_dbm, store_dir, err, pool);

    if (rv != APR_SUCCESS || (rv = anshin_txn_begin(&txn, store, ANSHIN_TXN_WRITE, err, pool)) != APR_SUCCESS) {
        return rv;
    }
    rv = anshin_txn_get(txn, &anshin_record_sequence, KEY, &sequence);
    if (rv == APR_SUCCESS || rv == ANSHIN_ENOTFOUND) {
        sequence.count += count;
        rv = anshin_txn_put(txn, &anshin_record_sequence, KEY, &sequence);
    }
    return anshin_txn_end(txn, rv, ANSHIN_LAZY);
}

int main(int argc, char **argv)
{
    anshin_error_t err;
    apr_pool_t *pool;

    if (argc != 3) {
        fprintf(stderr, "usage: backlog STATE_DIR COUNT\n");
        return 2;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    anshin_error_clear(&err);
    (void)umask(S_IRWXO);
    if (add(apr_pstrcat(pool, argv[1], "/store", NULL), strtol(argv[2], NULL, 10), &err, pool) != APR_SUCCESS) {
        fprintf(stderr, "backlog: %s: %s %s\n", argv[1], err.id, err.text);
        return 1;
    }
    apr_pool_destroy(pool);
    return 0;
}
