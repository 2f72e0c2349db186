/*
 * The state of a request: who was let in, by which session, and what belongs to all that is made of what a client sent.
 *
 * SECURITY: under AuthType Anshin nobody is a user but by a session that is kept here (S33). Other modules set r->user
 * before us (mod_ssl's SSLUserName, hooks of mod_lua) and httpd then takes the login for done: they are undone before
 * any Require is looked at, and who is a user at the end all the same gets no answer.
 */
#include <http_core.h>
#include <http_log.h>
#include <http_request.h>

#include "auth/auth.h"
#include "httpd/peer.h"

APLOG_USE_MODULE(anshin_auth);

/* One a request; the first one's has the guest of them all. */
typedef struct request_t {
    const anshin_session_t *session; /* that let it in; NULL: none of its own */
    char *user;                      /* before mod_ssl looked at the certificate */
    anshin_guest_t guest;
} request_t;

static request_t *state_of(request_rec *r)
{
    request_t *state = ap_get_module_config(r->request_config, &anshin_auth_module);

    if (state == NULL) {
        state = apr_pcalloc(r->pool, sizeof(*state));
        ap_set_module_config(r->request_config, &anshin_auth_module, state);
        if (r->main == NULL && r->prev == NULL) {
            state->guest.cookie = apr_table_get(r->headers_in, "Cookie");
        }
    }
    return state;
}

request_rec *anshin_first_request(request_rec *r)
{
    while (r->main != NULL || r->prev != NULL) {
        r = r->main != NULL ? r->main : r->prev;
    }
    return r;
}

anshin_guest_t *anshin_guest_of(request_rec *r)
{
    return &state_of(anshin_first_request(r))->guest;
}

int anshin_place_is_ours(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return type != NULL && ap_cstr_casecmp(type, "Anshin") == 0;
}

/* --- the session --- */

void anshin_request_let_in(request_rec *r, const anshin_session_t *session)
{
    state_of(r)->session = session;
    anshin_guest_of(r)->let_in = 1;
}

/* The request whose user httpd has handed on to r without asking anybody, since both are of one place; NULL: none. */
static request_rec *heir_of(const request_rec *r)
{
    if (r->prev != NULL && r->prev->per_dir_config == r->per_dir_config) {
        return r->prev;
    }
    return r->main != NULL && r->main->per_dir_config == r->per_dir_config ? r->main : NULL;
}

const anshin_session_t *anshin_session_of(request_rec *r)
{
    const char *user = r->user;
    const anshin_session_t *session;

    for (session = NULL; user != NULL && session == NULL && r != NULL; r = heir_of(r)) {
        session = state_of(r)->session;
    }
    return session != NULL && strcmp(session->user, user) == 0 ? session : NULL;
}

/* --- users of others --- */

int anshin_request_note_user(request_rec *r)
{
    state_of(r)->user = r->user;
    return DECLINED;
}

int anshin_request_restore_user(request_rec *r)
{
    if (anshin_peer_asked(r)) {
        r->user = state_of(r)->user;
    }
    return DECLINED;
}

int anshin_request_disown(request_rec *r)
{
    if (anshin_place_is_ours(r) && anshin_session_of(r) == NULL) {
        r->user = NULL;
    }
    return DECLINED;
}

int anshin_request_confirm(request_rec *r)
{
    if (r->user == NULL || !anshin_place_is_ours(r) || anshin_session_of(r) != NULL) {
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
