/*
 * Somebody who is logged in, as the verbs behind the login take him: the session that asks.
 *
 * Between the moment when a session was found and the transaction of what it asks for, the session may have ended, and
 * the user ID may have become somebody else's. So each verb looks again, in its own transaction: only a session that is
 * still there, of an account that still is the one it was opened for (IDN-1), reads or changes anything.
 */
#ifndef ANSHIN_CORE_ACCOUNT_MEMBER_H
#define ANSHIN_CORE_ACCOUNT_MEMBER_H

#include "core/account/history.h"
#include "core/account/session.h"

/* The session that asks, as anshin_session_find() gave it. */
typedef struct anshin_member_t {
    const char *key;
    const anshin_session_t *session;
} anshin_member_t;

/* 1 when the password was checked recently enough for a sensitive change (AnshinReauthenticate, S12). */
int anshin_member_fresh(const anshin_op_t *op, const anshin_member_t *member);

/* The account of a session that is still there, inside a transaction. ANSHIN_EDENIED: session or account is gone or
 * not active. */
apr_status_t anshin_member_account(anshin_op_t *op, anshin_txn_t *txn, const anshin_member_t *member,
                                   anshin_account_t *account);

/* The same in a read transaction of its own. */
apr_status_t anshin_member_read(anshin_op_t *op, const anshin_member_t *member, anshin_account_t *account);

/* One terminal of the account. Also ANSHIN_ENOTFOUND. */
apr_status_t anshin_member_terminal(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number,
                                    anshin_terminal_t *terminal);

/* All terminals of the account: *terminals of anshin_terminal_t, in op's pool. Answers of anshin_member_account(),
 * here and below. */
apr_status_t anshin_member_terminals(anshin_op_t *op, const anshin_member_t *member, apr_array_header_t **terminals);

/* Where the member is logged in (ACC-8): walks the sessions of the account. */
apr_status_t anshin_member_sessions(anshin_op_t *op, const anshin_member_t *member, anshin_session_visit_fn *visit,
                                    void *baton);

/* One page of the member's own history (ACC-4). */
typedef struct anshin_history_page_t {
    apr_time_t since;   /* nothing older */
    int entries;        /* on a page */
    apr_int64_t number; /* asked for, from 1; one beyond the last becomes the last */
    apr_int64_t pages;  /* how many there are, at least 1 */
    apr_int64_t total;  /* entries on all of them */
    int failed;         /* 1: only attempts that came to nothing, the newest of them, on one page; they are looked for
                         * among the newest ANSHIN_HISTORY_LOOKED */
} anshin_history_page_t;
#define ANSHIN_HISTORY_LOOKED 2000
apr_status_t anshin_member_history(anshin_op_t *op, const anshin_member_t *member, anshin_history_page_t *page,
                                   anshin_history_visit_fn *visit, void *baton);

/* The entry of the member's own history that was written at a time, of several the first. ANSHIN_ENOTFOUND: there is
 * none, or none that is left. In op's pool. */
apr_status_t anshin_member_history_entry(anshin_op_t *op, const anshin_member_t *member, apr_time_t at,
                                         const anshin_history_t **entry);

#endif
