/*
 * The help of LOG-3 where a page has no other answer.
 */
#ifndef ANSHIN_PORTAL_HELP_H
#define ANSHIN_PORTAL_HELP_H

#include "portal/request/portal_request.h"

/* The help of LOG-3 as an answer of this status, when the contract admits certificates alone and this connection's
 * is not good: closes the connection. DECLINED: all is well, go on. Otherwise it has been answered (OK). */
int anshin_help_gate(anshin_portal_request_t *request);

/* The help page for whatever this connection's certificate is, with this status. */
int anshin_help_certificate(anshin_portal_request_t *request, int status);

#endif
