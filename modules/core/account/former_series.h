/*
 * Whose series of the trail it is that stands under a former name of a contract (core/context/former.h), where another
 * contract has that name now: both may have had a user of that ID.
 */
#ifndef ANSHIN_CORE_ACCOUNT_FORMER_SERIES_H
#define ANSHIN_CORE_ACCOUNT_FORMER_SERIES_H

#include "core/context/op.h"

typedef enum anshin_whose_series_t {
    ANSHIN_SERIES_OURS,   /* of the contract that was called so */
    ANSHIN_SERIES_THEIRS, /* of the one that is called so now */
    ANSHIN_SERIES_EITHER  /* nothing in the store tells */
} anshin_whose_series_t;

typedef struct anshin_former_series_t {
    const char *contract; /* of today */
    const char *former;   /* the name that it had */
    const char *number;   /* of the account, behind that name in the key of the series */
    const char *user;     /* whose it was, by anshin_series_user() */
} anshin_former_series_t;

/* It tells by accounts that are there and by the history of those that are gone: so before either is removed. In a
 * read transaction: it looks at more than one owner. APR_SUCCESS, ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_former_series_whose(const anshin_op_t *op, anshin_txn_t *txn, const anshin_former_series_t *series,
                                        anshin_whose_series_t *whose);

#endif
