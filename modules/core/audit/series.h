/*
 * Series of events (schema/records.def, audit_series): each account has one, which counts its events in the transaction
 * of each, so that one that is taken away leaves a gap; and no two users wait for each other.
 *
 * Whom and what an event is about is sealed under a key of that account: made with the first event, and destroyed with
 * the person's particulars (IDN-2). What is left then is the number of the account.
 */
#ifndef ANSHIN_CORE_AUDIT_SERIES_H
#define ANSHIN_CORE_AUDIT_SERIES_H

#include <jansson.h>

#include "core/context/op.h"

/* "CONTRACT/ACCOUNT", "CONTRACT/" without an account; of the operation's contract. In op's pool. */
const char *anshin_series_name(anshin_op_t *op, const char *account);

/* Count one more in a write transaction. user: whose account it is, NULL: nobody's; the first one makes the key.
 * *series: as it is now. ANSHIN_EFAULT as well: the record is not as we wrote it. */
apr_status_t anshin_series_add(anshin_op_t *op, anshin_txn_t *txn, const char *name, const char *user,
                               anshin_audit_series_t *series);

/* 1: it is as we wrote it. */
int anshin_series_is_genuine(const anshin_op_t *op, const char *name, const anshin_audit_series_t *series,
                             apr_pool_t *pool);

/* Seal a text under the key of the series, as base64. bound: the event that it belongs to. */
apr_status_t anshin_series_seal(const anshin_op_t *op, const anshin_audit_series_t *series, const char *bound,
                                const char *text, const char **sealed, apr_pool_t *pool);

/* The reverse. NULL: the key is destroyed, or it was sealed by nobody of ours. In pool. */
const char *anshin_series_open(const anshin_op_t *op, const anshin_audit_series_t *series, const char *bound,
                               const char *sealed, apr_pool_t *pool);

/* Whose account it is; NULL: nobody's, or not to be known any more. In pool. */
const char *anshin_series_user(const anshin_op_t *op, const char *name, const anshin_audit_series_t *series,
                               apr_pool_t *pool);

/* What was retired of a series at a node, up to a segment: so many events, and the sum of their numbers. */
typedef struct anshin_series_retired_t {
    const char *node;    /* given by the caller */
    apr_int64_t segment; /* 0: nothing */
    apr_int64_t count;
    apr_int64_t sum;
} anshin_series_retired_t;

/* 1: *retired is as we wrote it; nothing was retired where nothing is written. 0: somebody else has written it. */
int anshin_series_get_retired(const anshin_op_t *op, const char *name, const anshin_audit_series_t *series,
                              anshin_series_retired_t *retired, apr_pool_t *pool);

/* In a write transaction: these too, up to retired->segment. What is known up to that segment already stays, so that it
 * may be asked for twice. Answers of anshin_txn_get(); ANSHIN_EFAULT as well: the record is not as we wrote it. */
apr_status_t anshin_series_retire(anshin_op_t *op, anshin_txn_t *txn, const char *name,
                                  const anshin_series_retired_t *retired);

/* Destroy the key; the count stays. No such series: no failure. */
apr_status_t anshin_series_forget(anshin_op_t *op, anshin_txn_t *txn, const char *name);

/* *renewed: 1 when a series is by another seal key than the present one; in a write transaction it is not afterwards.
 * What is not as we wrote it stays so. Answers of anshin_txn_get(); ANSHIN_EFAULT as well: no MAC can be made. */
apr_status_t anshin_series_renew(anshin_op_t *op, anshin_txn_t *txn, const char *name, int *renewed);

#endif
