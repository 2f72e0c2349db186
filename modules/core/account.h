/*
 * Users of a contract and their terminals.
 */
#ifndef ANSHIN_CORE_ACCOUNT_H
#define ANSHIN_CORE_ACCOUNT_H

#include "core/address.h"
#include "core/op.h"

/* On disk, never renumbered. */
typedef enum anshin_account_state_t {
    ANSHIN_ACCOUNT_PENDING, /* created, not registered yet */
    ANSHIN_ACCOUNT_ACTIVE,
    ANSHIN_ACCOUNT_LOCKED,  /* by the operator */
    ANSHIN_ACCOUNT_DISABLED /* by the operator, without hope of a quick unlock */
} anshin_account_state_t;

#define ANSHIN_USER_MAX 64 /* bytes of a user ID */

/* The canonical form of a user ID as typed: as anshin_unicode_typed() has it, spaces around it cut, lower case. In
 * pool, or NULL when no user can have it: 1 to ANSHIN_USER_MAX of a-z 0-9 . _ - + @, starting with a letter or
 * digit. */
const char *anshin_user_canonical(const char *typed, apr_pool_t *pool);

/* Keys of an account's records, in op's pool. */
const char *anshin_account_key(anshin_op_t *op, const char *user);
const char *anshin_terminal_key(anshin_op_t *op, const char *user, apr_int64_t number);

/* What the operator gives for a new user. */
typedef struct anshin_account_new_t {
    const char *user;     /* as typed */
    const char *address;  /* of the first terminal */
    int method;           /* anshin_method_t; -1: the contract's default */
    int terminal_kind;    /* anshin_terminal_kind_t */
    const char *language; /* NULL: the contract's */
} anshin_account_new_t;

typedef struct anshin_invitation_t {
    const char *url;  /* registration URL */
    const char *code; /* registration code, to be handed out another way */
    apr_time_t expires_at;
} anshin_invitation_t;

/* Create a user with its first terminal and its invitation (REG-1), durably. APR_SUCCESS, ANSHIN_ECONFLICT (the ID is
 * taken), ANSHIN_EINVALID (names field and rule), ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_account_create(anshin_op_t *op, const anshin_account_new_t *spec, anshin_invitation_t *invitation);

/* A new invitation for a user who has not registered yet; the old one ends. ANSHIN_ECONFLICT when registered already.
 */
apr_status_t anshin_account_invite(anshin_op_t *op, const char *user, anshin_invitation_t *invitation);

/* Whose is it? An account has a number of 128 random bits, which is never given again (IDN-1). Account, terminals and
 * counters are found by contract and user ID; whatever outlives the account or names it from outside (sessions,
 * certificates, downloads, links, history, jobs, mail) carries its number, so that nothing of a former holder of the ID
 * is the present one's.
 *
 * number: of the record; NULL: it was written before accounts had numbers, and is the account's when that is as old and
 * the record was made in its time. 1 or 0. */
int anshin_account_owns(const anshin_account_t *account, const char *number, apr_time_t made_at);

/* Read inside a transaction. user is canonical. One from before accounts had numbers gets its number when it is read in
 * a write transaction, in that transaction; until then account->number is NULL. APR_SUCCESS, ANSHIN_ENOTFOUND,
 * ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_account_get(anshin_op_t *op, anshin_txn_t *txn, const char *user, anshin_account_t *account);
apr_status_t anshin_account_put(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account);

/* The same for the account that a record names: also ANSHIN_ENOTFOUND when it does not own the record. */
apr_status_t anshin_account_get_owner(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *number,
                                      apr_time_t made_at, anshin_account_t *account);
apr_status_t anshin_terminal_get(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t number,
                                 anshin_terminal_t *terminal);
apr_status_t anshin_terminal_put(anshin_op_t *op, anshin_txn_t *txn, const anshin_terminal_t *terminal);

/* The terminals of an account that are there, in its order: *terminals of anshin_terminal_t. APR_SUCCESS,
 * ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_account_terminals(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                      apr_array_header_t **terminals);

/* The user has shown something that was mailed to a terminal at a time, so its address is his own; unless it was typed
 * later. Inside a write transaction. A terminal that is gone is no failure; ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_terminal_confirmed(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t number,
                                       apr_time_t mailed_at);

/* Operator: lock, disable (ends all sessions, LOG-9), and unlock (state back to active or pending, every counter of the
 * user back to zero). Durable. ANSHIN_ENOTFOUND: no such user. */
apr_status_t anshin_account_lock(anshin_op_t *op, const char *user, anshin_account_state_t state);
apr_status_t anshin_account_unlock(anshin_op_t *op, const char *user);

/* Delete user, terminals, counters, sessions, invitation, waiting downloads and their blobs; revoke certificates. The
 * history stays until its retention ends. */
apr_status_t anshin_account_delete(anshin_op_t *op, const char *user);

const char *anshin_account_state_name(apr_int64_t state); /* "pending" ... for the command */
const char *anshin_method_name(apr_int64_t method);       /* "certificate" ... as in policy.def */
const char *anshin_terminal_kind_name(apr_int64_t kind);

#endif
