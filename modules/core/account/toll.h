/*
 * What imported hashes remain in a contract (IMP-2), so that every attempt pays for them, whoever the user is (S8).
 *
 * A record of the contract says it, which an import raises before its users are written, and housekeeping lowers when a
 * walk through the accounts finds fewer: a login that replaces a hash writes nothing but its own account.
 */
#ifndef ANSHIN_CORE_ACCOUNT_TOLL_H
#define ANSHIN_CORE_ACCOUNT_TOLL_H

#include "core/account/imported.h"

/* Inside a transaction, of op's contract. Nothing remains: all is 0. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_toll_get(anshin_op_t *op, anshin_txn_t *txn, anshin_toll_t *toll);

/* See that it covers a hash, durably, in a transaction of its own that writes only where it must: before the account
 * that has the hash. Answers of anshin_op_write(). */
apr_status_t anshin_toll_raise(anshin_op_t *op, const anshin_imported_t *imported);

/* Lower it to what the accounts of each contract still have; op needs no contract. *lowered: in how many contracts. One
 * that an import has raised or renewed within two hours is left alone, since its users may not be there yet. Answers of
 * anshin_op_write(). */
apr_status_t anshin_toll_review(anshin_op_t *op, int *lowered);

#endif
