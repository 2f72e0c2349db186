/*
 * No cache keeps what was behind the login (S34).
 */
#ifndef ANSHIN_AUTH_CACHES_H
#define ANSHIN_AUTH_CACHES_H

#include "auth/request.h"

void anshin_caches_limit(request_rec *r, anshin_keep_t keep);
void anshin_caches_fixup(request_rec *r); /* hook fixups */
void anshin_caches_hooks(void);

#endif
