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

/* One session that let in the request, a subrequest or an internal redirect; a page may be made of places of several
 * contracts. */
typedef struct anshin_entry_t {
    anshin_session_t session;
    struct anshin_entry_t *next;
} anshin_entry_t;

/* What is known of a request and of all its subrequests and internal redirects; belongs to the first of them, and so
 * does all that it points to. */
typedef struct anshin_guest_t {
    const char *cookie;      /* the Cookie header as it came; NULL: none */
    const char *site_cookie; /* of it, what is for the site; NULL: nothing. Once site_cookie_known. */
    int site_cookie_known;
    anshin_entry_t *entries;   /* NULL: nobody was let in */
    const anshin_peer_t *peer; /* the certificate that a TLS terminator handed on; NULL: see the connection */
    int filtered;              /* a refusal has added the output filters */
    int told;                  /* the headers of this request tell who it is */
} anshin_guest_t;

/* The request that the client has sent, of which r is one, or a subrequest or internal redirect. */
request_rec *anshin_first_request(request_rec *r);

/* Never NULL; made when it is first asked for. */
anshin_guest_t *anshin_guest_of(request_rec *r);

/* The session that r->user comes from, by itself or inherited from the request that r is part of; NULL: none of ours,
 * be the user known by other means or not at all. */
const anshin_session_t *anshin_session_of(request_rec *r);

/* process.c: hook child_init, opens store and keys for this process; and what the portal is handed (env.h). */
void anshin_process_open(apr_pool_t *pool, server_rec *server);
const anshin_config_t *anshin_auth_config(const char *build_id);
void anshin_auth_visit(request_rec *r, const char *build_id, anshin_visit_t *visit);
void anshin_auth_close(request_rec *r);

/* The same without comparison: within this module. */
void anshin_visit_fill(request_rec *r, anshin_visit_t *visit);

/* state.c: the state directory and what httpd makes in it (S31). APR_SUCCESS, or the cause in err. */
apr_status_t anshin_state_prepare(const anshin_config_t *config, anshin_error_t *err, apr_pool_t *ptemp);

/* identity.c: headers that only we may set (S22), and what the site learns of who was let in (APP-1). */
void anshin_identity_clean(request_rec *r);
void anshin_identity_tell(request_rec *r, const anshin_session_t *session);
void anshin_identity_hide_cookies(request_rec *r);
void anshin_identity_keep_private(request_rec *r); /* hooks insert_filter and insert_error_filter */
void anshin_identity_filters(void);

/* access.c: AuthType Anshin. */
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
