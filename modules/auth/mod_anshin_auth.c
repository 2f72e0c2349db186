/*
 * mod_anshin_auth: access control by sessions and client certificates, as an authentication type of httpd.
 *
 * It owns the configuration, store and keys of the process and lends them to mod_anshin_portal (http/env.h). This file
 * ties the parts to httpd's hooks.
 */
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mpm_common.h>

#include "auth/access.h"
#include "auth/auth.h"
#include "auth/caches.h"
#include "auth/cookies.h"
#include "auth/process/child.h"
#include "auth/identity.h"
#include "auth/process/process.h"
#include "auth/request.h"
#include "auth/require.h"
#include "auth/status_page.h"
#include "auth/process/start.h"
#include "auth/process/worker.h"
#include "build_id.h"
#include "auth/config/directive.h"
#include "auth/presented.h"
#include "auth/trusted_proxy.h"

static int misdirected(request_rec *r, const char *why)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "AN0521: 421, since this connection was %s", why);
    return HTTP_MISDIRECTED_REQUEST;
}

/* Can this request be answered on its connection? */
static int judge_connection(request_rec *r)
{
    if (anshin_presented_unasked(r)) {
        return misdirected(r, "never asked for a certificate, which this host does");
    }
    if (anshin_presented_needs_http1(r)) {
        apr_table_setn(r->notes, "ssl-renegotiate-forbidden",
                       "verify-client"); /* mod_http2 makes HTTP_1_1_REQUIRED of it */
        return HTTP_FORBIDDEN;
    }
    return OK;
}

/* What a terminator's header says is read once and kept: httpd comes here again where it leads a request on by itself
 * (mod_rewrite, ErrorDocument), and the header, which all these share, is gone by then. */
static int judge_header(request_rec *r)
{
    anshin_request_t *whole = anshin_request_of(r);

    return whole->presented == NULL ? anshin_trusted_proxy_presented(r, &whole->presented) : OK;
}

static int post_read_request(request_rec *r)
{
    const anshin_site_t *site = anshin_site_of(r->server);
    int answer;

    if (site->main->config == NULL || !anshin_site_serves(site)) {
        anshin_identity_clean(r, 0);
    }
    if (site->main->config == NULL) {
        return DECLINED;
    }
    if (anshin_presented_strays(r)) {
        return misdirected(r, "asked for a certificate by another host than this one, and has shown one");
    }
    if (!anshin_site_serves(site)) {
        return DECLINED;
    }
    answer = anshin_trusted_proxy_sent(r) ? judge_header(r) : judge_connection(r);
    if (answer == OK) {
        anshin_identity_clean(r, 1);
        return DECLINED;
    }
    anshin_caches_limit(r, ANSHIN_KEEP_NOBODY);
    return answer;
}

static int has_proxies(const anshin_site_t *site)
{
    return site->main->config != NULL && site->main->believes;
}

/* Behind mod_remoteip, which comes first as we do. */
static int look_at_proxy(request_rec *r)
{
    const anshin_site_t *site = anshin_site_of(r->server);

    if (has_proxies(site) && anshin_site_serves(site)) {
        anshin_trusted_proxy_look(r);
    }
    return DECLINED;
}

/* Behind mod_rewrite and mod_proxy, which say where a request goes, and ahead of mod_headers. */
static int pass_on(request_rec *r)
{
    const anshin_site_t *site = anshin_site_of(r->server);

    if (has_proxies(site) && !anshin_site_serves(site) && !anshin_trusted_proxy_sent(r)) {
        anshin_identity_pass_on(r);
    }
    return DECLINED;
}

static int fixups(request_rec *r)
{
    const anshin_site_t *site = anshin_site_of(r->server);
    const anshin_session_t *session = anshin_request_session(r);
    int answer = session == NULL ? anshin_request_confirm(r) : DECLINED;

    if (answer != DECLINED || site->main->config == NULL || !anshin_site_serves(site)) {
        return answer;
    }
    if (session != NULL) {
        anshin_identity_tell(r, session, NULL);
    }
    anshin_cookies_hide(r);
    anshin_caches_fixup(r);
    return DECLINED;
}

/* --- lent to the portal (http/env.h), under names that it looks for --- */

static const anshin_config_t *anshin_auth_config(const char *build_id)
{
    if (strcmp(build_id, ANSHIN_BUILD_ID) != 0) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, ap_server_conf,
                     "AN0531: mod_anshin_auth and mod_anshin_portal are of different builds; install both of one");
        return NULL;
    }
    return anshin_site_of(ap_server_conf)->main->config;
}

static void anshin_auth_request_state(request_rec *r, const char *build_id, anshin_request_state_t *state)
{
    if (strcmp(build_id, ANSHIN_BUILD_ID) == 0) {
        *state = *anshin_request_state(r);
    }
}

static void anshin_auth_close(request_rec *r)
{
    anshin_presented_close(r);
}

static void register_hooks(apr_pool_t *pool)
{
    static const char *const ssl[] = {"mod_ssl.c", NULL};
    static const char *const authz[] = {"mod_authz_core.c", NULL};

    APR_REGISTER_OPTIONAL_FN(anshin_auth_config);
    APR_REGISTER_OPTIONAL_FN(anshin_auth_request_state);
    APR_REGISTER_OPTIONAL_FN(anshin_auth_close);
    anshin_caches_hooks();
    anshin_require_register(pool);
    anshin_presented_hooks();
    ap_hook_check_config(anshin_start_configure, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_test_config(anshin_config_dump, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(anshin_start_check, NULL, NULL, APR_HOOK_LAST);
    ap_hook_post_config(anshin_start, NULL, ssl, APR_HOOK_MIDDLE);
    ap_hook_post_config(anshin_start_ready, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_drop_privileges(anshin_child_keep, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_child_init(anshin_child_join, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_monitor(anshin_worker_monitor, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(anshin_process_open, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_read_request(post_read_request, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_post_read_request(look_at_proxy, NULL, NULL, APR_HOOK_LAST);
    ap_hook_check_access(anshin_request_note_user, NULL, ssl, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_access(anshin_request_restore_user, ssl, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_access(anshin_request_disown, ssl, NULL, APR_HOOK_REALLY_LAST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_access_ex(anshin_request_disown, NULL, authz, APR_HOOK_LAST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_access_ex(anshin_access_portal, authz, NULL, APR_HOOK_REALLY_LAST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authn(anshin_access_check, ssl, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authz(anshin_access_forbid, NULL, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_note_auth_failure(anshin_access_challenge, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(anshin_status_page, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_fixups(pass_on, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_fixups(fixups, NULL, NULL, APR_HOOK_LAST);
}

AP_DECLARE_MODULE(anshin_auth) = {STANDARD20_MODULE_STUFF, anshin_place_create, anshin_place_merge, anshin_site_create,
                                  anshin_site_merge,       anshin_directives,   register_hooks,     0};
