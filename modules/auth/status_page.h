/*
 * SetHandler anshin-status: the state of the system for who watches over it (STA-1).
 */
#ifndef ANSHIN_AUTH_STATUS_PAGE_H
#define ANSHIN_AUTH_STATUS_PAGE_H

#include <httpd.h>

/* Hook handler. GET and HEAD; ?format=text|json|openmetrics, else as Accept says, else text. 403 in a place that no
 * Require restricts. "down" is 503 but for OpenMetrics, whose readers take nothing from such an answer. */
int anshin_status_page(request_rec *r);

#endif
