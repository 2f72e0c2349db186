/*
 * The second factor of a login: a one-time password by mail or from an authenticator app (LOG-7).
 */
#ifndef ANSHIN_CORE_LOGIN_LOGIN_CODE_H
#define ANSHIN_CORE_LOGIN_LOGIN_CODE_H

#include "core/login/login_facts.h"

#define ANSHIN_LOGIN_CODE_CHARACTERS 6 /* digits */
#define ANSHIN_LOGIN_CODE_LIFE apr_time_from_sec(300)
#define ANSHIN_LOGIN_CODE_PAUSE apr_time_from_sec(30) /* between two mails */

typedef struct anshin_code_way_t {
    apr_int64_t terminal;
    int kind;            /* anshin_terminal_kind_t */
    const char *address; /* masked: "t***o@example.jp" */
} anshin_code_way_t;

typedef struct anshin_code_ways_t {
    apr_array_header_t *terminals; /* of anshin_code_way_t */
    int app;                       /* 1: an authenticator app is enrolled */
    apr_int64_t sent;              /* the terminal that a code which still counts was mailed to; 0: none */
    apr_time_t until;              /* it counts; 0: there is none */
} anshin_code_ways_t;

/* Where a code can come from. APR_SUCCESS; ANSHIN_EDENIED (the step token is none, or no longer one); ANSHIN_EFAULT,
 * ANSHIN_EBUSY. */
apr_status_t anshin_login_code_ways(anshin_op_t *op, const char *user, const char *step_token,
                                    anshin_code_ways_t *ways);

/* Mail a new code to a terminal; an earlier one ends. Answers of ways, and ANSHIN_ECONFLICT (one was sent a moment
 * ago), ANSHIN_ENOTFOUND (no such terminal), ANSHIN_EINVALID (its address gets no more mails today, S40). */
apr_status_t anshin_login_code_send(anshin_op_t *op, const char *user, const char *step_token, apr_int64_t terminal);

/* The user is deleted: a code that was mailed goes too, inside the write transaction. */
apr_status_t anshin_login_code_forget(anshin_op_t *op, anshin_txn_t *txn, const char *user);

/* Check a code: one that was mailed, or one of the authenticator app. facts->user is the flow's, facts->password is
 * not looked at. APR_SUCCESS with WRONG, LOCKED, OK or MUST_CHANGE; ANSHIN_EDENIED (step token). Each code works once
 * (S25). */
apr_status_t anshin_login_code_check(anshin_op_t *op, const anshin_login_facts_t *facts, const char *step_token,
                                     const char *code, anshin_login_result_t *result);

#endif
