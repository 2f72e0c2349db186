/*
 * A password that the operator brings along as a hash of another system (IMP-2), in place of the user's registration.
 *
 * Only users of ID and password alone are adopted so: others have to register anyway, for their device or certificate,
 * and choose a password there. One that the user has set here is never replaced.
 */
#ifndef ANSHIN_CORE_ADMIN_ADOPT_H
#define ANSHIN_CORE_ADMIN_ADOPT_H

#include "core/account/imported.h"

/* 1: the hash can become this account's: it has not registered yet, or still has such a hash. */
int anshin_adopt_open(const anshin_account_t *account);

/* 1: it is another one than the account has. Answers of anshin_imported_open(). */
apr_status_t anshin_adopt_differs(anshin_op_t *op, const anshin_account_t *account, const anshin_imported_t *imported,
                                  int *differs);

/* Put it, as anshin_imported_seal() made it, into an account that is open: in force from now on, its registration link
 * is gone. Inside a write transaction, which then writes the account. APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_adopt_in(anshin_op_t *op, anshin_txn_t *txn, anshin_account_t *account, const char *stored);

#endif
