/*
 * What every answer of ours carries (S19), and the answer that is nothing else. Apart from the pages, since the module
 * that lets people in answers some requests itself and has no pages.
 */
#include "http/page_headers.h"

#include <apr_strings.h>
#include <http_protocol.h>

/* Site-wide lines about caches speak after us and may say otherwise: mod_cache heeds the variable, and the note is for
 * auth/caches.c, which has the last word. */
static void keep_out_of_caches(request_rec *r)
{
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->notes, ANSHIN_NOTE_NO_STORE, "1");
    apr_table_setn(r->subprocess_env, "no-cache", "1");
}

static void put_headers(request_rec *r, const char *form_target)
{
    static const struct {
        const char *name;
        const char *value;
    } constant[] = {
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        /* Not no-referrer: browsers then send "Origin: null" with our own forms, and S10 could not tell them from
         * others'. No page is ever shown under an address that holds a token. */
        {"Referrer-Policy", "same-origin"},
        {"Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof constant / sizeof constant[0]; i++) {
        apr_table_setn(r->headers_out, constant[i].name, constant[i].value);
    }
    apr_table_setn(
        r->headers_out, "Content-Security-Policy",
        apr_pstrcat(r->pool,
                    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; "
                    "frame-ancestors 'none'; form-action 'self'",
                    form_target ? " " : "", form_target ? form_target : "", NULL));
}

void anshin_page_headers(request_rec *r, const char *form_target)
{
    put_headers(r, form_target);
    keep_out_of_caches(r);
}

void anshin_page_headers_framed(request_rec *r)
{
    const char *policy = apr_table_get(r->headers_out, "Content-Security-Policy");
    const char *none = policy != NULL ? ap_strstr_c(policy, "frame-ancestors 'none'") : NULL;

    if (none != NULL) {
        apr_table_setn(r->headers_out, "Content-Security-Policy",
                       apr_pstrcat(r->pool, apr_pstrmemdup(r->pool, policy, (apr_size_t)(none - policy)),
                                   "frame-ancestors 'self'", none + strlen("frame-ancestors 'none'"), NULL));
    }
    apr_table_setn(r->headers_out, "X-Frame-Options", "SAMEORIGIN");
}

void anshin_page_headers_connecting(request_rec *r)
{
    const char *policy = apr_table_get(r->headers_out, "Content-Security-Policy");
    const char *base = policy != NULL ? ap_strstr_c(policy, "base-uri ") : NULL;

    if (base != NULL) {
        apr_table_setn(r->headers_out, "Content-Security-Policy",
                       apr_pstrcat(r->pool, apr_pstrmemdup(r->pool, policy, (apr_size_t)(base - policy)),
                                   "connect-src 'self'; ", base, NULL));
    }
}

void anshin_page_headers_cached(request_rec *r, const char *control)
{
    put_headers(r, NULL);
    apr_table_setn(r->headers_out, "Cache-Control", control);
}

int anshin_page_redirect(request_rec *r, const char *location)
{
    anshin_page_headers(r, NULL);
    apr_table_setn(r->headers_out, "Referrer-Policy", "no-referrer"); /* the address left behind may hold a token */
    apr_table_set(r->headers_out, "Location", location);
    r->status = HTTP_SEE_OTHER;
    ap_set_content_length(r, 0);
    return OK;
}
