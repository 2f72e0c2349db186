/*
 * Events of the trail, from a place on, for who tells the operator of them (AUD-3, STA-2).
 */
#ifndef ANSHIN_CA_WATCH_TRAIL_LINES_H
#define ANSHIN_CA_WATCH_TRAIL_LINES_H

#include <jansson.h>

#include "core/audit/chain.h"

/* event: JSON as it stands in the trail; what is sealed in it is sealed. */
typedef void anshin_trail_line_fn(void *baton, anshin_op_t *op, const char *event);

/* The next events at *next, at most 200, each handed to visit; *next: behind them, or in the segment that follows. A
 * place where there is nothing is no failure, and stays. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_trail_lines(anshin_op_t *op, const anshin_trail_places_t *places, anshin_audit_anchor_t *next,
                                anshin_trail_line_fn *visit, void *baton);

/* 1: these are the same place. */
int anshin_trail_is_at(const anshin_audit_anchor_t *place, const anshin_audit_anchor_t *other);

/* An event as the operator's command gets it: what is sealed is opened, as far as it still can be. A new reference;
 * NULL: it is none, or memory ended. */
json_t *anshin_trail_event(anshin_op_t *op, const char *event);

#endif
