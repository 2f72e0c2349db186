/*
 * The certificates on the account page that wait for download: how far each has come, and what can be done about it.
 */
#ifndef ANSHIN_PORTAL_WAITING_H
#define ANSHIN_PORTAL_WAITING_H

#include "core/selfservice/resend.h"
#include "core/selfservice/terminal.h"
#include "portal/request/portal_request.h"

/* page.waits of the terminals (of anshin_terminal_view_t) whose certificate waits. */
void anshin_waiting_put(anshin_portal_request_t *request, const apr_array_header_t *views);

/* Say what the form before this page did (anshin_waiting_told()). */
void anshin_waiting_alert(anshin_portal_request_t *request);

/* The terminal that a button's form is about; 0: none, or nonsense. */
apr_int64_t anshin_waiting_number(const anshin_portal_request_t *request);

/* Path of the account page that says what came of it. */
const char *anshin_waiting_told(const anshin_portal_request_t *request, anshin_resend_outcome_t outcome);

#endif
