/*
 * Headers that only we may set (S22), and what the site learns of who was let in (APP-1).
 */
#ifndef ANSHIN_AUTH_IDENTITY_H
#define ANSHIN_AUTH_IDENTITY_H

#include <httpd.h>

#include "auth/connection_cache.h"

void anshin_identity_clean(request_rec *r, int served); /* served: by a contract, or a place of the host is */
void anshin_identity_pass_on(request_rec *r);           /* hook fixups, on hosts that none serves */

/* Let the site know who was let in. remembered: of the connection; all zeros at first; NULL: it remembers nothing. */
void anshin_identity_tell(request_rec *r, const anshin_session_t *session, anshin_identity_texts_t *remembered);

#endif
