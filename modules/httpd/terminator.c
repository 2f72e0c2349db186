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
#include <http_log.h>

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
