/*
 * The password that must be changed before a login is done (LOG-6).
 */
#ifndef ANSHIN_CORE_LOGIN_LOGIN_CHANGE_H
#define ANSHIN_CORE_LOGIN_LOGIN_CHANGE_H

#include "core/login/login_facts.h"

/* Why it must be changed: *reissued is 1 when it is one that was reissued, 0 when it is too old. ANSHIN_EDENIED: there
 * is no such user any more; ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_login_change_reason(anshin_op_t *op, const char *user, int *reissued);

typedef struct anshin_login_change_t {
    const char *step_token;
    const char *password; /* the new one, as typed */
    const char *confirm;
} anshin_login_change_t;

/* Set the new password and open the session. *broken: the rules that it breaks, as of core/account/password.h; 0: done.
 * facts->password is not looked at. APR_SUCCESS, ANSHIN_EDENIED (step token, certificate), ANSHIN_EBUSY, ANSHIN_EFAULT.
 */
apr_status_t anshin_login_change(anshin_op_t *op, const anshin_login_facts_t *facts, const anshin_login_change_t *typed,
                                 unsigned *broken, anshin_login_result_t *result);

#endif
