/*
 * AuthType Anshin: a request is let in by the session of its cookie, on the connection that the session belongs to.
 *
 * SECURITY: every protected request comes here. Nobody is let in but by anshin_session_find(), which asks the store
 * each time, at least whether anything was committed since: what was locked, revoked or ended a moment ago is out.
 * Whatever goes wrong denies (S21).
 */
#include "auth/access.h"

#include <ap_expr.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_request.h>

#include "auth/caches.h"
#include "auth/cookies.h"
#include "auth/identity.h"
#include "auth/refusal.h"
#include "auth/request.h"
#include "core/account/session.h"
#include "auth/presented.h"

APLOG_USE_MODULE(anshin_auth);

/* The session of the request's cookie: APR_SUCCESS, ANSHIN_ENOTFOUND (none that counts here and now), or a failure.
 * cache (may be NULL): what the connection remembers. */
static apr_status_t find_session(request_rec *r, const anshin_request_state_t *state, anshin_op_t *op,
                                 anshin_cookies_cache_t *cache, anshin_session_t *session)
{
    const char *id = NULL; /* in clear it is everybody's (ISO-3) */
    const char *key;
    apr_status_t status;

    if (state->secure) {
        id = anshin_cookies_session(r, op->contract, cache);
    }
    if (id == NULL) {
        return ANSHIN_ENOTFOUND;
    }
    op->cache = cache != NULL ? &cache->session : NULL;
    status = anshin_session_find(op, id, state->presented, session, &key);
    if (status == ANSHIN_EDENIED) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      "AN0560: a session was refused on a connection with another "
                      "certificate or none (LOG-8)");
        return ANSHIN_ENOTFOUND;
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (cache != NULL) {
        anshin_cookies_remember(r, op->contract, cache);
    }
    return anshin_session_touch(op, key, session);
}

/* A session that can be opened here by certificate alone, where the client was never asked for one: only .htaccess says
 * AuthType Anshin, so that nobody knew (auth/config/neighbours.h). */
static void tell_unasked(request_rec *r, const anshin_contract_t *contract)
{
    if (ANSHIN_HAS(contract->policy.methods, ANSHIN_METHOD_CERTIFICATE) &&
        !anshin_site_asks(anshin_site_of(r->server))) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "AN0942: AuthType Anshin on a host that asks for no certificate, since only .htaccess says so; "
                      "write AnshinUse %s into its virtual host",
                      contract->name);
    }
}

/* The style sheet that the portal's pages load after ours. */
static int is_style(const request_rec *r, const anshin_contract_t *contract)
{
    const char *style = contract->policy.style_url;
    apr_size_t length = style != NULL ? strcspn(style, "?#") : 0;

    return length > 0 && strncmp(r->uri, style, length) == 0 && r->uri[length] == '\0';
}

/* SetHandler is an expression, of which this one is a mere word. It takes effect later than access is checked. */
static int is_portal(request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    const char *handler = core->handler;
    const char *error = NULL;

    if (core->expr_handler != NULL) {
        handler = ap_expr_str_exec(r, core->expr_handler, &error);
    }
    return error == NULL && handler != NULL && strcmp(handler, ANSHIN_HANDLER) == 0;
}

/* Inside a protected place the portal looks itself at who may see which of its pages: were it protected, its login
 * would lead to itself. What mod_authz_core refuses without asking who it is, by address for example, stays refused. */
int anshin_access_portal(request_rec *r)
{
    const anshin_contract_t *contract = anshin_contract_of(r);

    return contract != NULL && (is_portal(r) || is_style(r, contract)) && anshin_place_is_ours(r) ? OK : DECLINED;
}

int anshin_access_check(request_rec *r)
{
    const anshin_request_state_t *state;
    anshin_connection_cache_t *cache;
    anshin_session_t *session;
    const anshin_actor_t client = {.kind = ANSHIN_ACTOR_STRANGER, .address = r->useragent_ip};
    anshin_op_t op;
    apr_status_t status;

    if (!anshin_place_is_ours(r)) {
        return DECLINED;
    }
    anshin_caches_limit(r, ANSHIN_KEEP_USER);
    state = anshin_request_state(r);
    if (state->env == NULL && state->contract == NULL && anshin_site_of(r->server)->main->broken != NULL) {
        return anshin_unavailable(r, ANSHIN_EFAULT, NULL);
    }
    if (state->contract == NULL) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "AN0561: AuthType Anshin stands where no contract serves; write AnshinUse NAME there");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (state->env == NULL) {
        return anshin_unavailable(r, ANSHIN_EFAULT, NULL);
    }
    /* in the first request's pool: a subrequest may end before what it was let in by is asked for again */
    anshin_op_init(&op, state->env, state->contract, &client, anshin_request_first(r)->pool);
    session = apr_palloc(op.pool, sizeof(*session));
    cache = anshin_presented_cache_take(r);
    status = find_session(r, state, &op, cache != NULL ? &cache->cookies : NULL, session);
    if (status == APR_SUCCESS) {
        anshin_request_let_in(r, session);
        anshin_cookies_hide(r); /* before headers are added: what lies behind one that goes is moved */
        anshin_identity_tell(r, session, cache != NULL ? &cache->texts : NULL);
    }
    op.cache = NULL;
    anshin_presented_cache_give_back(r, cache);
    if (status == ANSHIN_ENOTFOUND) {
        tell_unasked(r, state->contract);
        return anshin_refuse(r, &op);
    }
    if (status != APR_SUCCESS) {
        return anshin_unavailable(r, status, &op.error);
    }
    return OK;
}

/* mod_authz_core answers 401 when somebody is known and may not enter; that would send people who are logged in to the
 * login. The hooks behind this one decide, and their 401 becomes 403 (RFC 9110 15.5.4). */
int anshin_access_forbid(request_rec *r)
{
    const apr_array_header_t *hooks = ap_hook_get_auth_checker();
    const ap_LINK_auth_checker_t *links = (const ap_LINK_auth_checker_t *)(const void *)hooks->elts;
    int behind = 0;

    if (anshin_request_session(r) == NULL) {
        return DECLINED;
    }
    for (int i = 0; i < hooks->nelts; i++) {
        int answer = behind ? links[i].pFunc(r) : DECLINED;

        if (answer != DECLINED) {
            return answer == HTTP_UNAUTHORIZED ? HTTP_FORBIDDEN : answer;
        }
        behind = behind || links[i].pFunc == anshin_access_forbid;
    }
    return DECLINED;
}

int anshin_access_challenge(request_rec *r, const char *type)
{
    const anshin_contract_t *contract = anshin_contract_of(r);

    if (ap_cstr_casecmp(type, "Anshin") != 0 || contract == NULL) {
        return DECLINED;
    }
    if (anshin_request_session(r) == NULL) {
        anshin_challenge(r, contract->name);
    }
    return OK;
}
