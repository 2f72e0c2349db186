/*
 * The Cookie header (RFC 6265 4.2 and 5.4): finding one cookie and taking one out, as text.
 */
#ifndef ANSHIN_CORE_WEB_COOKIE_HEADER_H
#define ANSHIN_CORE_WEB_COOKIE_HEADER_H

#include "core/base/anshin.h"

/* What the names of all session cookies start with. */
#define ANSHIN_SESSION_COOKIE_PREFIX "__Host-anshin-"

/* Name of a contract's session cookie: "__Host-anshin-CONTRACT" (S18). In pool. */
const char *anshin_session_cookie(const char *contract, apr_pool_t *pool);

/* The value of the only cookie called name; NULL when there is none, or two that differ (somebody planted one: neither
 * is believed). header may be NULL. In pool. */
const char *anshin_cookie_find(const char *header, const char *name, apr_pool_t *pool);

/* The same for a contract's session cookie, whose name need not be made for it. */
const char *anshin_session_cookie_find(const char *header, const char *contract, apr_pool_t *pool);

/* Call visit for every cookie whose name starts with prefix: what of the name comes behind it, and the value, both in
 * pool. header may be NULL. */
typedef void anshin_cookie_visit_fn(void *baton, const char *rest, const char *value);
void anshin_cookie_each(const char *header, const char *prefix, anshin_cookie_visit_fn *visit, void *baton,
                        apr_pool_t *pool);

/* header without the cookies whose names start with prefix; NULL when nothing else is left; header itself when there is
 * none of them. So does a cookie with prefix behind a ',' or blank: two Cookie lines arrive as one, joined by ", ", and
 * what comes behind may read them so. Otherwise in pool. */
const char *anshin_cookie_strip(const char *header, const char *prefix, apr_pool_t *pool);

#endif
