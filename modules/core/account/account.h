/*
 * Users of a contract and their terminals.
 */
#ifndef ANSHIN_CORE_ACCOUNT_ACCOUNT_H
#define ANSHIN_CORE_ACCOUNT_ACCOUNT_H

#include "core/base/user_id.h"
#include "core/base/words.h"
#include "core/context/op.h"

typedef enum anshin_account_state_t {
#define WORD(member, value, name) ANSHIN_ACCOUNT_##member = (value),
#include "core/account/account_state.def"
#undef WORD
} anshin_account_state_t;

typedef enum anshin_locked_by_t {
#define WORD(member, value, name) ANSHIN_LOCKED_BY_##member = (value),
#include "core/account/locked_by.def"
#undef WORD
} anshin_locked_by_t;
extern const anshin_word_t anshin_locked_by_words[];

typedef enum anshin_role_t {
#define WORD(member, value, name) ANSHIN_ROLE_##member = (value),
#include "core/account/role.def"
#undef WORD
} anshin_role_t;
extern const anshin_word_t anshin_role_words[];
const char *anshin_role_name(apr_int64_t role); /* "none" ..., "unknown" */

/* Keys of an account's records, in op's pool. */
const char *anshin_account_key(anshin_op_t *op, const char *user);
const char *anshin_terminal_key(anshin_op_t *op, const char *user, apr_int64_t number);

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

/* The same by an ID as somebody typed it: also ANSHIN_ENOTFOUND when no user can have it. */
apr_status_t anshin_account_get_typed(anshin_op_t *op, anshin_txn_t *txn, const char *typed, anshin_account_t *account);

/* The same for the account that a record names: also ANSHIN_ENOTFOUND when it does not own the record. */
apr_status_t anshin_account_get_owner(anshin_op_t *op, anshin_txn_t *txn, const char *user, const char *number,
                                      apr_time_t made_at, anshin_account_t *account);
apr_status_t anshin_terminal_get(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t number,
                                 anshin_terminal_t *terminal);

/* The ways in which terminals are written and go: they keep the index of addresses (address_index.h). In the one that
 * removes terminal is as it was read. APR_SUCCESS, ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_terminal_put(anshin_op_t *op, anshin_txn_t *txn, const anshin_terminal_t *terminal);
apr_status_t anshin_terminal_remove(anshin_op_t *op, anshin_txn_t *txn, const anshin_terminal_t *terminal);

/* The terminals of an account that are there, in its order: *terminals of anshin_terminal_t. APR_SUCCESS,
 * ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_account_terminals(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                      apr_array_header_t **terminals);

/* The same in a read transaction of its own, for the user who has this ID (canonical) now. Also ANSHIN_ENOTFOUND. */
apr_status_t anshin_account_read(anshin_op_t *op, const char *user, anshin_account_t *account,
                                 apr_array_header_t **terminals);

/* What the user calls a terminal of such an array; NULL: nothing, or there is none of this number. */
const char *anshin_terminal_label(const apr_array_header_t *terminals, apr_int64_t number);

/* The addresses of a user's terminals, NULL terminated, in op's pool. */
apr_status_t anshin_account_addresses(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                      const char *const **addresses);

/* The user has shown something that was mailed to a terminal at a time, so its address is his own; unless it was typed
 * later. Inside a write transaction. A terminal that is gone is no failure; ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_terminal_confirmed(anshin_op_t *op, anshin_txn_t *txn, const char *user, apr_int64_t number,
                                       apr_time_t mailed_at);

/* 1 when a time lies within the account's validity (ATT-1). */
int anshin_account_valid(const anshin_account_t *account, apr_time_t now);

/* The state that counts then: outside of its validity the account is as one that is disabled. */
apr_int64_t anshin_account_standing(const anshin_account_t *account, apr_time_t now);

extern const anshin_word_t anshin_account_state_words[];
const char *anshin_account_state_name(apr_int64_t state); /* "pending" ... for the command */

#endif
