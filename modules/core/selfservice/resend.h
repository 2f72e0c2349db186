/*
 * The mail with a download's link once more (HLP-17, HLP-18): to the terminal's address, with a new link; the former
 * one dies. Download password, end of the download and wrong passwords that were counted stay as they are, so that
 * asking again gains nobody anything.
 */
#ifndef ANSHIN_CORE_SELFSERVICE_RESEND_H
#define ANSHIN_CORE_SELFSERVICE_RESEND_H

#include "core/account/member.h"
#include "core/certificate/certificate.h"
#include "core/mail/mail_bound.h"

#define ANSHIN_RESEND_PAUSE apr_time_from_sec(300) /* between two mails with the link of one download */
#define ANSHIN_RESENDS 5                           /* so many a day and terminal */

typedef enum anshin_resend_outcome_t {
    ANSHIN_RESEND_SENT,
    ANSHIN_RESEND_PAUSED, /* one was mailed a moment ago */
    ANSHIN_RESEND_FULL,   /* the day has no room for another one */
    ANSHIN_RESEND_MAKING, /* its certificate is being made, and the first mail follows */
    ANSHIN_RESEND_NOTHING /* nothing waits that can be fetched now: fetched and over, ended, or locked */
} anshin_resend_outcome_t;

typedef struct anshin_resend_t {
    anshin_resend_outcome_t outcome;
    anshin_terminal_t terminal;
} anshin_resend_t;

/* To one terminal, inside a write transaction, in which the outcome may be that nothing was done. APR_SUCCESS,
 * ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_resend_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                              const anshin_terminal_t *terminal, anshin_mail_bound_t bound,
                              anshin_resend_outcome_t *outcome);

/* A member asks for it: durable. ANSHIN_EDENIED (session ended, or switched off), ANSHIN_ENOTFOUND (no such terminal),
 * ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_resend(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number, anshin_resend_t *resend);

#endif
