/*
 * mod_anshin_auth: access control by sessions and client certificates, as an authentication type of httpd.
 *
 * It owns the configuration, store and keys of the process and lends them to mod_anshin_portal (httpd/env.h). This file
 * ties the parts to httpd's hooks.
 */
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mpm_common.h>

#include "auth/auth.h"
#include "httpd/peer.h"
#include "httpd/terminator.h"

static int misdirected(request_rec *r, const char *why)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "AN0521: 421, since this connection was %s", why);
    return HTTP_MISDIRECTED_REQUEST;
}

/* Can this request be answered on its connection? */
static int judge_connection(request_rec *r)
{
    if (anshin_peer_unasked(r)) {
        return misdirected(r, "never asked for a certificate, which this host does");
    }
    if (anshin_peer_needs_http1(r)) {
        apr_table_setn(r->notes, "ssl-renegotiate-forbidden",
                       "verify-client"); /* mod_http2 makes HTTP_1_1_REQUIRED of it */
        return HTTP_FORBIDDEN;
    }
    return OK;
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
    if (anshin_peer_strays(r)) {
        return misdirected(r, "asked for a certificate by another host than this one, and has shown one");
    }
    if (!anshin_site_serves(site)) {
        return DECLINED;
    }
    answer = anshin_terminator_sent(r) ? anshin_terminator_peer(r, &anshin_guest_of(r)->peer) : judge_connection(r);
    if (answer == OK) {
        anshin_identity_clean(r, 1);
        return DECLINED;
    }
    anshin_caches_limit(r, ANSHIN_KEEP_NOBODY);
    return answer;
}

/* Behind mod_remoteip, which comes first as we do. */
static int look_at_proxy(request_rec *r)
{
    if (anshin_site_serves(anshin_site_of(r->server))) {
        anshin_terminator_look(r);
    }
    return DECLINED;
}

/* Behind mod_rewrite and mod_proxy, which say where a request goes, and ahead of mod_headers. */
static int pass_on(request_rec *r)
{
    const anshin_site_t *site = anshin_site_of(r->server);

    if (site->main->config != NULL && site->main->terminators->nelts > 0 && !anshin_site_serves(site) &&
        !anshin_terminator_sent(r)) {
        anshin_identity_pass_on(r);
    }
    return DECLINED;
}

/* Internal redirects inherit the user, not the variables. */
static int fixups(request_rec *r)
{
    const anshin_site_t *site = anshin_site_of(r->server);
    const anshin_session_t *session;
    int answer = anshin_request_confirm(r);

    if (answer != DECLINED || site->main->config == NULL || !anshin_site_serves(site)) {
        return answer;
    }
    session = anshin_session_of(r);
    if (session != NULL && apr_table_get(r->subprocess_env, "ANSHIN_USER") == NULL) {
        anshin_identity_tell(r, session);
    }
    anshin_identity_hide_cookies(r);
    anshin_caches_fixup(r);
    return DECLINED;
}

static void register_hooks(apr_pool_t *pool)
{
    static const char *const ssl[] = {"mod_ssl.c", NULL};
    static const char *const authz[] = {"mod_authz_core.c", NULL};

    APR_REGISTER_OPTIONAL_FN(anshin_auth_config);
    APR_REGISTER_OPTIONAL_FN(anshin_auth_visit);
    APR_REGISTER_OPTIONAL_FN(anshin_auth_close);
    anshin_caches_hooks();
    anshin_require_register(pool);
    anshin_peer_hooks();
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
    ap_hook_check_authn(anshin_access_check, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authz(anshin_access_forbid, NULL, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_note_auth_failure(anshin_access_challenge, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_fixups(pass_on, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_fixups(fixups, NULL, NULL, APR_HOOK_LAST);
}

AP_DECLARE_MODULE(anshin_auth) = {STANDARD20_MODULE_STUFF, anshin_place_create, anshin_place_merge, anshin_site_create,
                                  anshin_site_merge,       anshin_directives,   register_hooks,     0};
