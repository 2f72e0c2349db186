/*
 * Login: one function of facts to outcome (LOG-2, LOG-4, LOG-5, LCK-1 to LCK-4).
 */
#ifndef ANSHIN_CORE_LOGIN_H
#define ANSHIN_CORE_LOGIN_H

#include "core/op.h"
#include "core/peer.h"
#include "core/session.h"

typedef struct anshin_login_facts_t {
    const char *user;           /* as typed, valid UTF-8 */
    const char *password;       /* as typed, valid UTF-8 */
    const anshin_peer_t *peer;  /* what the connection presented */
    const char *old_session;    /* cookie value that the browser sent, or NULL: that session ends at success (S14) */
} anshin_login_facts_t;

typedef enum anshin_login_outcome_t {
    ANSHIN_LOGIN_OK,
    ANSHIN_LOGIN_WRONG,      /* one answer for unknown ID, wrong password, someone else's certificate (LOG-4) */
    ANSHIN_LOGIN_LOCKED,     /* only where the contract shows it; otherwise WRONG */
    ANSHIN_LOGIN_THROTTLED   /* this address must wait (LCK-4) */
} anshin_login_outcome_t;

typedef struct anshin_login_result_t {
    anshin_login_outcome_t outcome;
    int show;                   /* anshin_show_attempts_t of the contract */
    int remaining;              /* with WRONG and ANSHIN_SHOW_REMAINING */
    int limit;                  /* with WRONG and ANSHIN_SHOW_LIMIT */
    apr_time_t unlock_at;       /* with LOCKED: when it opens by itself, 0: the operator must */
    const char *session_id;     /* with OK: cookie value */
    anshin_session_t session;   /* with OK */
} anshin_login_result_t;

/* Check and, on success, open the session; history and counters are in the same transaction. APR_SUCCESS with *result;
 * ANSHIN_EBUSY (no hash slot, or too many checks of this user at once: 503 with Retry-After), ANSHIN_EFAULT (503). */
apr_status_t anshin_login(anshin_op_t *op, const anshin_login_facts_t *facts, anshin_login_result_t *result);

#endif
