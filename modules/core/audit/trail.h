/*
 * The audit trail (AUD-1, ADM-3): every act is a record that is written in the transaction of its change; attempts
 * that were turned away (unknown, throttled, locked, not active) change nothing, and stand in the history alone. The
 * worker takes these records out of the store, into segments whose lines are chained (core/audit/line.h,
 * ca/chainer.h).
 *
 * An event: {"at","series","n","contract","account","act","by","asked","operator","staff","uid","login","login_uid",
 * "claimed","terminal","serial","mail","sealed"}, what is not known left out. by: "stranger", "user", "operator",
 * "staff" (one at the help desk, whose CONTRACT/ID is operator and whose account's number is staff) or "worker".
 * asked: the other operator who has asked for it, where two are needed (AnshinFourEyes). claimed is what the operator
 * says of himself, and proven by nothing. sealed, under the key of the account's series:
 * {"user","address","client","reason","why","before","after"}, why being what one at the help desk has typed; where
 * it is about no account these stand in the clear, but for the ID. What a stranger typed in place of an ID is not in
 * it: that stands in the history, which can be erased.
 */
#ifndef ANSHIN_CORE_AUDIT_TRAIL_H
#define ANSHIN_CORE_AUDIT_TRAIL_H

#include "core/audit/act.h"
#include "core/audit/series.h"

/* Of env->audit. */
extern const anshin_audit_t anshin_trail;

/* *renewed: 1 when the MAC of an event that waits is by another seal key than the present one; in a write transaction
 * it is not afterwards. Answers of anshin_txn_get(). */
apr_status_t anshin_trail_renew(anshin_op_t *op, anshin_txn_t *txn, const char *key, int *renewed);

/* In whose part of the queue events of this process are: its node's. */
const char *anshin_trail_node(const anshin_env_t *env);

/* The key of the record that an event had before it was chained, as "NODE/SERIES.COUNT". NULL: it is no event. In
 * pool. */
const char *anshin_trail_key(const anshin_env_t *env, const json_t *event, apr_pool_t *pool);

/* An event with what is sealed in it in place of "sealed", as far as its series still opens that. series NULL: it does
 * not. A new reference; NULL: it is no event of ours, or memory ended. */
json_t *anshin_trail_open(const anshin_op_t *op, const char *event, const anshin_audit_series_t *series,
                          apr_pool_t *pool);

#endif
