/*
 * What the pages of the login share.
 */
#ifndef ANSHIN_PORTAL_LOGIN_H
#define ANSHIN_PORTAL_LOGIN_H

#include "core/login.h"
#include "portal/exchange.h"

/* After OK: the cookie and the way to the site (the form's sealed place to return to). After NEED_CODE and MUST_CHANGE:
 * the next step's page. login.c */
int anshin_login_answer(anshin_exchange_t *x, const anshin_login_result_t *result);

/* On to the step between password and session that comes next. login_step.c */
int anshin_login_step(anshin_exchange_t *x, const anshin_login_result_t *result);

#endif
