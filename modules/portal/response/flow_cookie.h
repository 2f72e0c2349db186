/*
 * The flows of a browser, a cookie each (FLO-1, FLO-2).
 */
#ifndef ANSHIN_PORTAL_FLOW_COOKIE_H
#define ANSHIN_PORTAL_FLOW_COOKIE_H

#include "portal/request/portal_request.h"

/* The flow as it is now goes into a cookie of its own; the oldest of this browser give way where there are too many.
 * The answer follows. APR_SUCCESS; ANSHIN_EINVALID (too long), ANSHIN_EFAULT. */
apr_status_t anshin_flow_cookie_keep(anshin_portal_request_t *request);

/* The id that the form or else the address names; NULL: none. */
const char *anshin_flow_cookie_id(const anshin_portal_request_t *request);

/* The flow that form or address name, of this kind, into request->flow. ANSHIN_EDENIED: it has ended, or is none of
 * this browser, or another user's; also ANSHIN_EBUSY, ANSHIN_EFAULT. */
apr_status_t anshin_flow_cookie_open(anshin_portal_request_t *request, anshin_flow_kind_t kind);

/* The newest of this kind that the browser has; token: the one with this link, NULL: any. Same answers. */
apr_status_t anshin_flow_cookie_newest(anshin_portal_request_t *request, anshin_flow_kind_t kind, const char *token);

/* The browser is told to forget request->flow. */
void anshin_flow_cookie_forget(anshin_portal_request_t *request);

/* path with the id of request->flow in its query. */
const char *anshin_flow_cookie_path(const anshin_portal_request_t *request, const char *path);

#endif
