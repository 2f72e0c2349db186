/*
 * What an operator has ordered for many users at once (core/desk/bulk.h): kept, so that it is done once however often
 * its form is sent, and that its answer can be looked at (FLO-2).
 */
#ifndef ANSHIN_CORE_CONTEXT_BULK_ORDER_H
#define ANSHIN_CORE_CONTEXT_BULK_ORDER_H

#include "core/context/expiry.h"

extern const anshin_expiry_rule_t anshin_bulk_expiry;

/* 1 when text has the form of an id. */
int anshin_bulk_id_valid(const char *id);

/* It begins, durably. ANSHIN_ECONFLICT: it has begun already; ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_bulk_begin(anshin_op_t *op, const char *id, const anshin_desk_bulk_t *order);

/* The same inside a write transaction of something else. */
apr_status_t anshin_bulk_begin_in(anshin_op_t *op, anshin_txn_t *txn, const char *id, const anshin_desk_bulk_t *order);

/* How many users whom names, CONTRACT/USER/ACCOUNT/TERMINAL each, of one contract; NULL: of all. */
int anshin_bulk_users(const apr_array_header_t *whom, const char *contract);

#define ANSHIN_BULK_PAUSE apr_time_from_sec(60) /* after which nobody is at work on it any more */

/* 1: it was approved, has not come to its end, and nobody is at work on it. */
int anshin_bulk_broken(const anshin_op_t *op, const anshin_desk_bulk_t *order);

/* Somebody, an account of that number, goes on with it from now on, inside a write transaction. *order: as it is left.
 * ANSHIN_ENOTFOUND; ANSHIN_ECONFLICT: it is not broken off, and *order is as it is; ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_bulk_go_on_in(anshin_op_t *op, anshin_txn_t *txn, const char *id, const char *number,
                                  anshin_desk_bulk_t *order);

/* What came of it so far: order's came, worked_at and ended_at. It survives a killed process; at its end, loss of power
 * as well. Same answers: ANSHIN_ENOTFOUND: it is gone, since who has ordered it was erased meanwhile, or all of it;
 * ANSHIN_ECONFLICT: somebody else goes on with it by now. */
apr_status_t anshin_bulk_note(anshin_op_t *op, const char *id, const anshin_desk_bulk_t *order);

#endif
