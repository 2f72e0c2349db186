/*
 * What a store and a transaction are. For store.c alone.
 */
#ifndef ANSHIN_CORE_STORE_STORE_PRIVATE_H
#define ANSHIN_CORE_STORE_STORE_PRIVATE_H

#include "core/base/fork_mark.h"
#include "core/store/store.h"

struct anshin_store_t {
    const struct anshin_store_driver_t *driver;
    void *self; /* the driver's */
    anshin_fork_mark_t *mark;
};

struct anshin_txn_t {
    anshin_store_t *store;
    const struct anshin_store_driver_t *driver;
    void *self; /* the driver's */
    anshin_txn_mode_t mode;
    anshin_error_t *err;
    apr_pool_t *pool;
    int ended;
    int busy;                 /* anshin_txn_was_busy() */
    int durable;              /* anshin_txn_durable() */
    int walking;              /* anshin_txn_each is under way */
    apr_array_header_t *wipe; /* names of blobs to wipe after the commit; NULL: none */
};

#endif
