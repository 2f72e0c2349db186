/*
 * Client certificates that a TLS terminator hands on: see terminator.h.
 *
 * SECURITY: a terminator is known by the address at the other end of the TCP connection, which nobody can claim who
 * does not sit there. The certificate is judged like one of our own handshake; what the terminator did not check, that
 * the client has its key, is the terminator's word.
 */
#include "httpd/terminator.h"

#include <apr_network_io.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <stdatomic.h>

#include "core/client_cert.h"
#include "crypto/x509.h"

APLOG_USE_MODULE(anshin_auth);

apr_status_t anshin_terminators_read(anshin_main_t *main, const apr_array_header_t *addresses, anshin_error_t *err,
                                     apr_pool_t *pconf)
{
    int count = addresses != NULL ? addresses->nelts : 0;

    main->terminators = apr_array_make(pconf, count, sizeof(apr_ipsubnet_t *));
    for (int i = 0; i < count; i++) {
        const char *text = APR_ARRAY_IDX(addresses, i, const char *);
        char *address = apr_pstrdup(pconf, text);
        char *mask = strchr(address, '/');

        if (mask != NULL) {
            *mask++ = '\0';
        }
        if (apr_ipsubnet_create(apr_array_push(main->terminators), address, mask, pconf) != APR_SUCCESS) {
            return anshin_fail(err, ANSHIN_EINVALID, "AN0518",
                               "AnshinTrustedProxy \"%s\": give addresses or networks, such as 192.0.2.10, "
                               "198.51.100.0/24 or 2001:db8::/32",
                               text);
        }
    }
    return APR_SUCCESS;
}

static int is_network(const char *address)
{
    const char *mask = ap_strchr_c(address, '/');

    return mask != NULL && strcmp(mask, ap_strchr_c(address, ':') != NULL ? "/128" : "/32") != 0 &&
           strcmp(mask, "/255.255.255.255") != 0;
}

void anshin_terminators_warn(const apr_array_header_t *addresses, server_rec *server)
{
    int first_pass = ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG;

    /* A start reads everything twice; configtest once. */
    if (addresses == NULL || (first_pass && ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_NORMAL)) {
        return;
    }
    for (int i = 0; i < addresses->nelts; i++) {
        const char *address = APR_ARRAY_IDX(addresses, i, const char *);

        if (is_network(address)) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                         "AN0945: AnshinTrustedProxy %s is a network: to whoever has an address in it, anybody's "
                         "certificate, which is public, is as good as its key; name the addresses of the proxies",
                         address);
        }
    }
    if (ap_find_linked_module("mod_remoteip.c") == NULL) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                     "AN0946: AnshinTrustedProxy without mod_remoteip: all clients behind the proxy have its address, "
                     "so that one stranger's failures throttle everybody, and the history tells nothing; load "
                     "mod_remoteip, with RemoteIPHeader and RemoteIPInternalProxy as in the operator's guide");
    }
}

void anshin_terminator_look(request_rec *r)
{
    anshin_main_t *main = anshin_site_of(r->server)->main;
    const char *forwarded = apr_table_get(r->headers_in, "X-Forwarded-For");

    if (forwarded == NULL || strcmp(r->useragent_ip, r->connection->client_ip) != 0 || !anshin_terminator_sent(r) ||
        atomic_exchange(&main->told_forwarded, 1)) {
        return;
    }
    ap_log_rerror(
        APLOG_MARK, APLOG_WARNING, 0, r,
        "AN0947: the trusted proxy says \"X-Forwarded-For: %s\", which counts for nothing, so that its clients "
        "have its own address (told once a process); mod_remoteip takes addresses without a port, and needs "
        "RemoteIPHeader and RemoteIPInternalProxy",
        ap_escape_logitem(r->pool, forwarded));
}

int anshin_terminator_sent(const request_rec *r)
{
    const apr_array_header_t *terminators = anshin_site_of(r->server)->main->terminators;
    const conn_rec *c = r->connection->master != NULL ? r->connection->master : r->connection;

    for (int i = 0; terminators != NULL && i < terminators->nelts; i++) {
        if (apr_ipsubnet_test(APR_ARRAY_IDX(terminators, i, apr_ipsubnet_t *), c->client_addr)) {
            return 1;
        }
    }
    return 0;
}

int anshin_terminator_secure(request_rec *r)
{
    const char *spoken;

    if (!anshin_terminator_sent(r)) {
        return strcmp(ap_http_scheme(r), "https") == 0;
    }
    spoken = apr_table_get(r->headers_in, "X-Forwarded-Proto");
    return spoken == NULL || ap_cstr_casecmp(spoken, "http") != 0;
}

static void judge(request_rec *r, const anshin_bytes_t *der, anshin_peer_t *peer)
{
    const anshin_main_t *main = anshin_site_of(r->server)->main;
    anshin_error_t err;

    if (main->trust == NULL) {
        peer->state =
            main->trust_missing && anshin_site_asks(anshin_site_of(r->server)) ? ANSHIN_PEER_FAULT : ANSHIN_PEER_NONE;
        return;
    }
    anshin_error_clear(&err);
    if (anshin_x509_check(peer, der->data, der->length, main->trust, apr_time_now(), &err, r->pool) != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "%s: the certificate of Client-Cert could not be checked: %s",
                      err.id, err.text);
    }
}

int anshin_terminator_peer(request_rec *r, const anshin_peer_t **peer)
{
    static const anshin_peer_t nobody = {ANSHIN_PEER_NONE, "", "", "", 0, 0};
    const char *value = apr_table_get(r->headers_in, "Client-Cert");
    anshin_peer_t *made;
    anshin_bytes_t der;

    *peer = &nobody;
    if (value == NULL) {
        return OK;
    }
    if (anshin_client_cert_parse(&der, value, r->pool) != APR_SUCCESS) {
        ap_log_rerror(
            APLOG_MARK, APLOG_ERR, 0, r,
            "AN0522: 400, since the Client-Cert header of a trusted proxy is not one byte sequence of RFC 9440");
        return HTTP_BAD_REQUEST;
    }
    *peer = made = apr_pmemdup(r->pool, &nobody, sizeof(nobody));
    judge(r, &der, made);
    return OK;
}
