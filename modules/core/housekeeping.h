/*
 * Housekeeping: what time makes superfluous is removed, in small steps, by the worker.
 *
 * Nothing depends on it for being right: every reader checks times itself. It keeps the store small, and secrets
 * from staying longer than they must (S24).
 */
#ifndef ANSHIN_CORE_HOUSEKEEPING_H
#define ANSHIN_CORE_HOUSEKEEPING_H

#include "core/op.h"

#define ANSHIN_KEEP_TOKEN apr_time_from_sec(30 * 86400)    /* after its end, so that the page can say "used" */
#define ANSHIN_KEEP_UNISSUED apr_time_from_sec(30 * 86400) /* a download whose certificate was never made */
#define ANSHIN_KEEP_MAIL apr_time_from_sec(30 * 86400)     /* sent or failed */
#define ANSHIN_KEEP_ADDRESS apr_time_from_sec(2 * 86400)   /* counter of an address; windows end after a day */
#define ANSHIN_KEEP_ORPHAN apr_time_from_sec(3600)         /* a blob that no record names */

#define ANSHIN_KEEP_REQUEST apr_time_from_sec(86400) /* when a reissue was last mailed */

#define ANSHIN_HOUSEKEEPING_TASKS 8

/* When each task is due again; zeroed at start by its owner, one thread at a time. */
typedef struct anshin_housekeeping_t {
    apr_time_t due[ANSHIN_HOUSEKEEPING_TASKS];
    unsigned round; /* of the history, which is looked through in shares */
} anshin_housekeeping_t;

/* Do the next task that is due, or a part of it: some hundred records at most; op needs no contract. *task names
 * it, *removed tells how much went. APR_SUCCESS; ANSHIN_ENOTFOUND (nothing is due); ANSHIN_EBUSY, ANSHIN_EFAULT (it
 * is tried again when its next time has come). */
apr_status_t anshin_housekeeping_step(anshin_op_t *op, anshin_housekeeping_t *state, const char **task, int *removed);

#endif
