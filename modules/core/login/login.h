/*
 * Login: one function of facts to outcome (LOG-2, LOG-4, LOG-5, LCK-1 to LCK-4).
 */
#ifndef ANSHIN_CORE_LOGIN_LOGIN_H
#define ANSHIN_CORE_LOGIN_LOGIN_H

#include "core/login/login_facts.h"

/* Check and, on success, open the session; history and counters are in the same transaction. APR_SUCCESS with *result;
 * ANSHIN_EBUSY (no hash slot, or too many checks of this user at once: 503 with Retry-After), ANSHIN_EFAULT (503). */
apr_status_t anshin_login(anshin_op_t *op, const anshin_login_facts_t *facts, anshin_login_result_t *result);

#endif
