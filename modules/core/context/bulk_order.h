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

/* What came of it: order as it was begun, with came. Same answers, and ANSHIN_ENOTFOUND: it is gone, since somebody
 * of it was erased meanwhile. */
apr_status_t anshin_bulk_end(anshin_op_t *op, const char *id, const anshin_desk_bulk_t *order);

#endif
