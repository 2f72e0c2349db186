/*
 * Contracts that are in the midst of being renamed (core/keeping/rename.h): a fact renaming/NEW, whose value is the old
 * name, from the first step to the last.
 */
#ifndef ANSHIN_CORE_CONTEXT_RENAMING_H
#define ANSHIN_CORE_CONTEXT_RENAMING_H

#include "core/context/op.h"

typedef struct anshin_renaming_t {
    const char *from;
    const char *to;
} anshin_renaming_t;

/* The key of the fact, in op's pool. */
const char *anshin_renaming_key(const anshin_op_t *op, const char *to);

/* All that are under way: *renamings of anshin_renaming_t, in op's pool. In a transaction of any mode. APR_SUCCESS,
 * ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_renamings_in(anshin_op_t *op, anshin_txn_t *txn, apr_array_header_t **renamings);

/* ANSHIN_ECONFLICT: another name comes over to the operation's contract, so that nobody is made or erased in it: what
 * is not there yet would be taken for nobody's. The same answers besides; by a look of its own. */
apr_status_t anshin_renaming_refuse(anshin_op_t *op);

#endif
