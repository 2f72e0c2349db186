/*
 * The answer to a request without a session (LOG-1, LOG-3), and to one that cannot be decided (S21).
 */
#ifndef ANSHIN_AUTH_REFUSAL_H
#define ANSHIN_AUTH_REFUSAL_H

#include <httpd.h>

#include "core/context/op.h"

/* Both return what a hook returns: a status, or DONE when the response was sent. */
int anshin_refuse(request_rec *r, anshin_op_t *op);
int anshin_unavailable(request_rec *r, apr_status_t status, const anshin_error_t *err);

/* The challenge that goes with 401. */
void anshin_challenge(request_rec *r, const char *contract);

#endif
