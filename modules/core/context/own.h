/*
 * Records that name a contract (their member "contract"): another contract's is not there.
 */
#ifndef ANSHIN_CORE_CONTEXT_OWN_H
#define ANSHIN_CORE_CONTEXT_OWN_H

#include "core/context/op.h"

/* 1: it is the operation's contract's. */
int anshin_own(const anshin_op_t *op, const anshin_record_type_t *type, const void *record);

/* anshin_txn_get(), or a look of its own at one: ANSHIN_ENOTFOUND as well when it is another contract's. */
apr_status_t anshin_own_get(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                            void *record);
apr_status_t anshin_own_find(anshin_op_t *op, const anshin_record_type_t *type, const char *key, void *record);

/* anshin_txn_each() over all of the operation's contract, in a read transaction of its own. */
apr_status_t anshin_own_each(anshin_op_t *op, const anshin_record_type_t *type, const char *prefix,
                             anshin_visit_fn *visit, void *baton);

/* Do something with a record in an operation of its own contract, inside a transaction of op, which needs none. What fn
 * leaves in its operation is in op afterwards. Answers of fn and anshin_txn_get(); ANSHIN_ENOTFOUND as well when the
 * contract is not declared. */
typedef apr_status_t anshin_own_fn(void *baton, anshin_op_t *op, anshin_txn_t *txn, void *record);
apr_status_t anshin_own_do(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                           anshin_own_fn *fn, void *baton);

/* The contract that a record names; NULL: it names none that is declared. */
const anshin_contract_t *anshin_own_contract(const anshin_op_t *op, const anshin_record_type_t *type,
                                             const void *record);

#endif
