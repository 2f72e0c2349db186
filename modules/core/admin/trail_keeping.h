/*
 * What the operator does with closed segments of the trail: archive and retire (AUD-1). Who moves the files calls
 * these; each is an act of its own.
 *
 * To retire: anshin_trail_retirable(); then each of these segments is read, and anshin_trail_count_retired() keeps in
 * each series what of it goes, so that verify goes on knowing what there must be (AUD-2); then anshin_trail_retire().
 * Killed in between, the same goes on.
 */
#ifndef ANSHIN_CORE_ADMIN_TRAIL_KEEPING_H
#define ANSHIN_CORE_ADMIN_TRAIL_KEEPING_H

#include "core/audit/series.h"

/* The closed segments that are kept: *segments of anshin_audit_anchor_t, ascending. */
apr_status_t anshin_trail_segments(anshin_op_t *op, apr_array_header_t **segments);

/* These are archived, files and anchors. No contract is needed. */
apr_status_t anshin_trail_archived(anshin_op_t *op, const apr_array_header_t *segments);

/* Which segments may be retired. */
typedef struct anshin_trail_limits_t {
    apr_time_t until;  /* closed before; and archived */
    int audit_command; /* 1: AnshinAuditCommand has to have them, */
    int event_command; /* and AnshinEventCommand */
} anshin_trail_limits_t;

typedef struct anshin_trail_retirable_t {
    anshin_audit_anchor_t start;  /* where what is kept begins */
    apr_array_header_t *segments; /* of anshin_audit_anchor_t, ascending from there on */
    int is_counted;               /* 0: what was retired before was counted in no series */
} anshin_trail_retirable_t;

/* ANSHIN_ENOTFOUND: none. */
apr_status_t anshin_trail_retirable(anshin_op_t *op, const anshin_trail_limits_t *limits,
                                    anshin_trail_retirable_t *retirable);

/* Of one series. */
typedef struct anshin_trail_part_t {
    const char *name;
    anshin_series_retired_t retired;
} anshin_trail_part_t;

/* Keep these, of anshin_trail_part_t, in transactions of some hundred each. A series that is not there stays so. */
apr_status_t anshin_trail_count_retired(anshin_op_t *op, const apr_array_header_t *parts);

/* Forget these segments. The anchor of the last one stays, where the trail begins then. *first: segment that is kept
 * first now; the files below may go. ANSHIN_ECONFLICT: somebody else retires meanwhile. */
apr_status_t anshin_trail_retire(anshin_op_t *op, const anshin_trail_retirable_t *retirable, apr_int64_t *first);

#endif
