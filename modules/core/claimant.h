/*
 * Who tries to log in, as far as the store can tell: the first half of every login step. For core/login*.c.
 */
#ifndef ANSHIN_CORE_CLAIMANT_H
#define ANSHIN_CORE_CLAIMANT_H

#include "core/account.h"
#include "core/certificate.h"
#include "core/history.h"
#include "core/login.h"

typedef struct anshin_claimant_t {
    const char *user; /* canonical, or a digest in its place when no user can have the ID typed */
    int known;        /* there is such an account */
    int evaluated;    /* its password may be checked: account and certificate allow it */
    anshin_account_t account;
    anshin_certificate_t certificate;
    anshin_history_result_t why; /* the reason when it may not */
} anshin_claimant_t;

/* Look up inside a transaction of any mode. APR_SUCCESS (also when nobody was found), ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_claimant_find(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                  anshin_claimant_t *claimant);

/* One line of history about it, inside a write transaction. */
apr_status_t anshin_claimant_record(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                    const anshin_claimant_t *claimant, anshin_history_result_t result);

/* The mark of a browser that has logged in to this account: whoever shows it waits before strangers, no more. A MAC of
 * the account as it is: it ends when the password is changed, and when the account is locked. */
apr_status_t anshin_claimant_mark(anshin_op_t *op, const anshin_account_t *account, const char **mark);

/* The steps that may lie between the right password and the session. */
typedef enum anshin_login_step_t {
    ANSHIN_STEP_PASSWORD, /* the password was right just now */
    ANSHIN_STEP_CODE,     /* the one-time password as well */
    ANSHIN_STEP_CHANGE    /* a password that had to be changed was changed */
} anshin_login_step_t;

/* Is stamp that of this account and step (the one that was done)? In constant time. A MAC of step, login method and
 * password hash: it ends when one of the two is changed. APR_SUCCESS, ANSHIN_EDENIED, ANSHIN_EFAULT. */
apr_status_t anshin_claimant_stamped(anshin_op_t *op, const anshin_account_t *account, anshin_login_step_t step,
                                     const char *stamp);

/* Who goes on with a login whose step `done` the stamp proves, as the account is now, inside a transaction of any mode.
 * ANSHIN_EDENIED: nobody; the account is not active, has locked since, has another method or another password, or the
 * certificate does not belong to it any more. Other answers of anshin_claimant_find(). */
apr_status_t anshin_claimant_resume(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                    anshin_login_step_t done, const char *stamp, anshin_claimant_t *claimant);

/* After a step, inside a write transaction: ask for the next one (ANSHIN_LOGIN_NEED_CODE, ANSHIN_LOGIN_MUST_CHANGE,
 * with a stamp), or open the session: account, session, history; the session that the browser brought ends; a waiting
 * download is done. The account is written as the claimant has it. */
apr_status_t anshin_claimant_proceed(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                     anshin_claimant_t *claimant, anshin_login_step_t step,
                                     anshin_login_result_t *result);

#endif
