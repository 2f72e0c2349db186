/*
 * Retiring segments of the trail, in the store; their files may go behind it. Before that each series keeps how many of
 * its events go, so that verify goes on knowing what there must be (AUD-2).
 */
#ifndef ANSHIN_HTANSHIN_AUDIT_RETIRE_H
#define ANSHIN_HTANSHIN_AUDIT_RETIRE_H

#include "core/admin/trail_keeping.h"

/* *first: segment that is kept first now; files before it may go. ANSHIN_ENOTFOUND: none may be retired;
 * ANSHIN_EDENIED: one is not as it was closed, nothing was; ANSHIN_ECONFLICT: somebody else retires. Killed, the same
 * goes on. */
apr_status_t anshin_audit_retire_until(anshin_op_t *op, const anshin_trail_limits_t *limits, apr_int64_t *first);

#endif
