/*
 * No cache keeps what was behind the login (S34). A page that came by a cookie looks to a shared cache like any other:
 * it would hand it to strangers, and mod_cache does so before anybody is asked who he is.
 *
 * SECURITY: httpd's own modules, back ends and site-wide lines say how long things live, most of them behind us. So
 * mod_cache is told by the variable that it heeds (no-cache), which stands wherever its filter is, and everybody else
 * by Cache-Control, which is mended last of all: behind mod_headers and mod_expires, ahead of mod_cache's filter.
 */
#include "auth/caches.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <http_request.h>
#include <util_filter.h>

#include "auth/request.h"
#include "core/web/cache_control.h"
#include "auth/config/config.h"
#include "http/env.h"
#include "http/page_headers.h"

/* Headers by which a site speaks to caches: to all, and to one kind of shared cache alone, which then does not heed the
 * first (RFC 9213, Edge Architecture Specification, nginx). */
static const char *const speaking[] = {"Cache-Control", "CDN-Cache-Control", "Cloudflare-CDN-Cache-Control",
                                       "Edge-Control",  "Surrogate-Control", "X-Accel-Expires"};
#define SPEAKING (sizeof(speaking) / sizeof(speaking[0]))

static const char variable[] = "no-cache"; /* heeded by mod_cache */

static ap_filter_rec_t *filter_record;
static int cached; /* 1: mod_cache is loaded, so that there is somebody to tell */

/* A page's variable is set by the hook fixups, which no handler comes ahead of, and by the filter. */
void anshin_caches_limit(request_rec *r, anshin_keep_t keep)
{
    anshin_request_t *whole = anshin_request_of(r);

    if (whole->keep < keep) {
        whole->keep = keep;
    }
    if (keep == ANSHIN_KEEP_NOBODY) {
        anshin_caches_fixup(r);
    }
}

/* The variable is one of each request: an internal redirect, to an error document for example, has it by another name.
 * Where shared caches are meant to keep what is public the filter decides, which sees what the site says. */
void anshin_caches_fixup(request_rec *r)
{
    anshin_keep_t keep = anshin_request_of(r)->keep;

    if (cached && (keep == ANSHIN_KEEP_NOBODY || (keep == ANSHIN_KEEP_USER && !anshin_place_shares(r)))) {
        apr_table_addn(r->subprocess_env, variable, "1");
    }
}

/* Of a sign its lowest bits, which capital and small letters share. */
#define LOW(sign) (1U << ((sign)&31))
static const unsigned first_signs = LOW('c') | LOW('e') | LOW('s') | LOW('x');
static const unsigned second_signs = LOW('a') | LOW('d') | LOW('l') | LOW('u') | LOW('-');

/* Most headers are told apart by their first two signs. */
static int is_speaking(const char *name)
{
    if ((first_signs & LOW(name[0])) == 0 || (second_signs & LOW(name[1])) == 0) {
        return 0;
    }
    for (size_t i = 0; i < SPEAKING; i++) {
        if (ap_cstr_casecmp(name, speaking[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

/* One look instead of one for each name: few pages speak to caches. */
static int speaks(const apr_table_t *headers)
{
    const apr_array_header_t *all = apr_table_elts(headers);
    const apr_table_entry_t *entries = (const apr_table_entry_t *)(const void *)all->elts;

    for (int i = 0; i < all->nelts; i++) {
        if (entries[i].key != NULL && is_speaking(entries[i].key)) {
            return 1;
        }
    }
    return 0;
}

/* What both tables say, as one list; NULL: nothing. */
static const char *said(request_rec *r)
{
    const char *other = apr_table_getm(r->pool, r->err_headers_out, "Cache-Control");
    const char *value = apr_table_getm(r->pool, r->headers_out, "Cache-Control");

    if (value == NULL || other == NULL) {
        return value != NULL ? value : other;
    }
    return apr_pstrcat(r->pool, value, ", ", other, NULL);
}

static void unsay(request_rec *r)
{
    for (size_t i = 0; i < SPEAKING; i++) {
        apr_table_unset(r->headers_out, speaking[i]);
        apr_table_unset(r->err_headers_out, speaking[i]);
    }
}

/* Unless it is there as we have set it: since when few others were added. */
static void set_variable(request_rec *r)
{
    const apr_array_header_t *all = apr_table_elts(r->subprocess_env);
    const apr_table_entry_t *entries = (const apr_table_entry_t *)(const void *)all->elts;

    for (int i = all->nelts - 1; i >= 0; i--) {
        if (entries[i].key == variable) {
            return;
        }
    }
    apr_table_addn(r->subprocess_env, variable, "1");
}

/* silent: nothing was said so far. */
static void say(request_rec *r, const char *control, int silent)
{
    if (!silent) {
        unsay(r);
    }
    apr_table_addn(r->headers_out, "Cache-Control", control);
    if (cached) {
        set_variable(r);
    }
}

static void mend(request_rec *r, int portal)
{
    anshin_keep_t keep = anshin_request_of(r)->keep;
    int silent = !speaks(r->headers_out) && !speaks(r->err_headers_out);
    const char *control;

    if (keep == ANSHIN_KEEP_NOBODY || (portal && apr_table_get(r->notes, ANSHIN_NOTE_NO_STORE) != NULL)) {
        apr_table_unset(r->headers_out, "Expires");
        apr_table_unset(r->err_headers_out, "Expires");
        say(r, "no-store", silent);
        return;
    }
    if (keep == ANSHIN_KEEP_USER) {
        control = silent ? NULL : said(r);
        if (silent || !anshin_place_shares(r) || !anshin_cache_control_shared(control)) {
            say(r, anshin_cache_control_private(control, r->pool), silent);
        }
    }
}

static apr_status_t filter(ap_filter_t *f, apr_bucket_brigade *brigade)
{
    mend(f->r, f->ctx != NULL);
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, brigade);
}

static void insert(request_rec *r)
{
    int portal = anshin_handler_is(r, ANSHIN_HANDLER);

    if (r->main == NULL && (portal || anshin_request_of(r)->keep != ANSHIN_KEEP_ANYBODY)) {
        ap_add_output_filter_handle(filter_record, portal ? r : NULL, r, r->connection);
    }
}

static void look_for_cache(void)
{
    cached = ap_find_linked_module("mod_cache.c") != NULL;
}

/* Filters of one type run as they were inserted: ours behind that of mod_headers. mod_expires and mod_cache have types
 * of their own, which lie ahead and behind. */
void anshin_caches_hooks(void)
{
    static const char *const headers[] = {"mod_headers.c", NULL};

    ap_hook_optional_fn_retrieve(look_for_cache, NULL, NULL, APR_HOOK_MIDDLE); /* once all modules are known */
    filter_record = ap_register_output_filter("ANSHIN_CACHES", filter, NULL, AP_FTYPE_CONTENT_SET);
    ap_hook_insert_filter(insert, headers, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_insert_error_filter(insert, headers, NULL, APR_HOOK_REALLY_LAST);
}
