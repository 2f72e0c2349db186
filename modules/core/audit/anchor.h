/*
 * Places in the trail that the store remembers (schema/records.def, audit_anchor): a tail that is cut, or a segment
 * that is taken away, shows by them.
 */
#ifndef ANSHIN_CORE_AUDIT_ANCHOR_H
#define ANSHIN_CORE_AUDIT_ANCHOR_H

#include "core/context/op.h"

#define ANSHIN_ANCHOR_HEAD "head"       /* the end of the trail */
#define ANSHIN_ANCHOR_START "start"     /* where what is kept of it begins, once something was retired */
#define ANSHIN_ANCHOR_COMMAND "command" /* how far AnshinAuditCommand has it */
#define ANSHIN_ANCHOR_EVENTS "events"   /* and AnshinEventCommand */

/* Keys of this node, in pool: of one of these, and of a closed segment. */
const char *anshin_anchor_key(const anshin_env_t *env, const char *what, apr_pool_t *pool);
const char *anshin_anchor_segment(const anshin_env_t *env, apr_int64_t segment, apr_pool_t *pool);

/* 1: it is as we wrote it. */
int anshin_anchor_is_genuine(const anshin_op_t *op, const char *key, const anshin_audit_anchor_t *anchor,
                             apr_pool_t *pool);

/* By which of the seal keys that are there it is, 0: the present one; -1: somebody else has written it. */
int anshin_anchor_made_by(const anshin_op_t *op, const char *key, const anshin_audit_anchor_t *anchor,
                          apr_pool_t *pool);

/* *renewed: 1 when it is by another key than the present one; in a write transaction it is not afterwards. Answers of
 * get. */
apr_status_t anshin_anchor_renew(anshin_op_t *op, anshin_txn_t *txn, const char *key, int *renewed);

/* Read and write inside a transaction. Get: ANSHIN_ENOTFOUND; ANSHIN_EFAULT as well when somebody else has written
 * it. */
apr_status_t anshin_anchor_get(anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_audit_anchor_t *anchor);
apr_status_t anshin_anchor_put(anshin_op_t *op, anshin_txn_t *txn, const char *key,
                               const anshin_audit_anchor_t *anchor);

#endif
