/*
 * The time by which is swept: one that two clocks agree on.
 *
 * The clock of the day may be wrong: ten years ahead until somebody notices, or back. What is removed meanwhile as over
 * is gone for good. So it is held against the time for which the machine has run, which nobody sets. When the two part,
 * the time goes on from where they last agreed (or nothing is swept, when the clock was put back), until the clock is
 * right again, or has gone on in its new way for a week: that is longer than a wrong one stands unnoticed.
 */
#ifndef ANSHIN_CORE_CONTEXT_AGREED_H
#define ANSHIN_CORE_CONTEXT_AGREED_H

#include "core/context/op.h"

#define ANSHIN_CLOCK_STEP apr_time_from_sec(86400)         /* a clock may be set by less than this */
#define ANSHIN_CLOCK_PATIENCE apr_time_from_sec(7 * 86400) /* how long it is doubted, or the machine may be off */

typedef struct anshin_agreed_t {
    apr_time_t time;        /* by this is swept; never ahead of the clock of the day */
    apr_interval_time_t by; /* how far the clock of the day was put forward, negative: back; 0: they agree */
    apr_time_t until;       /* of the clock of the day, when it is taken for right all the same */
} anshin_agreed_t;

/* Hold the clocks against each other now, and note what was found. Without a second clock (env->uptime) the first is
 * right. Answers of a write transaction. */
apr_status_t anshin_agreed_time(anshin_op_t *op, anshin_agreed_t *agreed);

/* What was found last, inside a transaction; ANSHIN_ENOTFOUND: nothing yet. time: when that was. */
apr_status_t anshin_agreed_last(anshin_txn_t *txn, anshin_agreed_t *agreed);

/* "the clock was put forward by 3652 days", in pool; by is not 0. */
const char *anshin_agreed_words(const anshin_agreed_t *agreed, apr_pool_t *pool);

#endif
