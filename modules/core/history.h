/* Login history (ACC-4, S28): a numbered series for each user, so that the newest page costs the same with 10 entries
 * as with 100,000; unknown users share one series of the contract. */
#ifndef ANSHIN_CORE_HISTORY_H
#define ANSHIN_CORE_HISTORY_H

#include "core/account.h"

/* On disk, never renumbered. Names (anshin_history_result_name) are those of the texts. */
typedef enum anshin_history_result_t {
    ANSHIN_HISTORY_LOGIN_OK = 1,
    ANSHIN_HISTORY_WRONG_PASSWORD = 2,
    ANSHIN_HISTORY_WRONG_CERTIFICATE = 3, /* not of this user, or none, or not valid */
    ANSHIN_HISTORY_LOCKED = 4,            /* attempt while locked */
    ANSHIN_HISTORY_NOW_LOCKED = 5,        /* wrong, and this one locked the account */
    ANSHIN_HISTORY_UNKNOWN_USER = 6,
    ANSHIN_HISTORY_NOT_ACTIVE = 7, /* pending, locked by the operator, disabled */
    ANSHIN_HISTORY_LOGOUT = 8,
    ANSHIN_HISTORY_REGISTERED = 9,
    ANSHIN_HISTORY_WRONG_CODE = 10,
    ANSHIN_HISTORY_WRONG_DOWNLOAD_PASSWORD = 11,
    ANSHIN_HISTORY_DOWNLOADED = 12,
    ANSHIN_HISTORY_THROTTLED = 13,
    ANSHIN_HISTORY_PASSWORD_OK = 14, /* the first factor of a one-time password login, or of a forced change */
    ANSHIN_HISTORY_PASSWORD_CHANGED = 15,
    ANSHIN_HISTORY_QUESTION_CHANGED = 16,
    ANSHIN_HISTORY_PASSWORD_REISSUED = 17,
    ANSHIN_HISTORY_CERTIFICATE_REISSUED = 18,
    ANSHIN_HISTORY_WRONG_PROOF = 19, /* secret answer or the operator's code, at a reissue */
    ANSHIN_HISTORY_TERMINAL_ADDED = 20,
    ANSHIN_HISTORY_TERMINAL_CHANGED = 21,
    ANSHIN_HISTORY_TERMINAL_DELETED = 22,
    ANSHIN_HISTORY_METHOD_CHANGED = 23,
    ANSHIN_HISTORY_AUTHENTICATOR_SET = 24,
    ANSHIN_HISTORY_AUTHENTICATOR_REMOVED = 25
} anshin_history_result_t;
const char *anshin_history_result_name(apr_int64_t result); /* "login_ok" ... */

/* Stands for what an unknown user typed where it cannot be a user ID. */
#define ANSHIN_HISTORY_NO_USER "(no user ID)"

/* The last line of defence of a disk: so many entries a series has at most, then the oldest goes when one is added.
 * What bounds it before that are the limits of attempts and the retention. */
#define ANSHIN_HISTORY_MAX 100000

/* Append inside a write transaction; at and address come from op when the entry has none, account from whoever has the
 * ID. user: canonical, NULL for unknown users. */
apr_status_t anshin_history_add(anshin_op_t *op, anshin_txn_t *txn, const char *user, const anshin_history_t *entry);

/* Walk newest first, at most limit entries after skip, those of former holders of the ID included. user NULL: those of
 * unknown users. *total may be NULL. */
typedef apr_status_t anshin_history_visit_fn(void *baton, const anshin_history_t *entry);
apr_status_t anshin_history_read(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t skip,
                                 apr_int64_t limit, anshin_history_visit_fn *visit, void *baton, apr_int64_t *total);

/* How many entries are an account's own (IDN-1) and not older than a time. They are the newest of the series of its ID,
 * behind those of former holders: found by bisection. */
apr_status_t anshin_history_count(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, apr_time_t since,
                                  apr_int64_t *count);

/* Drop entries older than a time, at most limit of them. */
apr_status_t anshin_history_trim(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_time_t before, int limit,
                                 int *dropped);

#endif
