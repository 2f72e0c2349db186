/*
 * Where the two modules meet. mod_anshin_auth owns what a process has once (configuration, store, keys) and what it
 * knows of a connection; mod_anshin_portal draws pages. They find each other through APR optional functions, so that
 * neither needs the other's symbols, and both are built alike or not at all: the build id is compared, since each
 * module has its own copy of the core and they share its structures.
 *
 * Nothing here may be called before child_init, but for the registration of the functions (register_hooks).
 */
#ifndef ANSHIN_HTTP_ENV_H
#define ANSHIN_HTTP_ENV_H

#include <httpd.h>

#include <apr_optional.h>
#include <string.h>

#include "core/base/presented.h"
#include "core/context/op.h"

/* The name of the portal's handler (SetHandler). */
#define ANSHIN_HANDLER "anshin"

/* 1: it is that handler's request. Most have another one, or none, and are told by its first sign. */
static inline int anshin_handler_is(const request_rec *r, const char *name)
{
    return r->handler != NULL && r->handler[0] == name[0] && strcmp(r->handler, name) == 0;
}

/* What a request stands on. */
typedef struct anshin_request_state_t {
    const anshin_env_t *env;             /* of this process; NULL: store or keys cannot be used, answer 503 (S21) */
    const anshin_contract_t *contract;   /* that serves this place of this virtual host; NULL: none does, answer 404 */
    const anshin_presented_t *presented; /* certificate of the connection, judged as of now; never NULL */
    int secure;                          /* 1: the client speaks TLS; else no cookie of ours counts */
    int relayed;                         /* 1: by a TLS terminator, which may call us by another name than the client */
} anshin_request_state_t;

/* --- offered by mod_anshin_auth --- */

/* The configuration, or NULL when there is none or build_id is another's. Valid as long as the process. */
APR_DECLARE_OPTIONAL_FN(const anshin_config_t *, anshin_auth_config, (const char *build_id));

/* Fill *state for a request of any place, protected or not. A request on a connection that was never asked for a
 * certificate, on a host that asks, does not come this far: it got 421 already. */
APR_DECLARE_OPTIONAL_FN(void, anshin_auth_request_state,
                        (request_rec * r, const char *build_id, anshin_request_state_t *state));

/* The connection that a client opened ends after the answer to r (LOG-3): HTTP/1.1 by "Connection: close", HTTP/2 by
 * GOAWAY. To be called before the answer is sent. */
APR_DECLARE_OPTIONAL_FN(void, anshin_auth_close, (request_rec * r));

/* --- offered by mod_anshin_portal --- */

/* Answer r, whose handler has not run and will not, with one of the portal's pages and this status. name:
 * "help/certificate" (LOG-3: which certificate is wrong and how to mend it), "framed" (401 that may be shown in a frame
 * of this site and leads out of it to the login) or "unavailable" (S21, 503). Headers that
 * the caller has put into err_headers_out (WWW-Authenticate, Retry-After, Connection) are kept. HEAD gets no body.
 * DONE: the response was sent. DECLINED: nothing was sent (templates cannot be read, the contract has no portal):
 * the caller answers with the bare status. */
APR_DECLARE_OPTIONAL_FN(int, anshin_portal_page, (request_rec * r, const char *name, int status));

/* --- for the portal (env.c): the same, found and compared --- */

/* NULL when mod_anshin_auth is not loaded, is of another build, or has no configuration. */
const anshin_config_t *anshin_config_get(void);

/* As anshin_auth_request_state; without mod_anshin_auth env and contract are NULL and peer is of state
 * ANSHIN_PRESENTED_FAULT. */
void anshin_request_state_get(request_rec *r, anshin_request_state_t *state);

/* As anshin_auth_close; without mod_anshin_auth for HTTP/1.1 alone. */
void anshin_connection_close(request_rec *r);

#endif
