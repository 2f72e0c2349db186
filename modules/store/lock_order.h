/*
 * The discipline of owners (core/store/owner.h), held by a store that has one lock for all: what would be a wait for
 * each other, or a write without a lock, elsewhere is a fault here. For the store in memory, and so for unit programs.
 */
#ifndef ANSHIN_STORE_LOCK_ORDER_H
#define ANSHIN_STORE_LOCK_ORDER_H

#include "core/store/owner.h"

/* What a transaction has locked; all zeros: nothing. */
typedef struct anshin_lock_order_t {
    const char *user;         /* NULL: none yet */
    const char *second;       /* where it moves: the other one that it writes; NULL: none yet */
    int moves;                /* 1: it may write two (anshin_txn_moves()) */
    anshin_owner_t last;      /* the highest of the others */
    apr_array_header_t *held; /* names of the others; NULL: none */
} anshin_lock_order_t;

/* A record of this owner is read, or written (writes). ANSHIN_EFAULT: a second user is written (where it moves: a third
 * one), or what comes first in the order is locked behind what comes later; the error names both. */
apr_status_t anshin_lock_order_take(anshin_lock_order_t *order, const anshin_owner_t *owner, int writes,
                                    anshin_error_t *err, apr_pool_t *pool);

#endif
