/*
 * When the store was last backed up (BAK-1), as far as `htanshin backup` made it: what who watches over the system is
 * told where that is too long ago (AnshinBackupAge).
 */
#ifndef ANSHIN_CORE_CONTEXT_BACKED_UP_H
#define ANSHIN_CORE_CONTEXT_BACKED_UP_H

#include "core/context/op.h"

typedef struct anshin_backed_up_t {
    apr_time_t at;    /* of the last backup; 0: there was none */
    apr_time_t since; /* where there was none: since when one has been waited for; 0: not known */
} anshin_backed_up_t;

/* In a transaction of any mode. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT; so all here. */
apr_status_t anshin_backed_up_read(anshin_op_t *op, anshin_txn_t *txn, anshin_backed_up_t *backup);

/* The same in one of its own. */
apr_status_t anshin_backed_up_get(anshin_op_t *op, anshin_backed_up_t *backup);

/* One was made then; inside a write transaction. */
apr_status_t anshin_backed_up_put(anshin_op_t *op, anshin_txn_t *txn, apr_time_t at);

/* From now on one is waited for, unless it is already. */
apr_status_t anshin_backed_up_expect(anshin_op_t *op);

/* NULL: there is nothing to complain of; else what is, in op's pool. */
const char *anshin_backed_up_late(const anshin_op_t *op, const anshin_backed_up_t *backup);

#endif
