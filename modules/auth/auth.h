/*
 * mod_anshin_auth: who is let in. What its files share.
 */
#ifndef ANSHIN_AUTH_AUTH_H
#define ANSHIN_AUTH_AUTH_H

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>

#include "core/op.h"
#include "httpd/config.h"
#include "httpd/env.h"

extern module AP_MODULE_DECLARE_DATA anshin_auth_module;

/* Who may keep the answer (S34); the later the stricter. */
typedef enum anshin_keep_t {
    ANSHIN_KEEP_ANYBODY, /* not ours to say */
    ANSHIN_KEEP_USER,    /* the user's browser alone: a page of a protected place */
    ANSHIN_KEEP_NOBODY   /* a refusal */
} anshin_keep_t;

/* What is known of a request and of all its subrequests and internal redirects; belongs to the first of them, and so
 * does all that it points to. */
typedef struct anshin_guest_t {
    const char *cookie;      /* the Cookie header as it came; NULL: none */
    const char *site_cookie; /* of it, what is for the site; NULL: nothing. Once site_cookie_known. */
    int site_cookie_known;
    int let_in;                /* one of them was let in by a session */
    const anshin_peer_t *peer; /* the certificate that a TLS terminator handed on; NULL: see the connection */
    int filtered;              /* a refusal has added the output filters */
    int told;                  /* the headers of this request tell who it is */
    anshin_keep_t keep;
} anshin_guest_t;

/* --- request.c: the state of a request --- */

/* The request that the client has sent, of which r is one, or a subrequest or internal redirect. */
request_rec *anshin_first_request(request_rec *r);

/* Never NULL; made when it is first asked for. */
anshin_guest_t *anshin_guest_of(request_rec *r);

/* 1 where AuthType Anshin decides. */
int anshin_place_is_ours(request_rec *r);

/* r is let in by this session, which lives as long as r. */
void anshin_request_let_in(request_rec *r, const anshin_session_t *session);

/* The session that made r->user, by itself or inherited from the request that r is part of; NULL: none of ours, be the
 * user known by other means or not at all. */
const anshin_session_t *anshin_session_of(request_rec *r);

/* Nobody is a user by other means than ours (S33). note_user and restore_user: hook check_access, around that of
 * mod_ssl, whose SSLUserName reads a user off the certificate; one that we have asked for makes nobody a user, in no
 * place. disown: hooks check_access, behind all others, and check_access_ex, ahead of mod_authz_core; whom others have
 * made a user of a place of ours is none. confirm: hook fixups, answers 500 where there is such a user all the same. */
int anshin_request_note_user(request_rec *r);
int anshin_request_restore_user(request_rec *r);
int anshin_request_disown(request_rec *r);
int anshin_request_confirm(request_rec *r);

/* process.c: hook child_init, opens store and keys for this process; and what the portal is handed (env.h). */
void anshin_process_open(apr_pool_t *pool, server_rec *server);
const anshin_config_t *anshin_auth_config(const char *build_id);
void anshin_auth_visit(request_rec *r, const char *build_id, anshin_visit_t *visit);
void anshin_auth_close(request_rec *r);

/* The same without comparison: within this module. */
void anshin_visit_fill(request_rec *r, anshin_visit_t *visit);

/* state.c: the state directory, looked at by configtest; and made, with what httpd writes into it (S31). *group:
 * whom it belongs to, where root starts httpd. APR_SUCCESS, or the cause in err. */
apr_status_t anshin_state_check(const anshin_config_t *config, anshin_error_t *err, apr_pool_t *ptemp);
apr_status_t anshin_state_prepare(const anshin_config_t *config, gid_t *group, server_rec *server, anshin_error_t *err,
                                  apr_pool_t *ptemp);

/* child.c: a child takes the group of the state directory (S36): hooks drop_privileges, before root is left, and
 * child_init, both the first of their kind. */
int anshin_child_keep(apr_pool_t *pool, server_rec *server);
void anshin_child_join(apr_pool_t *pool, server_rec *server);

/* start.c: what is wrong with state directory and group, at configtest and start: hooks check_config and
 * post_config, and post_config once more, the last. A failure of ours never ends httpd at a restart (design.md). */
int anshin_start_configure(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server);
int anshin_start_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server);
int anshin_start(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server);
int anshin_start_ready(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server);

/* identity.c: headers that only we may set (S22), and what the site learns of who was let in (APP-1). */
void anshin_identity_clean(request_rec *r, int served); /* served: by a contract, or a place of the host is */
void anshin_identity_pass_on(request_rec *r);           /* hook fixups, on hosts that none serves */
void anshin_identity_tell(request_rec *r, const anshin_session_t *session);
void anshin_identity_hide_cookies(request_rec *r);

/* caches.c: no cache keeps what was behind the login (S34). */
void anshin_caches_limit(request_rec *r, anshin_keep_t keep);
void anshin_caches_fixup(request_rec *r); /* hook fixups */
void anshin_caches_hooks(void);

/* access.c: AuthType Anshin. */
int anshin_access_portal(request_rec *r);                      /* hook check_access_ex, behind mod_authz_core */
int anshin_access_check(request_rec *r);                       /* hook check_authn */
int anshin_access_forbid(request_rec *r);                      /* hook check_authz */
int anshin_access_challenge(request_rec *r, const char *type); /* hook note_auth_failure */

/* refusal.c: the answer to a request without a session (LOG-1, LOG-3), and to one that cannot be decided (S21). Both
 * return what a hook returns: a status, or DONE when the response was sent. */
int anshin_refuse(request_rec *r, anshin_op_t *op, const anshin_visit_t *visit);
int anshin_unavailable(request_rec *r, apr_status_t rv, const anshin_error_t *err);
void anshin_challenge(request_rec *r, const char *contract);

/* require.c: `Require anshin ...`. */
void anshin_require_register(apr_pool_t *pool);

/* worker.c: the CA worker's life, as long as pconf lives. */
void anshin_worker_start(const anshin_config_t *config, server_rec *server, apr_pool_t *pconf);
int anshin_worker_monitor(apr_pool_t *pool, server_rec *server); /* hook monitor: httpd's first process, now and then */
void anshin_worker_leave(void); /* in a child of httpd: let go of what only the starting process may hold */

#endif
