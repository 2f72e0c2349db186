/*
 * The state of a request: see request.h.
 *
 * SECURITY: under AuthType Anshin nobody is a user but by a session that is kept here (S33). Other modules set r->user
 * before us (mod_ssl's SSLUserName, hooks of mod_lua) and httpd then takes the login for done: they are undone before
 * any Require is looked at, and who is a user at the end all the same gets no answer.
 */
#include "auth/request.h"

#include <http_core.h>
#include <http_log.h>
#include <http_request.h>

#include "auth/auth.h"
#include "auth/process/process.h"
#include "auth/presented.h"
#include "auth/trusted_proxy.h"

APLOG_USE_MODULE(anshin_auth);

/* One a request. */
typedef struct request_t {
    const anshin_session_t *session; /* that let it in; NULL: none of its own */
    const anshin_session_t *told;    /* whose variables and headers it has; NULL: nobody's */
    char *user;                      /* before mod_ssl looked at the certificate */
    const ap_conf_vector_t *place;   /* of what was found; NULL: nothing yet */
    anshin_request_state_t found;
    anshin_request_t *whole; /* of the first one */
    anshin_request_t own;    /* counts in the first one */
} request_t;

request_rec *anshin_request_first(request_rec *r)
{
    while (r->main != NULL || r->prev != NULL) {
        r = r->main != NULL ? r->main : r->prev;
    }
    return r;
}

static request_t *state_of(request_rec *r)
{
    request_t *state = ap_get_module_config(r->request_config, &anshin_auth_module);

    if (state == NULL) {
        state = apr_pcalloc(r->pool, sizeof(*state));
        ap_set_module_config(r->request_config, &anshin_auth_module, state);
        if (r->main == NULL && r->prev == NULL) {
            state->whole = &state->own;
            state->own.cookie = apr_table_get(r->headers_in, "Cookie");
        } else {
            state->whole = state_of(anshin_request_first(r))->whole;
        }
    }
    return state;
}

anshin_request_t *anshin_request_of(request_rec *r)
{
    return state_of(r)->whole;
}

/* A request that httpd has led on by itself (mod_dir) has another place, and another contract perhaps. */
const anshin_request_state_t *anshin_request_state(request_rec *r)
{
    request_t *state = state_of(r);
    anshin_request_state_t *found = &state->found;

    if (state->place != r->per_dir_config) {
        state->place = r->per_dir_config;
        found->env = anshin_process_env(r->server);
        found->contract = anshin_contract_of(r);
        found->relayed = anshin_trusted_proxy_sent(r);
        found->secure = anshin_trusted_proxy_secure(r, found->relayed);
        found->presented = anshin_request_of(r)->presented;
        if (found->presented == NULL) {
            found->presented = anshin_presented_of(r);
        }
        found->presented = anshin_presented_for(found->contract, found->presented, r->pool);
    }
    return found;
}

int anshin_place_is_ours(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return type != NULL && (strcmp(type, "Anshin") == 0 || ap_cstr_casecmp(type, "Anshin") == 0);
}

/* --- the session --- */

void anshin_request_let_in(request_rec *r, const anshin_session_t *session)
{
    state_of(r)->session = session;
}

int anshin_request_tell(request_rec *r, const anshin_session_t *session)
{
    request_t *state = state_of(r);
    int anew = state->told != session;

    state->told = session;
    return anew;
}

/* The request whose user httpd has handed on to r without asking anybody, since both are of one place; NULL: none. */
static request_rec *heir_of(const request_rec *r)
{
    if (r->prev != NULL && r->prev->per_dir_config == r->per_dir_config) {
        return r->prev;
    }
    return r->main != NULL && r->main->per_dir_config == r->per_dir_config ? r->main : NULL;
}

const anshin_session_t *anshin_request_session(request_rec *r)
{
    const char *user = r->user;
    const anshin_session_t *session;

    for (session = NULL; user != NULL && session == NULL && r != NULL; r = heir_of(r)) {
        session = state_of(r)->session;
    }
    return session != NULL && (session->user == user || strcmp(session->user, user) == 0) ? session : NULL;
}

/* --- users of others --- */

int anshin_request_note_user(request_rec *r)
{
    state_of(r)->user = r->user;
    return DECLINED;
}

int anshin_request_restore_user(request_rec *r)
{
    if (anshin_presented_asked(r)) {
        r->user = state_of(r)->user;
    }
    return DECLINED;
}

int anshin_request_disown(request_rec *r)
{
    if (r->user != NULL && anshin_request_session(r) == NULL && anshin_place_is_ours(r)) {
        r->user = NULL;
    }
    return DECLINED;
}

int anshin_request_confirm(request_rec *r)
{
    if (r->user == NULL || !anshin_place_is_ours(r)) {
        return DECLINED;
    }
    ap_log_rerror(
        APLOG_MARK, APLOG_ERR, 0, r,
        "AN0943: 500, since another module has made \"%s\" the user of a place of AuthType Anshin; such a module "
        "must leave these places alone",
        ap_escape_logitem(r->pool, r->user));
    r->user = NULL;
    return HTTP_INTERNAL_SERVER_ERROR;
}
