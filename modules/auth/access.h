/*
 * AuthType Anshin.
 */
#ifndef ANSHIN_AUTH_ACCESS_H
#define ANSHIN_AUTH_ACCESS_H

#include <httpd.h>

int anshin_access_portal(request_rec *r);                      /* hook check_access_ex, behind mod_authz_core */
int anshin_access_check(request_rec *r);                       /* hook check_authn */
int anshin_access_forbid(request_rec *r);                      /* hook check_authz */
int anshin_access_challenge(request_rec *r, const char *type); /* hook note_auth_failure */

#endif
