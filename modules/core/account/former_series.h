/*
 * Whose series of the trail it is that stands under a name which two contracts have had, one after the other: one has
 * it now, or had it last, the other was renamed (core/context/former.h). Both may have had a user of that ID.
 */
#ifndef ANSHIN_CORE_ACCOUNT_FORMER_SERIES_H
#define ANSHIN_CORE_ACCOUNT_FORMER_SERIES_H

#include "core/context/op.h"

typedef enum anshin_whose_series_t {
    ANSHIN_SERIES_OURS,   /* of the contract that asks */
    ANSHIN_SERIES_THEIRS, /* of another one */
    ANSHIN_SERIES_EITHER  /* nothing in the store tells */
} anshin_whose_series_t;

/* Who may have had what stands under a name. */
typedef struct anshin_series_name_t {
    const char *contract;       /* that asks, by the name that it has now */
    const char *name;           /* the same, or one that it had before */
    apr_array_header_t *others; /* of const char *: the others that may have it, or had it, by the names of now */
    int is_shared;              /* 1: one of these is known to */
} anshin_series_name_t;

/* Fill one in. In a transaction of any mode, by a walk. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_series_name_read(anshin_op_t *op, anshin_txn_t *txn, const char *contract, const char *name,
                                     anshin_series_name_t *read);

/* Whose a series under that name is: number: of the account, behind the name in its key; user: whose it was, by
 * anshin_series_user(), or NULL. It tells by accounts that are there and by the history of those that are gone: so
 * before either is removed. In a read transaction: it looks at more than one owner. APR_SUCCESS, ANSHIN_EBUSY,
 * ANSHIN_EFAULT. */
apr_status_t anshin_former_series_whose(const anshin_op_t *op, anshin_txn_t *txn, const anshin_series_name_t *name,
                                        const char *number, const char *user, anshin_whose_series_t *whose);

#endif
