/*
 * The Cache-Control header of an answer that is for one user alone (RFC 9111 5.2.2, S34).
 */
#ifndef ANSHIN_CORE_WEB_CACHE_CONTROL_H
#define ANSHIN_CORE_WEB_CACHE_CONTROL_H

#include "core/base/anshin.h"

/* What the site says, with `private` in it and without what speaks to shared caches (public, s-maxage,
 * proxy-revalidate, private of some fields only). value: NULL or "" where the site says nothing: then "private,
 * no-cache", so that what was revoked is asked for anew (LOG-9). value itself when nothing is to be changed, otherwise
 * in pool. Text that is no list of directives is left out from where it begins to be none. */
const char *anshin_cache_control_private(const char *value, apr_pool_t *pool);

/* 1 when the site says that a shared cache may keep the answer: public or s-maxage, and neither private nor no-store.
 * value may be NULL. */
int anshin_cache_control_shared(const char *value);

#endif
