/*
 * Cookies of a request and its response (RFC 6265, S18).
 */
#ifndef ANSHIN_PORTAL_COOKIE_H
#define ANSHIN_PORTAL_COOKIE_H

#include <httpd.h>

/* The value of the only cookie of this name, NULL when there is none or two differ. In r->pool. */
const char *anshin_cookie_get(request_rec *r, const char *name);

/* Set a cookie: Path=/; Secure; HttpOnly; SameSite=Lax, which is what a name with __Host- needs. max_age in seconds;
 * 0: until the browser ends. name and value are ours: cookie-octets only. Kept on error responses as well. */
void anshin_cookie_set(request_rec *r, const char *name, const char *value, int max_age);

/* Tell the browser to forget it. */
void anshin_cookie_clear(request_rec *r, const char *name);

#endif
