/*
 * Counters of attempts (LCK-1) and the lock that they lead to (LCK-2): an attempt is reserved in the store before the
 * check is made, and settled after it.
 *
 * A counter has room while failures + reservations are below its limit, so N parallel guesses get at most the limit's
 * number of checks whatever processes and nodes they reach. Only a confirmed failure adds to failures, only failures
 * lock. A reservation whose process died is found out when there is no room left, and vanishes; where that cannot be
 * told it does so after ANSHIN_RESERVATION_LIFE.
 *
 * Each kind has its own limit and its own rest of attempts. Passwords, login codes, answers and the operator's codes
 * lock the account: a full counter of one kind closes all of them, and what opens it clears all of them. The codes of a
 * registration lock their link, download passwords their download, codes for new addresses such codes; none of them
 * opens in time, since each can be sent anew. Answers behind the link of a lost device lock that way alone.
 */
#ifndef ANSHIN_CORE_ACCOUNT_LOCKOUT_H
#define ANSHIN_CORE_ACCOUNT_LOCKOUT_H

#include "core/base/words.h"
#include "core/context/op.h"

#define ANSHIN_RESERVATION_LIFE apr_time_from_sec(300)
/* Counters of unknown users are forgotten after that; so are failures of users at their password that did not lock, or
 * whoever waits so long would see who is one (S8). */
#define ANSHIN_PHANTOM_LIFE apr_time_from_sec(30 * 86400)

typedef enum anshin_counter_kind_t {
#define COUNTER(member, value, name, together, opens, fades) ANSHIN_COUNTER_##member = (value),
#include "core/account/counter.def"
#undef COUNTER
} anshin_counter_kind_t;
extern const anshin_word_t anshin_counter_words[];

typedef enum anshin_attempt_outcome_t {
    ANSHIN_ATTEMPT_NOT_MADE, /* no check could be made; the place is given back */
    ANSHIN_ATTEMPT_FAILED,
    ANSHIN_ATTEMPT_SUCCEEDED
} anshin_attempt_outcome_t;

typedef struct anshin_lock_t {
    unsigned kinds;       /* the counters that are full, bits 1 << kind; 0: open */
    apr_time_t since;     /* the last of them */
    apr_time_t unlock_at; /* when it opens by itself; 0: somebody must open it */
} anshin_lock_t;

typedef struct anshin_attempt_t {
    const char *subject; /* whose */
    anshin_counter_kind_t kind;
    int limit;
    apr_time_t reserved_at;
    int reserved;                     /* it has its place */
    anshin_attempt_outcome_t outcome; /* after settling */
    int remaining;                    /* after settling: checks left before the lock */
    int locked;                       /* it is locked (after reserving or settling) */
    int locked_now;                   /* by this attempt (after settling) */
    anshin_lock_t lock;               /* with locked: which one */
} anshin_attempt_t;

/* 1 when a full counter of this kind locks the account; 0: itself alone. */
int anshin_counter_locks_account(anshin_counter_kind_t kind);

/* Reserve inside a write transaction. subject: the canonical user, of a download anshin_download_subject(). A lock
 * whose time is over is opened here.
 * APR_SUCCESS: go on and check. ANSHIN_EDENIED with attempt->locked: no check must be made.
 * ANSHIN_EBUSY: no room only because other checks are under way; end the transaction, wait, try again. op->wait_until
 * is set where that will take longer than a check. */
apr_status_t anshin_attempt_reserve(anshin_op_t *op, anshin_txn_t *txn, anshin_counter_kind_t kind, const char *subject,
                                    anshin_attempt_t *attempt);

/* Settle inside a write transaction: a failure counts (and locks at the limit), a success forgets former failures of
 * its kind. ANSHIN_EDENIED: locked meanwhile, so that a success must not count. */
apr_status_t anshin_attempt_settle(anshin_op_t *op, anshin_txn_t *txn, anshin_attempt_t *attempt,
                                   anshin_attempt_outcome_t outcome);

/* Which process made this reservation of a counter; a text of its own where that is not known. */
const char *anshin_reservation_owner(const anshin_counter_t *counter, int i);

/* Whose counter the password of a download has. */
const char *anshin_download_subject(anshin_op_t *op, const char *user, apr_int64_t terminal);

/* Forget one counter, with its lock. */
apr_status_t anshin_counter_clear(anshin_op_t *op, anshin_txn_t *txn, anshin_counter_kind_t kind, const char *subject);

/* Forget every counter of a user (the operator's unlock). *counted: 1 where one of them had a failure. */
apr_status_t anshin_counters_forget(anshin_op_t *op, anshin_txn_t *txn, const char *user, int *counted);

/* The same, where nobody asks whether there was one. */
static inline apr_status_t anshin_counters_reset(anshin_op_t *op, anshin_txn_t *txn, const char *user)
{
    int counted;

    return anshin_counters_forget(op, txn, user, &counted);
}

/* The lock that attempts of this kind meet, in a transaction of any mode: of the account, the link or the download. */
apr_status_t anshin_lock_get(anshin_op_t *op, anshin_txn_t *txn, anshin_counter_kind_t kind, const char *subject,
                             anshin_lock_t *lock);

/* --- addresses (LCK-4) --- */

/* A place of each network that the client's address lies in: IPv4 /32 and /24, IPv6 /64, /56 and /48, each with a limit
 * of its own. No address in op: nothing is counted, and there is always room. */
typedef struct anshin_address_attempt_t {
    apr_time_t reserved_at; /* 0: none */
} anshin_address_attempt_t;

/* Must the address wait, in a transaction of any mode? ANSHIN_EDENIED when it must: op->wait_until says until when, and
 * *told is 1 when the history knows it of this window. */
apr_status_t anshin_address_check(anshin_op_t *op, anshin_txn_t *txn, int *told);

/* Inside a write transaction, after a check that denied: the history knows it from now on. */
apr_status_t anshin_address_tell(anshin_op_t *op, anshin_txn_t *txn);

/* Inside a write transaction. APR_SUCCESS; ANSHIN_EDENIED as of the check; ANSHIN_EBUSY (no room only because others'
 * checks are under way). */
apr_status_t anshin_address_reserve(anshin_op_t *op, anshin_txn_t *txn, anshin_address_attempt_t *attempt);

/* Inside a write transaction: the place is given back, and a failure counts. One that was never reserved counts as
 * well. */
apr_status_t anshin_address_settle(anshin_op_t *op, anshin_txn_t *txn, anshin_address_attempt_t *attempt,
                                   anshin_attempt_outcome_t outcome);

/* One more failure, for what needs no place. */
apr_status_t anshin_address_count(anshin_op_t *op, anshin_txn_t *txn);

/* The network whose attempts share a place in a line; NULL: no address. In op's pool. */
const char *anshin_address_network(anshin_op_t *op);

#endif
