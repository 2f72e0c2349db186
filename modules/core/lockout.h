/*
 * Counters of attempts (LCK-1): an attempt is reserved in the store before the check is made, and settled after it.
 *
 * A counter has room while failures + reservations are below its limit, so N parallel guesses get at most the limit's
 * number of checks whatever processes and nodes they reach. Only a confirmed failure adds to failures, only failures
 * lock. A reservation whose process died keeps its place for ANSHIN_RESERVATION_LIFE and then vanishes.
 */
#ifndef ANSHIN_CORE_LOCKOUT_H
#define ANSHIN_CORE_LOCKOUT_H

#include "core/op.h"

#define ANSHIN_RESERVATION_LIFE apr_time_from_sec(300)
#define ANSHIN_PHANTOM_LIFE apr_time_from_sec(30 * 86400) /* counters of unknown users are forgotten after that */

typedef enum anshin_counter_kind_t {
    ANSHIN_COUNTER_PASSWORD,
    ANSHIN_COUNTER_CODE,
    ANSHIN_COUNTER_DOWNLOAD,
    ANSHIN_COUNTER_ANSWER,  /* secret answers and the operator's codes, at a reissue */
    ANSHIN_COUNTER_STRANGER /* attempts that must not touch the account: unknown ID, wrong certificate (LCK-3) */
} anshin_counter_kind_t;

typedef struct anshin_attempt_t {
    const char *key; /* of the counter */
    int limit;
    apr_time_t reserved_at;
    int phantom;
    int remaining; /* after settling: checks left before the lock */
    int locked;    /* the counter is locked (after reserving or settling) */
    apr_time_t locked_at;
} anshin_attempt_t;

/* Reserve inside a write transaction. APR_SUCCESS: go on and check. ANSHIN_EDENIED with attempt->locked: no check must
 * be made.
 * ANSHIN_EBUSY: no room only because other checks are under way; end the transaction, wait, try again. user canonical.
 */
apr_status_t anshin_attempt_reserve(anshin_op_t *op, anshin_txn_t *txn, anshin_counter_kind_t kind, const char *user,
                                    anshin_attempt_t *attempt);

/* Settle inside a write transaction: failed 1 counts it (and locks at the limit), 0 gives it back and, when success is
 * 1, forgets former failures. failed 0, success 0: the check was never made. ANSHIN_EDENIED: the counter was locked
 * meanwhile and a success must not count. */
apr_status_t anshin_attempt_settle(anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt, int failed,
                                   int success);

/* After ANSHIN_EBUSY of reserve, with the transaction ended: pause and refresh op->now. 0: waited long enough, too
 * many threads of this process wait already, or the store itself is busy; then ANSHIN_EBUSY is the answer. *waited
 * starts as 0. */
int anshin_attempt_wait(anshin_op_t *op, apr_interval_time_t *waited);

/* Give a reservation back in a transaction of its own, when the check could not be made. */
void anshin_attempt_give_back(anshin_op_t *op, anshin_attempt_t *attempt);

/* Reset every counter of a user (operator's unlock). *was_locked may be NULL. */
apr_status_t anshin_counters_reset(anshin_op_t *op, anshin_txn_t *txn, const char *user, int *was_locked);

/* Which counters of the user are locked: bits 1 << kind. */
apr_status_t anshin_counters_locked(anshin_op_t *op, anshin_txn_t *txn, const char *user, unsigned *locked);

/* Addresses (LCK-4): /32 for IPv4, /64 for IPv6. Inside a write transaction. check: ANSHIN_EDENIED when the address
 * must wait;
 * count: one more failure. No address in op: nothing happens. */
apr_status_t anshin_address_check(anshin_op_t *op, anshin_txn_t *txn);
apr_status_t anshin_address_count(anshin_op_t *op, anshin_txn_t *txn);

#endif
