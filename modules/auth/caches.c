/*
 * No cache keeps what was behind the login (S34). A page that came by a cookie looks to a shared cache like any other:
 * it would hand it to strangers, and mod_cache does so before anybody is asked who he is.
 *
 * SECURITY: httpd's own modules, back ends and site-wide lines say how long things live, most of them behind us. So
 * mod_cache is told by the variable that it heeds (no-cache), which stands wherever its filter is, and everybody else
 * by Cache-Control, which is mended last of all: behind mod_headers and mod_expires, ahead of mod_cache's filter.
 */
#include <apr_strings.h>
#include <http_protocol.h>
#include <http_request.h>
#include <util_filter.h>

#include "auth/auth.h"
#include "core/cache_control.h"
#include "httpd/page.h"

/* Headers by which a site speaks to one kind of shared cache alone, which then does not heed Cache-Control (RFC 9213,
 * Edge Architecture Specification, nginx). */
static const char *const targeted[] = {"CDN-Cache-Control", "Cloudflare-CDN-Cache-Control", "Surrogate-Control",
                                       "Edge-Control", "X-Accel-Expires"};

static ap_filter_rec_t *filter_record;

void anshin_caches_limit(request_rec *r, anshin_keep_t keep)
{
    anshin_guest_t *guest = anshin_guest_of(r);

    if (guest->keep < keep) {
        guest->keep = keep;
    }
    anshin_caches_fixup(r);
}

/* The variable is one of each request: an internal redirect, to an error document for example, has it by another name.
 * Where shared caches are meant to keep what is public the filter decides, which sees what the site says. */
void anshin_caches_fixup(request_rec *r)
{
    anshin_keep_t keep = anshin_guest_of(r)->keep;

    if (keep == ANSHIN_KEEP_NOBODY || (keep == ANSHIN_KEEP_USER && !anshin_place_shares(r))) {
        apr_table_setn(r->subprocess_env, "no-cache", "1");
    }
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

static void say(request_rec *r, const char *control)
{
    apr_table_unset(r->err_headers_out, "Cache-Control");
    apr_table_setn(r->headers_out, "Cache-Control", control);
    for (size_t i = 0; i < sizeof(targeted) / sizeof(targeted[0]); i++) {
        apr_table_unset(r->headers_out, targeted[i]);
        apr_table_unset(r->err_headers_out, targeted[i]);
    }
    apr_table_setn(r->subprocess_env, "no-cache", "1");
}

static void mend(request_rec *r)
{
    anshin_keep_t keep = anshin_guest_of(r)->keep;
    const char *control;

    if (keep == ANSHIN_KEEP_NOBODY || apr_table_get(r->notes, ANSHIN_NOTE_NO_STORE) != NULL) {
        apr_table_unset(r->headers_out, "Expires");
        apr_table_unset(r->err_headers_out, "Expires");
        say(r, "no-store");
        return;
    }
    if (keep == ANSHIN_KEEP_USER) {
        control = said(r);
        if (!anshin_place_shares(r) || !anshin_cache_control_shared(control)) {
            say(r, anshin_cache_control_private(control, r->pool));
        }
    }
}

static apr_status_t filter(ap_filter_t *f, apr_bucket_brigade *brigade)
{
    mend(f->r);
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, brigade);
}

static void insert(request_rec *r)
{
    int portal = r->handler != NULL && strcmp(r->handler, ANSHIN_HANDLER) == 0;

    if (r->main == NULL && (portal || anshin_guest_of(r)->keep != ANSHIN_KEEP_ANYBODY)) {
        ap_add_output_filter_handle(filter_record, NULL, r, r->connection);
    }
}

/* Filters of one type run as they were inserted: ours behind that of mod_headers. mod_expires and mod_cache have types
 * of their own, which lie ahead and behind. */
void anshin_caches_hooks(void)
{
    static const char *const headers[] = {"mod_headers.c", NULL};

    filter_record = ap_register_output_filter("ANSHIN_CACHES", filter, NULL, AP_FTYPE_CONTENT_SET);
    ap_hook_insert_filter(insert, headers, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_insert_error_filter(insert, headers, NULL, APR_HOOK_REALLY_LAST);
}
