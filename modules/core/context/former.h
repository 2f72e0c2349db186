/*
 * Which names a contract had before (core/keeping/rename.h). The trail tells what was under the name of then, and is
 * never written anew; so who looks in it for a person looks under all of them.
 *
 * The record is a fact, former/CONTRACT: the names with a blank between, the last one first.
 */
#ifndef ANSHIN_CORE_CONTEXT_FORMER_H
#define ANSHIN_CORE_CONTEXT_FORMER_H

#include "core/context/op.h"

/* *names: of const char *, in op's pool; empty: it had none. In a transaction of any mode. APR_SUCCESS, ANSHIN_EBUSY,
 * ANSHIN_EFAULT; so all here. */
apr_status_t anshin_former_get(const anshin_op_t *op, anshin_txn_t *txn, const char *contract,
                               apr_array_header_t **names);

/* The other contracts that were called `name` once, and are called otherwise now: *contracts of const char *, in op's
 * pool; without `but` (NULL: none is left out). In a transaction of any mode, by a walk. */
apr_status_t anshin_former_bearers(const anshin_op_t *op, anshin_txn_t *txn, const char *name, const char *but,
                                   apr_array_header_t **contracts);

/* What was called `from` is called `to` now, with all the names that it had; nothing is known of `from` any more.
 * Inside a write transaction. */
apr_status_t anshin_former_move(const anshin_op_t *op, anshin_txn_t *txn, const char *from, const char *to);

/* The contract is gone, and nobody of it can be read in the trail: nothing is known of its names any more. */
apr_status_t anshin_former_forget(const anshin_op_t *op, anshin_txn_t *txn, const char *contract);

#endif
