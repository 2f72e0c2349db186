/*
 * The client certificate of a connection: see presented.h. How and why is in crypto/pki/tls.h.
 *
 * SECURITY: the handshake lets every certificate through, so the judgement must come before the first request: it is
 * made in process_connection, behind mod_ssl (which completes the handshake there) and ahead of mod_http2 (whose
 * requests then share it from several threads). A connection that was not judged has a peer of state FAULT, which
 * nobody lets in.
 */
#include "auth/presented.h"

#include <apr_optional_hooks.h>
#include <apr_strings.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <http_request.h>
#include <stdatomic.h>
#include <string.h>

#include "crypto/pki/tls.h"
#include "auth/goaway.h"

APLOG_USE_MODULE(anshin_auth);

/* mod_ssl's optional hooks, whose header Debian does not ship (mod_ssl_openssl.h). */
typedef int ssl_HOOK_init_server_t(server_rec *server, apr_pool_t *pool, int is_proxy, struct ssl_ctx_st *ctx);
typedef int ssl_HOOK_pre_handshake_t(conn_rec *c, struct ssl_st *ssl, int is_proxy);

/* What we know of a TLS connection; in its conn_config. */
typedef struct link_t {
    struct ssl_st *ssl; /* kept (crypto/pki/tls.h): mod_ssl may have done with it */
    int judged;
    int asked;
    int forgetful;                     /* mod_ssl overwrites the result at each request (crypto/pki/tls.h) */
    long result;                       /* the true one */
    const struct x509_st *certificate; /* that was judged; NULL: none */
    anshin_goaway_t *goaway;           /* NULL: no HTTP/2, or nothing that this would be said of */
    anshin_presented_t presented;
    _Atomic(anshin_connection_cache_t *) cache; /* requests of HTTP/2 run at once: whoever has it, has it alone */
} link_t;

static const anshin_presented_t nobody = {ANSHIN_PRESENTED_NONE, "", "", "", 0, 0, ""};
static const anshin_presented_t unjudged = {ANSHIN_PRESENTED_FAULT, "", "", "", 0, 0, ""};

/* HTTP/2 requests run on connections of their own, whose master is the TLS connection. */
static link_t *link_of(const conn_rec *c)
{
    return ap_get_module_config((c->master != NULL ? c->master : c)->conn_config, &anshin_auth_module);
}

/* --- mod_ssl's hooks --- */

/* For htanshin check (config/surroundings.h). */
static int note(server_rec *server, apr_pool_t *pool, int is_proxy, struct ssl_ctx_st *ctx)
{
    anshin_tls_facts_t *facts = apr_palloc(pool, sizeof(*facts));

    if (!is_proxy && anshin_tls_facts(facts, ctx, pool) == APR_SUCCESS) {
        anshin_site_of(server)->tls = facts;
    }
    return OK;
}

static int ask(server_rec *server, apr_pool_t *pool, int is_proxy, struct ssl_ctx_st *ctx)
{
    const anshin_site_t *site = anshin_site_of(server);
    anshin_error_t err;

    if (is_proxy || site->main->trust == NULL || !anshin_site_asks(site)) {
        return OK;
    }
    anshin_error_clear(&err);
    if (anshin_tls_ask(ctx, site->main->trust, &err) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, server, "%s: host %s: %s", err.id,
                     server->server_hostname, err.text);
        if (ap_state_query(AP_SQ_CONFIG_GEN) <= 1) {
            return APR_EGENERAL;
        }
        site->main->broken = apr_psprintf(pool, "%s: host %s: %s", err.id, server->server_hostname, err.text);
    }
    return OK;
}

static apr_status_t wipe_cache(void *cache)
{
    explicit_bzero(cache, sizeof(anshin_connection_cache_t));
    return APR_SUCCESS;
}

static int meet(conn_rec *c, struct ssl_st *ssl, int is_proxy)
{
    anshin_connection_cache_t *cache;
    link_t *link;

    if (!is_proxy) {
        cache = apr_pcalloc(c->pool, sizeof(*cache));
        apr_pool_cleanup_register(c->pool, cache, wipe_cache, apr_pool_cleanup_null);
        if (anshin_tls_keep(ssl, c->pool) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
        link = apr_pcalloc(c->pool, sizeof(*link));
        link->ssl = ssl;
        link->presented = unjudged;
        atomic_init(&link->cache, cache);
        ap_set_module_config(c->conn_config, &anshin_auth_module, link);
    }
    return OK;
}

/* --- the judgement --- */

/* What the client has shown counts as this from now on. */
static int judge_link(conn_rec *c, link_t *link)
{
    const anshin_site_t *site = anshin_site_of(c->base_server);
    const anshin_main_t *main = site->main;
    anshin_error_t err;

    if (main->trust == NULL) {
        link->presented = main->trust_missing && anshin_site_asks(site) ? unjudged : nobody;
        return DECLINED;
    }
    anshin_error_clear(&err);
    link->asked = anshin_tls_was_asked(link->ssl, main->trust);
    if (!link->asked) {
        link->presented = nobody;
        return DECLINED;
    }
    if (anshin_tls_presented(&link->presented, link->ssl, main->trust, apr_time_now(), &err, c->pool) != APR_SUCCESS) {
        link->presented = unjudged;
        ap_log_cerror(APLOG_MARK, APLOG_ERR, 0, c, "%s: the client certificate could not be checked: %s", err.id,
                      err.text);
    }
    link->certificate = anshin_tls_certificate(link->ssl, c->pool);
    if (anshin_tls_hide(link->ssl, &err) != APR_SUCCESS) {
        ap_log_cerror(APLOG_MARK, APLOG_ERR, 0, c, "%s: the connection ends: %s", err.id, err.text);
        return OK; /* as one who has processed it */
    }
    link->forgetful = anshin_tls_is_forgetful(link->ssl);
    link->result = anshin_tls_result(link->ssl);
    link->goaway = anshin_goaway_watch(c);
    return DECLINED;
}

/* Once a connection; httpd comes here again for each of its requests. */
static int judge(conn_rec *c)
{
    link_t *link = link_of(c);

    if (c->master != NULL || link == NULL || link->judged) {
        return DECLINED;
    }
    link->judged = 1;
    return judge_link(c, link);
}

/* Behind mod_ssl's own access check, ahead of every Require. A place that insists on a certificate (.htaccess may say
 * so) has asked for it anew, and what came then was verified as without us; if none came, it is ours that mod_ssl has
 * taken for an answer. */
static int restate(request_rec *r)
{
    const link_t *link = link_of(r->connection);

    if (link == NULL || !link->asked || anshin_tls_is_replaced(link->ssl, link->certificate)) {
        return DECLINED;
    }
    if (anshin_tls_insists(link->ssl)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "AN0941: 403, since SSLVerifyClient of this place got no certificate of its own on a connection "
                      "that Anshin has asked for one; give the place a virtual host with AnshinUse none");
        return HTTP_FORBIDDEN;
    }
    if (link->forgetful) {
        anshin_tls_restate(link->ssl, link->result);
    }
    return DECLINED;
}

