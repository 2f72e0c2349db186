/*
 * The end of the login, for the page that warns of it before it comes.
 */
#ifndef ANSHIN_PORTAL_SESSION_END_H
#define ANSHIN_PORTAL_SESSION_END_H

#include "portal/request/portal_request.h"

/* When the session that is logged in ends, into a new object: {left, final, of}: seconds; 1: no use of it makes that
 * later; which session it is. NULL: no memory. */
json_t *anshin_session_end_facts(const anshin_portal_request_t *request);

/* What a page's script needs to warn, for who is logged in. back: the path that the login leads back to, NULL: none.
 * kept: the fields that wait for it (NULL behind the last), NULL: none do. */
void anshin_session_end_put(anshin_portal_request_t *request, const char *back, const char *const *kept);

#endif
