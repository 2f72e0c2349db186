/*
 * Is the trail whole (AUD-2)? All that is kept of it, and what still waits in the store to be chained.
 */
#ifndef ANSHIN_HTANSHIN_AUDIT_VERIFY_H
#define ANSHIN_HTANSHIN_AUDIT_VERIFY_H

#include "core/context/op.h"

typedef struct anshin_verified_t {
    apr_int64_t first; /* segment that is kept */
    apr_int64_t last;
    apr_int64_t lines;
    apr_int64_t events;    /* in them */
    apr_int64_t unchained; /* in the store */
    apr_int64_t findings;
} anshin_verified_t;

/* Called for what is wrong. segment, line: where; 0: not in one. what: one line of text, of the caller's no longer than
 * the call. */
typedef void anshin_finding_fn(void *baton, apr_int64_t segment, apr_int64_t line, const char *what);

/* Go through it once. The worker may be at work meanwhile. Memory is that of one entry for each series. APR_SUCCESS,
 * whatever was found; ANSHIN_EBUSY, ANSHIN_EFAULT: it could not be read. */
apr_status_t anshin_audit_verify(anshin_op_t *op, anshin_finding_fn *finding, void *baton, anshin_verified_t *verified);

#endif
