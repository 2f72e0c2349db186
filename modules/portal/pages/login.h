/*
 * The login page as an answer of others.
 */
#ifndef ANSHIN_PORTAL_LOGIN_H
#define ANSHIN_PORTAL_LOGIN_H

#include "core/login/login_facts.h"
#include "portal/request/portal_request.h"

#define ANSHIN_LOGIN_USER_MAX 256      /* bytes typed; longer than any user ID in full width */
#define ANSHIN_LOGIN_PASSWORD_MAX 1024 /* bytes typed; beyond any contract's maximum */

/* The login page once more, for a form of it that cannot be taken: 403, with the ID and the place to return to as they
 * were sent. */
int anshin_login_again(anshin_portal_request_t *request);

/* Say what a login says that was wrong (LOG-4, LOG-5). */
void anshin_login_complain(anshin_portal_request_t *request, const anshin_login_result_t *result);

/* The page for a frame of the site that needs a login: it leads out of the frame. */
int anshin_login_framed(anshin_portal_request_t *request, int status);

#endif
