/*
 * How often something happened in a day: a number in the store that forgets itself.
 */
#ifndef ANSHIN_CORE_CONTEXT_DAILY_H
#define ANSHIN_CORE_CONTEXT_DAILY_H

#include "core/context/expiry.h"

/* Of the facts that end: those of this file, when a reissue was last mailed, and machines that give no
 * sign of life any more. Others are never filed. */
extern const anshin_expiry_rule_t anshin_fact_expiry;

/* How often in the day that began with the first time; 0 when that day is over. In a transaction of any mode. key: its
 * name, "terminal-changes/..." for instance. APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_daily_get(const anshin_op_t *op, anshin_txn_t *txn, const char *key, int *count);

/* Once more, inside a write transaction. Same answers. */
apr_status_t anshin_daily_add(anshin_op_t *op, anshin_txn_t *txn, const char *key);

#endif
