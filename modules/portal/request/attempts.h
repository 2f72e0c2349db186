/*
 * What has become of attempts, for who watches over the server: counted on the board (core/status/board.h), and told to
 * the error log, where a program such as fail2ban reads it (STA-3).
 */
#ifndef ANSHIN_PORTAL_ATTEMPTS_H
#define ANSHIN_PORTAL_ATTEMPTS_H

#include "portal/request/portal_request.h"

/* Once, when the request's work is done. */
void anshin_portal_attempts_tell(anshin_portal_request_t *request);

#endif
