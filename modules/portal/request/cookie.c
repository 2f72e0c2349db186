/*
 * Cookies: the header is taken apart in core/web/cookie_header.c, where unit programs reach it.
 */
#include "portal/request/cookie.h"

#include <apr_strings.h>

#include "core/web/cookie_header.h"

#define ATTRIBUTES "; Path=/; Secure; HttpOnly; SameSite=Lax"

const char *anshin_cookie_get(request_rec *r, const char *name)
{
    return anshin_cookie_find(apr_table_get(r->headers_in, "Cookie"), name, r->pool);
}

void anshin_cookie_set(request_rec *r, const char *name, const char *value, int max_age)
{
    const char *age = max_age > 0 ? apr_psprintf(r->pool, "; Max-Age=%d", max_age) : "";

    apr_table_addn(r->err_headers_out, "Set-Cookie", apr_pstrcat(r->pool, name, "=", value, ATTRIBUTES, age, NULL));
}

void anshin_cookie_clear(request_rec *r, const char *name)
{
    apr_table_addn(r->err_headers_out, "Set-Cookie", apr_pstrcat(r->pool, name, "=", ATTRIBUTES "; Max-Age=0", NULL));
}
