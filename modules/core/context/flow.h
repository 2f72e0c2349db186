/*
 * Flows of several pages (FLO-1, FLO-2, ACC-7, S29): which one a page belongs to, whose it is, and how far it has come.
 *
 * Each flow has an id that its pages' addresses and forms carry, and a nonce that only the browser has: sealed into a
 * cookie of the flow's own with what it began with, bound to contract, browser and id. How far it has come is a record
 * of the store under the SHA-256 of the nonce, so that seal key and store together forge no flow (S39), and a copied
 * or older cookie tells nothing that is no longer so. The record is written in the transaction of the step itself,
 * which therefore happens once. A flow that has proven nothing yet has no record (COST-1).
 */
#ifndef ANSHIN_CORE_CONTEXT_FLOW_H
#define ANSHIN_CORE_CONTEXT_FLOW_H

#include "core/context/expiry.h"
#include "core/context/flow_state.h"

extern const anshin_expiry_rule_t anshin_progress_expiry; /* of the records of flows */

#define ANSHIN_FLOW_RESULT_LIFE apr_time_from_sec(600) /* how long a result can be looked at (SEC-1) */
#define ANSHIN_FLOW_ID_TEXT 16                         /* signs of an id: hexadecimal, older ones sort first */
#define ANSHIN_FLOW_TEXT_MAX 800                       /* longest sealed form, in bytes */

/* 1 when text has the form of a link's token, or of a flow's id. */
int anshin_flow_token_valid(const char *text);
int anshin_flow_id_valid(const char *text);

/* A flow at its beginning, that ends when the contract's flow lifetime is over. user: "" when it is not known.
 * APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_flow_start(anshin_op_t *op, anshin_flow_t *flow, anshin_flow_kind_t kind, const char *user);

/* Give a flow its note, which is taken over. ANSHIN_EFAULT: note is NULL, memory has ended. */
apr_status_t anshin_flow_note(anshin_op_t *op, anshin_flow_t *flow, json_t *note);

/* What a note has under a key: "" and 0 where it has nothing of that kind. */
const char *anshin_flow_text(const anshin_flow_t *flow, const char *key);
apr_int64_t anshin_flow_number(const anshin_flow_t *flow, const char *key);

/* Seal for op->contract and a browser (its id): base64url text in op->pool. APR_SUCCESS; ANSHIN_EINVALID (too long);
 * ANSHIN_EFAULT. */
apr_status_t anshin_flow_seal(anshin_op_t *op, const anshin_flow_t *flow, const char *browser, const char **text);

/* What the browser kept under id, without a look at the store. APR_SUCCESS; ANSHIN_EDENIED (not ours, changed, of
 * another contract, browser or id), which is an answer and leaves no cause in op->error; ANSHIN_EFAULT (also: sealed by
 * us and no flow). text may be NULL: denied. */
apr_status_t anshin_flow_unseal(anshin_op_t *op, const char *text, const char *id, const char *browser,
                                anshin_flow_t *flow);

/* How far an unsealed flow has come, by the store. ANSHIN_EDENIED: its time is over, or the store knows nothing of a
 * flow that it must know; also ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_flow_find(anshin_op_t *op, anshin_flow_t *flow);

/* The same inside a transaction, for a step that wants one before it; a run of before may have left more in *flow. */
apr_status_t anshin_flow_find_in(anshin_op_t *op, anshin_txn_t *txn, anshin_flow_t *flow);

/* Inside the write transaction of a step, once its user is found and before anything is tried: does op->flow still wait
 * at the stage of the page? A form that is sent twice at once is no second attempt, and finds nothing wrong that its
 * first has brought about (FLO-2). Without a flow in op: APR_SUCCESS. ANSHIN_EDENIED: somebody else took the step
 * meanwhile. Other answers of anshin_flow_find(). */
apr_status_t anshin_flow_waits(anshin_op_t *op, anshin_txn_t *txn, anshin_flow_stage_t stage);

/* Inside the write transaction of a step: op->flow has come to stage, for user and about terminal (0: about none).
 * Without a flow in op nothing happens; nor to a login that needed no steps. ANSHIN_EDENIED: it was further already,
 * somebody else took the step meanwhile. Other answers of anshin_txn_put(). */
apr_status_t anshin_flow_reach(anshin_op_t *op, anshin_txn_t *txn, anshin_flow_stage_t stage, const char *user,
                               apr_int64_t terminal);

/* The person has seen the result (SEC-1): durable. Answers of anshin_op_write(). */
apr_status_t anshin_flow_end(anshin_op_t *op, anshin_flow_t *flow);

#endif
