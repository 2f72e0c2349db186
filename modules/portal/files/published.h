/*
 * What the CA tells everybody, at PORTAL/ca/ (CRT-6, CRT-9): by http and https alike, without cookie, session or
 * redirect, since whoever checks a certificate may have no other way.
 */
#ifndef ANSHIN_PORTAL_PUBLISHED_H
#define ANSHIN_PORTAL_PUBLISHED_H

#include "http/env.h"

/* Answer for a name behind "/ca/"; state has env and contract. Answers like an httpd handler; what is not there is
 * 404. */
int anshin_published_serve(request_rec *r, const anshin_request_state_t *state, const char *name);

#endif
