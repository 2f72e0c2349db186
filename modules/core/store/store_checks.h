/*
 * What a store and a transaction are, and what their verbs ask before they hand anything to the driver. For store.c
 * alone.
 */
#ifndef ANSHIN_CORE_STORE_STORE_CHECKS_H
#define ANSHIN_CORE_STORE_STORE_CHECKS_H

#include "core/base/fork_mark.h"
#include "core/store/store_types.h"

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

/* APR_SUCCESS; ANSHIN_EFAULT: it was opened before a fork, by another process. */
apr_status_t anshin_store_check_owner(const anshin_store_t *store, anshin_error_t *err);

/* The same, and ANSHIN_EFAULT: the transaction has ended. */
apr_status_t anshin_txn_check(const anshin_txn_t *txn);

/* The same, and ANSHIN_EFAULT: it only reads, or a walk is under way. */
apr_status_t anshin_txn_check_writable(const anshin_txn_t *txn);

/* 1: a record may have this key. */
int anshin_key_fits(const char *key);

/* APR_SUCCESS; ANSHIN_EINVALID: none of our names. A blob's name may become a file name, so nothing but the digits that
 * we make ourselves passes. */
apr_status_t anshin_blob_check(const char *name, anshin_error_t *err);

/* What the driver answered, handed on; that it was busy is kept for anshin_txn_was_busy(). */
apr_status_t anshin_txn_note(anshin_txn_t *txn, apr_status_t status);

/* A value of the driver's as a record, in pool. APR_SUCCESS; ANSHIN_EFAULT: it is damaged. */
apr_status_t anshin_txn_decode(anshin_txn_t *txn, const anshin_record_type_t *type, void *record, const void *data,
                               apr_size_t length, apr_pool_t *pool);

#endif
