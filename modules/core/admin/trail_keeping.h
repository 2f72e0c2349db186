/*
 * What the operator does with closed segments of the trail: archive and retire (AUD-1). Who moves the files calls
 * these; each is an act of its own.
 */
#ifndef ANSHIN_CORE_ADMIN_TRAIL_KEEPING_H
#define ANSHIN_CORE_ADMIN_TRAIL_KEEPING_H

#include "core/context/op.h"

/* The closed segments that are kept: *segments of anshin_audit_anchor_t, ascending. */
apr_status_t anshin_trail_segments(anshin_op_t *op, apr_array_header_t **segments);

/* These are archived, files and anchors. No contract is needed. */
apr_status_t anshin_trail_archived(anshin_op_t *op, const apr_array_header_t *segments);

/* Forget the segments that were closed before a time and are archived, the oldest ones; piped: AnshinAuditCommand has
 * to have them. The anchor of the last one stays, where the trail begins then. *first: segment that is kept first now;
 * the files below may go. ANSHIN_ENOTFOUND: none. */
apr_status_t anshin_trail_retire(anshin_op_t *op, apr_time_t until, int piped, apr_int64_t *first);

#endif
