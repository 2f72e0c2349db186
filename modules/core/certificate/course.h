/*
 * How far a terminal's certificate has come, from the registration (or what else had it made) to the first login with
 * it (HLP-26): what the status line of the pages tells.
 */
#ifndef ANSHIN_CORE_CERTIFICATE_COURSE_H
#define ANSHIN_CORE_CERTIFICATE_COURSE_H

#include "core/certificate/certificate.h"

/* In the order in which it reaches them; LAPSED and UNMAILED are ends of their own. */
typedef enum anshin_course_stage_t {
    ANSHIN_COURSE_REGISTERED, /* asked for: it is being made */
    ANSHIN_COURSE_MAILING,    /* made; the mail with its link waits to be sent */
    ANSHIN_COURSE_UNMAILED,   /* that mail could not be sent, or the address gets no more today */
    ANSHIN_COURSE_MAILED,     /* the link waits to be followed */
    ANSHIN_COURSE_LAPSED,     /* the link has ended before the file was fetched */
    ANSHIN_COURSE_FETCHED,    /* the file was fetched once at least, and still can be */
    ANSHIN_COURSE_IMPORTED,   /* it was fetched, and the download is over */
    ANSHIN_COURSE_USED        /* somebody has logged in with it */
} anshin_course_stage_t;

typedef struct anshin_course_t {
    anshin_course_stage_t stage;
    anshin_terminal_t terminal;
    apr_time_t mailed_at; /* when the last mail with its link went out; 0: not yet, or not known */
    apr_time_t until;     /* its link leads to the download; 0: none does */
} anshin_course_t;

/* Of one terminal of an account, in a transaction of any mode. ANSHIN_ENOTFOUND: there is nothing to tell, since it has
 * no certificate that counts, or one of before 2026-12, of which nobody knows; ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_course_get(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                               const anshin_terminal_t *terminal, anshin_course_t *course);

/* Of a user's terminal, in a read transaction of its own; number 0: of the first one whose certificate waits for
 * download. user: canonical. Same answers; ANSHIN_ENOTFOUND also where there is no such user or terminal. */
apr_status_t anshin_course_find(anshin_op_t *op, const char *user, apr_int64_t number, anshin_course_t *course);

#endif
