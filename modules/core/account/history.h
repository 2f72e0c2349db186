/* Login history (ACC-4, S28): a numbered series for each user, so that the newest page costs the same with 10 entries
 * as with 100,000; unknown users share one series of the contract. */
#ifndef ANSHIN_CORE_ACCOUNT_HISTORY_H
#define ANSHIN_CORE_ACCOUNT_HISTORY_H

#include "core/account/account.h"
#include "core/context/expiry.h"

typedef enum anshin_history_result_t {
    ANSHIN_HISTORY_NONE = 0, /* of what no history tells */
#define WORD(member, value, name, mark) ANSHIN_HISTORY_##member = (value),
#include "core/account/history.def"
#undef WORD
} anshin_history_result_t;
const char *anshin_history_result_name(apr_int64_t result); /* "login_ok" ... */

typedef enum anshin_history_mark_t { ANSHIN_MARK_NONE, ANSHIN_MARK_GOOD, ANSHIN_MARK_FAILED } anshin_history_mark_t;
anshin_history_mark_t anshin_history_mark(apr_int64_t result); /* of one that nobody knows: none */

/* Stands for what an unknown user typed where it cannot be a user ID. */
#define ANSHIN_HISTORY_NO_USER "(no user ID)"

/* The last line of defence of a disk: so many entries a series has at most, then the oldest goes when one is added.
 * What bounds it before that are the limits of attempts and the retention. */
#define ANSHIN_HISTORY_MAX 100000

extern const anshin_expiry_rule_t anshin_history_expiry; /* of the sequences that are the heads of series */

/* Append inside a write transaction; at, address and client come from op when the entry has none. user: canonical, NULL
 * for unknown users. For anshin_event() alone (core/mail/event.h). */
apr_status_t anshin_history_add(anshin_op_t *op, anshin_txn_t *txn, const char *user, const anshin_history_t *entry);

/* The same of an entry as it stands, which the history had under another name (core/keeping/rename.h). */
apr_status_t anshin_history_append(anshin_op_t *op, anshin_txn_t *txn, const char *user, const anshin_history_t *entry);

typedef apr_status_t anshin_history_visit_fn(void *baton, const anshin_history_t *entry);

/* A walk through a series in parts. user: canonical, NULL for unknown users. skip: so many places of the newest are not
 * handed out, or were already. total: entries in all, set by whoever reads; begin with -1. */
typedef struct anshin_history_walk_t {
    const char *user;
    apr_int64_t skip;
    apr_int64_t total;
} anshin_history_walk_t;

/* At most limit entries, newest first, those of former holders of the ID included; skip stays as it is. */
apr_status_t anshin_history_read(anshin_op_t *op, anshin_txn_t *txn, anshin_history_walk_t *walk, apr_int64_t limit,
                                 anshin_history_visit_fn *visit, void *baton);

/* Of work that may be run again: keep what is read (an array of const anshin_history_t *), and hand it out when nothing
 * is left to read. */
anshin_history_visit_fn anshin_history_keep;
apr_status_t anshin_history_hand_out(const apr_array_header_t *entries, anshin_history_visit_fn *visit, void *baton);

/* The next part, newest first, in a read transaction of its own: so many entries, however many of a damaged series are
 * missing between them. What came since the part before lies in front of what that handed out. Also
 * ANSHIN_ENOTFOUND: a user without any entry who does not exist. */
apr_status_t anshin_history_part(anshin_op_t *op, anshin_history_walk_t *walk, int wanted,
                                 anshin_history_visit_fn *visit, void *baton);

/* How many entries are an account's own (IDN-1) and not older than a time. They are the newest of the series of its ID,
 * behind those of former holders: found by bisection. */
apr_status_t anshin_history_count(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, apr_time_t since,
                                  apr_int64_t *count);

/* Drop entries older than a time, at most limit of them. */
apr_status_t anshin_history_trim(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_time_t before, int limit,
                                 int *dropped);

#endif
