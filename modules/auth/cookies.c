/*
 * The Cookie header of a request: see cookies.h.
 *
 * SECURITY: a proxy may send several users' requests by one connection. So what is remembered is held against what has
 * come in constant time, all of it.
 */
#include "auth/cookies.h"

#include <apr_strings.h>
#include <string.h>

#include "auth/request.h"
#include "core/web/cookie_header.h"
#include "http/env.h"

#define BLOCK 32
_Static_assert(ANSHIN_TOKEN_TEXT > BLOCK, "a header with a session is longer");

static apr_uint64_t word(const char *text)
{
    apr_uint64_t octets;

    memcpy(&octets, text, sizeof(octets));
    return octets;
}

static apr_uint64_t difference(const char *one, const char *other)
{
    return (word(one) ^ word(other)) | (word(one + 8) ^ word(other + 8)) | (word(one + 16) ^ word(other + 16)) |
           (word(one + 24) ^ word(other + 24));
}

/* Two headers of one length that have a session, in constant time. CRYPTO_memcmp() takes octet by octet, which costs
 * more than to read the header anew. */
static int is_same(const char *one, const char *other, apr_size_t length)
{
    apr_uint64_t differs = 0;

    for (apr_size_t at = 0; at < length; at += BLOCK) {
        apr_size_t from = at + BLOCK < length ? at : length - BLOCK;

        differs |= difference(one + from, other + from);
        __asm__("" : "+r"(differs)); /* no compiler may end the loop where it has found a difference */
    }
    return differs == 0;
}

/* What of the header is for the site, found once. */
static const char *site_part(request_rec *r, anshin_request_t *whole)
{
    if (!whole->site_cookie_known && whole->cookie != NULL) {
        whole->site_cookie =
            anshin_cookie_strip(whole->cookie, ANSHIN_SESSION_COOKIE_PREFIX, anshin_request_first(r)->pool);
        whole->site_cookie_known = 1;
    }
    return whole->site_cookie;
}

const char *anshin_cookies_session(request_rec *r, const anshin_contract_t *contract, anshin_cookies_cache_t *cache)
{
    request_rec *first = anshin_request_first(r);
    anshin_request_t *whole = anshin_request_of(first);

    if (whole->cookie == NULL) {
        return NULL;
    }
    if (cache != NULL && cache->contract == contract && strlen(whole->cookie) == cache->length &&
        is_same(whole->cookie, cache->text, cache->length)) {
        whole->site_cookie = apr_pstrdup(first->pool, cache->site);
        whole->site_cookie_known = 1;
        return cache->session.id;
    }
    if (cache != NULL) {
        cache->contract = NULL;
    }
    return anshin_session_cookie_find(whole->cookie, contract->name, first->pool);
}

void anshin_cookies_remember(request_rec *r, const anshin_contract_t *contract, anshin_cookies_cache_t *cache)
{
    anshin_request_t *whole;
    apr_size_t length, rest;
    const char *site;

    if (cache->contract != NULL) { /* as it was */
        return;
    }
    whole = anshin_request_of(r);
    site = site_part(r, whole);
    length = strlen(whole->cookie);
    rest = site != NULL ? strlen(site) + 1 : 0;
    if (length + 1 + rest > sizeof(cache->text)) {
        return;
    }
    memcpy(cache->text, whole->cookie, length + 1);
    cache->length = length;
    cache->site = rest > 0 ? memcpy(cache->text + length + 1, site, rest) : NULL;
    cache->contract = contract;
}

void anshin_cookies_hide(request_rec *r)
{
    anshin_request_t *whole = anshin_request_of(r);
    const char *site;

    if (whole->cookie == NULL) {
        return;
    }
    site = site_part(r, whole);
    if (anshin_handler_is(r, ANSHIN_HANDLER)) {
        apr_table_setn(r->headers_in, "Cookie", whole->cookie);
    } else if (site == NULL) {
        apr_table_unset(r->headers_in, "Cookie");
    } else if (site != whole->cookie) {
        apr_table_setn(r->headers_in, "Cookie", site);
    }
}
