/*
 * Housekeeping: what time makes superfluous is removed, in small steps, by the worker.
 *
 * Nothing depends on it for being right: every reader checks times itself. It keeps the store small, and secrets
 * from staying longer than they must (S24). What it costs depends on what is over, not on what there is.
 */
#ifndef ANSHIN_CORE_ADMIN_HOUSEKEEPING_H
#define ANSHIN_CORE_ADMIN_HOUSEKEEPING_H

#include "core/context/agreed.h"
#include "core/context/expiry.h"

/* What is over by its time (core/context/expiry.h), blobs that no record names, and what every attempt pays for hashes
 * of other systems that have gone (core/account/toll.h). */
#define ANSHIN_HOUSEKEEPING_TASKS 3

/* The rules of everything that ends, one for each type of record that does; NULL ends them. */
extern const anshin_expiry_rule_t *const anshin_expiry_rules[];

/* When each task is due again; zeroed at start by its owner, one thread at a time. */
typedef struct anshin_housekeeping_t {
    apr_time_t due[ANSHIN_HOUSEKEEPING_TASKS];
    anshin_agreed_t agreed; /* what the clocks said at the last step; for its owner to tell of */
} anshin_housekeeping_t;

/* Do the next task that is due, or a part of it: some hundred records at most; op needs no contract,
 * and its time becomes that which the clocks agree on (core/context/agreed.h). *task names
 * it, *removed tells how much went. APR_SUCCESS; ANSHIN_ENOTFOUND (nothing is due); ANSHIN_EBUSY, ANSHIN_EFAULT (it
 * is tried again when its next time has come). */
apr_status_t anshin_housekeeping_step(anshin_op_t *op, anshin_housekeeping_t *state, const char **task, int *removed);

#endif
