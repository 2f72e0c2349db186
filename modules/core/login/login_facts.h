/*
 * What a step of a login is told, and what comes of it.
 */
#ifndef ANSHIN_CORE_LOGIN_LOGIN_FACTS_H
#define ANSHIN_CORE_LOGIN_LOGIN_FACTS_H

#include "core/account/lockout.h"
#include "core/account/session.h"
#include "core/base/presented.h"
#include "core/context/op.h"

#define ANSHIN_LOGIN_STEP_LIFE apr_time_from_sec(600) /* how long the edge may keep a step token */

typedef struct anshin_login_facts_t {
    const char *user;                    /* as typed, valid UTF-8 */
    const char *password;                /* as typed, valid UTF-8 */
    const anshin_presented_t *presented; /* what the connection presented */
    const char *old_session; /* cookie value that the browser sent, or NULL: that session ends at success (S14) */
    const char *known;       /* the mark of a login before, as the browser keeps it; NULL: none */
    int renews;              /* 1: a renewal is wanted, by a certificate that has ended, and no session (REN-3) */
} anshin_login_facts_t;

typedef enum anshin_login_outcome_t {
    ANSHIN_LOGIN_OK,
    ANSHIN_LOGIN_WRONG,      /* one answer for unknown ID, wrong password, someone else's certificate (LOG-4) */
    ANSHIN_LOGIN_LOCKED,     /* only where the contract shows it; otherwise WRONG */
    ANSHIN_LOGIN_THROTTLED,  /* this address must wait (LCK-4) */
    ANSHIN_LOGIN_NEED_CODE,  /* right so far: the one-time password is asked for next (LOG-7) */
    ANSHIN_LOGIN_RENEWED,    /* with facts->renews: right, and the renewal has begun; it lets in nowhere */
    ANSHIN_LOGIN_FULL,       /* the same, but the day has room for no other renewal */
    ANSHIN_LOGIN_MUST_CHANGE /* right, but the password must be changed before the site is reached (LOG-6) */
} anshin_login_outcome_t;

typedef struct anshin_login_result_t {
    anshin_login_outcome_t outcome;
    int show;                   /* anshin_show_attempts_t of the contract */
    int remaining;              /* with WRONG and ANSHIN_SHOW_REMAINING */
    int limit;                  /* with WRONG and ANSHIN_SHOW_LIMIT */
    anshin_lock_t lock;         /* with LOCKED: which one; of the operator's or the user's own it has no kinds */
    const char *user;           /* canonical, with OK, NEED_CODE, MUST_CHANGE */
    const char *step_token;     /* with NEED_CODE, MUST_CHANGE: sealed into the flow, brought to the next step */
    int days_left;              /* with OK: days until the password expires, -1: nothing to tell (LOG-6) */
    int certificate_days;       /* with OK: days until the certificate's end, -1: nothing to tell (REN-1) */
    const char *session_id;     /* with OK: cookie value */
    const char *others_session; /* with OK: key of a session of somebody else that the browser brought; NULL: none */
    const char *known;          /* with OK: the mark for the browser to keep; no ID stands in it */
    anshin_session_t session;   /* with OK */
} anshin_login_result_t;

#endif
