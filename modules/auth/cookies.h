/*
 * The Cookie header of a request: whose session it names, and what of it the site may see. A TLS connection remembers
 * both for the header that came last, so that a header that comes again and again is read once.
 */
#ifndef ANSHIN_AUTH_COOKIES_H
#define ANSHIN_AUTH_COOKIES_H

#include <httpd.h>

#include "auth/connection_cache.h"

/* The session id that the request's header has for this contract, in the request's pool or the cache's own; NULL: none.
 * Forgets the header of the cache (may be NULL) where it is another one. */
const char *anshin_cookies_session(request_rec *r, const anshin_contract_t *contract, anshin_cookies_cache_t *cache);

/* That id was found by a session cache that is this one's: remember the header with it. */
void anshin_cookies_remember(request_rec *r, const anshin_contract_t *contract, anshin_cookies_cache_t *cache);

/* Whoever has the cookie is the user: no program behind httpd needs it but the portal. When a user is let in, and in
 * hook fixups, which knows whether the portal answers. */
void anshin_cookies_hide(request_rec *r);

#endif