/* --- for requests --- */

const anshin_presented_t *anshin_presented_of(request_rec *r)
{
    const link_t *link = link_of(r->connection);
    anshin_presented_t *now;

    if (link == NULL) {
        return &nobody;
    }
    if (link->presented.state != ANSHIN_PRESENTED_GOOD || link->presented.not_after >= r->request_time) {
        return &link->presented;
    }
    now = apr_pmemdup(r->pool, &link->presented, sizeof(*now));
    now->state = ANSHIN_PRESENTED_EXPIRED; /* the connection has outlived it */
    return now;
}

static int takes(const anshin_trusted_cas_t *cas, const char *id)
{
    for (int i = 0; id[0] != '\0' && cas->ids != NULL && i < cas->ids->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(cas->ids, i, const char *), id) == 0) {
            return 1;
        }
    }
    return 0;
}

const anshin_presented_t *anshin_presented_for(const anshin_contract_t *contract, const anshin_presented_t *presented,
                                               apr_pool_t *pool)
{
    anshin_presented_t *other;

    if (contract == NULL || presented->state == ANSHIN_PRESENTED_NONE || presented->state == ANSHIN_PRESENTED_FAULT ||
        takes(&contract->cas, presented->ca)) {
        return presented;
    }
    other = apr_pmemdup(pool, presented, sizeof(*other));
    other->state = contract->cas.missing ? ANSHIN_PRESENTED_FAULT : ANSHIN_PRESENTED_FOREIGN;
    return other;
}

anshin_connection_cache_t *anshin_presented_cache_take(const request_rec *r)
{
    link_t *link = link_of(r->connection);

    return link != NULL ? atomic_exchange(&link->cache, NULL) : NULL;
}

void anshin_presented_cache_give_back(const request_rec *r, anshin_connection_cache_t *cache)
{
    if (cache != NULL) {
        atomic_store(&link_of(r->connection)->cache, cache);
    }
}

static int host_asks(const request_rec *r)
{
    const anshin_site_t *site = anshin_site_of(r->server);

    return site->main->trust != NULL && anshin_site_asks(site);
}

int anshin_presented_unasked(const request_rec *r)
{
    const link_t *link = link_of(r->connection);

    return link != NULL && !link->asked && host_asks(r);
}

int anshin_presented_strays(const request_rec *r)
{
    const link_t *link = link_of(r->connection);

    return link != NULL && link->asked && link->presented.state != ANSHIN_PRESENTED_NONE && !host_asks(r);
}

int anshin_presented_asked(const request_rec *r)
{
    const link_t *link = link_of(r->connection);

    return link != NULL && link->asked;
}

/* Requests of one HTTP/2 connection run at once, and between mod_ssl's "verified" and our word to the contrary one of
 * them might read the former. It matters only where a certificate is bad and the connection old. */
int anshin_presented_needs_http1(const request_rec *r)
{
    const link_t *link = link_of(r->connection);

    return r->connection->master != NULL && link != NULL && link->asked && link->forgetful &&
           link->presented.state != ANSHIN_PRESENTED_NONE && link->presented.state != ANSHIN_PRESENTED_GOOD;
}

void anshin_presented_close(request_rec *r)
{
    const link_t *link = link_of(r->connection);

    if (r->connection->master == NULL) {
        r->connection->keepalive = AP_CONN_CLOSE;
        apr_table_setn(r->err_headers_out, "Connection", "close");
    } else if (link != NULL) {
        anshin_goaway_ask(link->goaway);
    }
}

void anshin_presented_hooks(void)
{
    static const char *const tls[] = {"mod_ssl.c", NULL};
    static const char *const http2[] = {"mod_http2.c", NULL};

    APR_OPTIONAL_HOOK(ssl, init_server, note, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ssl, init_server, ask, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ssl, pre_handshake, meet, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_process_connection(judge, tls, http2, APR_HOOK_MIDDLE);
    anshin_goaway_filters();
    ap_hook_check_access(restate, tls, NULL, APR_HOOK_LAST, AP_AUTH_INTERNAL_PER_CONF);
}
