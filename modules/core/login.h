/*
 * Login: one function of facts to outcome (LOG-2, LOG-4, LOG-5, LCK-1 to LCK-4).
 */
#ifndef ANSHIN_CORE_LOGIN_H
#define ANSHIN_CORE_LOGIN_H

#include "core/op.h"
#include "core/peer.h"
#include "core/session.h"

typedef struct anshin_login_facts_t {
    const char *user;          /* as typed, valid UTF-8 */
    const char *password;      /* as typed, valid UTF-8 */
    const anshin_peer_t *peer; /* what the connection presented */
    const char *old_session;   /* cookie value that the browser sent, or NULL: that session ends at success (S14) */
    const char *known;         /* the mark of a login before, as the browser keeps it; NULL: none */
} anshin_login_facts_t;

typedef enum anshin_login_outcome_t {
    ANSHIN_LOGIN_OK,
    ANSHIN_LOGIN_WRONG,      /* one answer for unknown ID, wrong password, someone else's certificate (LOG-4) */
    ANSHIN_LOGIN_LOCKED,     /* only where the contract shows it; otherwise WRONG */
    ANSHIN_LOGIN_THROTTLED,  /* this address must wait (LCK-4) */
    ANSHIN_LOGIN_NEED_CODE,  /* right so far: the one-time password is asked for next (LOG-7) */
    ANSHIN_LOGIN_MUST_CHANGE /* right, but the password must be changed before the site is reached (LOG-6) */
} anshin_login_outcome_t;

typedef struct anshin_login_result_t {
    anshin_login_outcome_t outcome;
    int show;                 /* anshin_show_attempts_t of the contract */
    int remaining;            /* with WRONG and ANSHIN_SHOW_REMAINING */
    int limit;                /* with WRONG and ANSHIN_SHOW_LIMIT */
    apr_time_t unlock_at;     /* with LOCKED: when it opens by itself, 0: the operator must */
    const char *user;         /* canonical, with OK, NEED_CODE, MUST_CHANGE */
    const char *stamp;        /* with NEED_CODE, MUST_CHANGE: sealed into the flow, brought to the next step */
    int days_left;            /* with OK: days until the password expires, -1: nothing to tell (LOG-6) */
    const char *session_id;   /* with OK: cookie value */
    const char *known;        /* with OK: the mark for the browser to keep; no ID stands in it */
    anshin_session_t session; /* with OK */
} anshin_login_result_t;

/* Check and, on success, open the session; history and counters are in the same transaction. APR_SUCCESS with *result;
 * ANSHIN_EBUSY (no hash slot, or too many checks of this user at once: 503 with Retry-After), ANSHIN_EFAULT (503). */
apr_status_t anshin_login(anshin_op_t *op, const anshin_login_facts_t *facts, anshin_login_result_t *result);

/* --- the second factor (LOG-7) --- */

#define ANSHIN_LOGIN_CODE_SIGNS 6 /* digits */
#define ANSHIN_LOGIN_CODE_LIFE apr_time_from_sec(300)
#define ANSHIN_LOGIN_CODE_PAUSE apr_time_from_sec(30) /* between two mails */
#define ANSHIN_LOGIN_STEP_LIFE apr_time_from_sec(600) /* how long the edge may keep a stamp */

typedef struct anshin_code_way_t {
    apr_int64_t terminal;
    int kind;            /* anshin_terminal_kind_t */
    const char *address; /* masked: "t***o@example.jp" */
} anshin_code_way_t;

/* Where a code can come from: *ways of anshin_code_way_t, *app 1 when an authenticator app is enrolled. APR_SUCCESS;
 * ANSHIN_EDENIED (the stamp is none, or no longer one); ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_login_code_ways(anshin_op_t *op, const char *user, const char *stamp, apr_array_header_t **ways,
                                    int *app);

/* Mail a new code to a terminal; an earlier one ends. Answers of ways, and ANSHIN_ECONFLICT (one was sent a moment
 * ago), ANSHIN_ENOTFOUND (no such terminal), ANSHIN_EINVALID (its address gets no more mails today, S40). */
apr_status_t anshin_login_code_send(anshin_op_t *op, const char *user, const char *stamp, apr_int64_t terminal);

/* The user is deleted: a code that was mailed goes too, inside the write transaction. */
apr_status_t anshin_login_code_forget(anshin_op_t *op, anshin_txn_t *txn, const char *user);

/* Check a code: one that was mailed, or one of the authenticator app. facts->user is the flow's, facts->password is
 * not looked at. APR_SUCCESS with WRONG, LOCKED, OK or MUST_CHANGE; ANSHIN_EDENIED (stamp). Each code works once
 * (S25). */
apr_status_t anshin_login_code_check(anshin_op_t *op, const anshin_login_facts_t *facts, const char *stamp,
                                     const char *code, anshin_login_result_t *result);

/* --- the forced change (LOG-6) --- */

/* Set the new password and open the session. *broken: the rules that it breaks, as of core/password.h; 0: done.
 * facts->password is not looked at. APR_SUCCESS, ANSHIN_EDENIED (stamp, certificate), ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_login_change(anshin_op_t *op, const anshin_login_facts_t *facts, const char *stamp,
                                 const char *password, const char *confirm, unsigned *broken,
                                 anshin_login_result_t *result);

#endif
