/*
 * All records of a type looked at, and some of them acted on in short write transactions.
 *
 * A store has no order, and one walk keeps the keys of a part alone, so that memory is bounded: as many walks as there
 * are parts.
 */
#ifndef ANSHIN_CORE_ADMIN_WALK_H
#define ANSHIN_CORE_ADMIN_WALK_H

#include "core/context/op.h"

typedef struct anshin_walk_kind_t {
    const anshin_record_type_t *type;
    const char *prefix; /* of keys; "": all */
    int batch;          /* so many are acted on in a transaction: 1 where each has a user to be locked */

    /* Is something to be done about a record? Of its own contract's operation; records whose contract is not declared
     * are passed over. 0: no; else a number for act. */
    apr_int64_t (*choose)(const anshin_op_t *op, const void *record);

    /* Do it, inside a write transaction of an operation that has a contract only where the walk's has. */
    apr_status_t (*act)(anshin_op_t *op, anshin_txn_t *txn, const char *key, apr_int64_t chosen);
} anshin_walk_kind_t;

/* *done: how many were acted on are added to it. APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY: some may be done. */
apr_status_t anshin_walk(anshin_op_t *op, const anshin_walk_kind_t *kind, int *done);

#endif
