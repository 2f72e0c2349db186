/*
 * Is the trail whole (AUD-2)? All that is kept of it, and what still waits in the store to be chained.
 */
#ifndef ANSHIN_HTANSHIN_AUDIT_VERIFY_H
#define ANSHIN_HTANSHIN_AUDIT_VERIFY_H

#include <apr_hash.h>

#include "core/audit/series.h"

typedef struct anshin_verified_t {
    apr_int64_t first; /* segment that is kept */
    apr_int64_t last;
    apr_int64_t lines;
    apr_int64_t events;    /* in them */
    apr_int64_t unchained; /* in the store */
    apr_int64_t findings;
    int is_shared; /* other machines have segments: that none of their events is missing was not looked at */
} anshin_verified_t;

/* Of a series: its events that were seen, and what the store says of it. */
typedef struct anshin_tally_t {
    apr_int64_t counted;             /* by the store; -1: it has no such series */
    anshin_series_retired_t retired; /* of this machine */
    apr_int64_t seen;                /* behind those that were retired */
    apr_int64_t lowest;
    apr_int64_t sum; /* of their numbers */
} anshin_tally_t;

/* Called for what is wrong. segment, line: where; 0: not in one. what: one line of text, of the caller's no longer than
 * the call. */
typedef void anshin_finding_fn(void *baton, apr_int64_t segment, apr_int64_t line, const char *what);

/* Go through it once. The worker may be at work meanwhile. Memory is that of one entry for each series. APR_SUCCESS,
 * whatever was found; ANSHIN_EBUSY, ANSHIN_EFAULT: it could not be read. */
apr_status_t anshin_audit_verify(anshin_op_t *op, anshin_finding_fn *finding, void *baton, anshin_verified_t *verified);

/* What is kept of each series, whatever is wrong: *tallies of anshin_tally_t, by name.
 * *is_shared: 1: other machines have segments too. */
apr_status_t anshin_audit_census(anshin_op_t *op, apr_hash_t **tallies, int *is_shared);

/* Of one closed segment that follows on a place: *tallies as above, with what is seen alone. ANSHIN_EDENIED: it
 * is not as it was closed. */
apr_status_t anshin_audit_census_of(anshin_op_t *op, const anshin_audit_anchor_t *segment, const char *chain,
                                    apr_hash_t **tallies);

#endif
