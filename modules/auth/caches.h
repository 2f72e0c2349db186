/*
 * No cache keeps what was behind the login (S34).
 */
#ifndef ANSHIN_AUTH_CACHES_H
#define ANSHIN_AUTH_CACHES_H

#include "auth/request.h"

/* Who may keep the answer to r, and to what it leads on to within httpd: keep at the most, or whom was said before if
 * that is fewer. Never fails. */
void anshin_caches_limit(request_rec *r, anshin_keep_t keep);

void anshin_caches_fixup(request_rec *r); /* hook fixups */

/* Once, when httpd registers hooks: the filter that puts what was said into the headers. */
void anshin_caches_hooks(void);

#endif
