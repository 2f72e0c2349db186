/*
 * From a login to where it leads.
 */
#ifndef ANSHIN_PORTAL_LOGIN_ON_H
#define ANSHIN_PORTAL_LOGIN_ON_H

#include "core/login/login_facts.h"
#include "portal/request/portal_request.h"

/* After OK: the cookie and the way to the site (the form's sealed place to return to). After NEED_CODE and MUST_CHANGE:
 * the next step's page. */
int anshin_login_done(anshin_portal_request_t *request, const anshin_login_result_t *result);

/* The sealed place to return to, as it came, when it is ours; NULL otherwise. *path: unsealed. */
const char *anshin_login_return(anshin_portal_request_t *request, const char **path);

/* Where the login leads: the sealed place of form or query, or else the contract's site. */
const char *anshin_login_target(anshin_portal_request_t *request);

/* Where the browser keeps the mark of its last login. */
const char *anshin_login_known_cookie(const anshin_portal_request_t *request);

/* Where it keeps what it remembers of its last certificate (core/web/last_certificate.h). */
const char *anshin_login_last_cookie(const anshin_portal_request_t *request);

#endif
