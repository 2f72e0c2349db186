/*
 * Who tries to log in, as far as the store can tell: the first half of every login step. For core/login*.c.
 */
#ifndef ANSHIN_CORE_LOGIN_CLAIMANT_H
#define ANSHIN_CORE_LOGIN_CLAIMANT_H

#include "core/account/account.h"
#include "core/audit/act.h"
#include "core/certificate/certificate.h"
#include "core/login/login_facts.h"

typedef struct anshin_claimant_t {
    const char *user; /* canonical, or a digest in its place when no user can have the ID typed */
    int known;        /* there is such an account */
    int evaluated;    /* its password may be checked: account and certificate allow it */
    anshin_account_t account;
    anshin_certificate_t certificate;
    anshin_act_t why; /* the reason when it may not */
} anshin_claimant_t;

/* Does the connection's certificate count here, whoever's it is: for a login, or for a renewal after its end? */
apr_status_t anshin_claimant_certificate(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                         int *good, anshin_certificate_t *certificate);

/* Whose counter an ID has as it was typed: the canonical user, or a digest that no user can have for an ID. In op's
 * pool. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_claimant_subject(anshin_op_t *op, const char *typed, const char **user);

/* What is kept of an ID that nobody has: as it was typed, or ANSHIN_HISTORY_NO_USER. */
const char *anshin_claimant_typed(const char *typed, apr_pool_t *pool);

/* Look up inside a transaction of any mode. APR_SUCCESS (also when nobody was found), ANSHIN_EFAULT, ANSHIN_EBUSY. */
apr_status_t anshin_claimant_find(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                  anshin_claimant_t *claimant);

/* Tell what became of it, inside a write transaction. */
apr_status_t anshin_claimant_record(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                    const anshin_claimant_t *claimant, anshin_act_t act);

/* The mark of a browser that has logged in to this account: whoever shows it waits before strangers, no more. A MAC of
 * the account as it is: it ends when the password is changed, and when the account is locked. */
apr_status_t anshin_claimant_mark(anshin_op_t *op, const anshin_account_t *account, const char **mark);

/* *equal: 1 when it is that one, or of a seal key that is still there; else 0. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_claimant_has_mark(anshin_op_t *op, const anshin_account_t *account, const char *mark, int *equal);

/* The steps that may lie between the right password and the session. */
typedef enum anshin_login_step_t {
    ANSHIN_STEP_PASSWORD, /* the password was right just now */
    ANSHIN_STEP_CODE,     /* the one-time password as well */
    ANSHIN_STEP_CHANGE    /* a password that had to be changed was changed */
} anshin_login_step_t;

/* Is step_token that of this account and step (the one that was done)? In constant time. A MAC of step, login method
 * and password hash: it ends when one of the two is changed. APR_SUCCESS, ANSHIN_EDENIED, ANSHIN_EFAULT. */
apr_status_t anshin_claimant_proves(anshin_op_t *op, const anshin_account_t *account, anshin_login_step_t step,
                                    const char *step_token);

/* Who goes on with a login whose step `done` the step token proves, as the account is now, inside a transaction of any
 * mode. ANSHIN_EDENIED: nobody; the account is not active, has locked since, has another method or another password, or
 * the certificate does not belong to it any more. Other answers of anshin_claimant_find(). */
apr_status_t anshin_claimant_resume(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                    anshin_login_step_t done, const char *step_token, anshin_claimant_t *claimant);

/* After a step, inside a write transaction: ask for the next one (ANSHIN_LOGIN_NEED_CODE, ANSHIN_LOGIN_MUST_CHANGE,
 * with a step token), or open the session: account, session, history; a session of this user that the browser brought
 * ends; a waiting download is done; a certificate that was to follow another takes its place (REN-2). The account is
 * written as the claimant has it. */
apr_status_t anshin_claimant_proceed(anshin_op_t *op, anshin_txn_t *txn, const anshin_login_facts_t *facts,
                                     anshin_claimant_t *claimant, anshin_login_step_t step,
                                     anshin_login_result_t *result);

/* Once that is committed: a session of somebody else that the browser brought ends as well, in a transaction of its
 * own, since it has another owner (core/store/owner.h). Answers of anshin_op_write(): where it is not APR_SUCCESS, the
 * caller has no login to tell of, and the new session is nobody's, for its cookie is not sent. */
apr_status_t anshin_claimant_admitted(anshin_op_t *op, const anshin_login_result_t *result);

#endif
