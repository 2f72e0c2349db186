/*
 * Client certificates that a TLS terminator hands on: see trusted_proxy.h.
 *
 * SECURITY: a terminator is known by the address at the other end of the TCP connection, which nobody can claim who
 * does not sit there. The certificate is judged like one of our own handshake; what the terminator did not check, that
 * the client has its key, is the terminator's word.
 */
#include "auth/trusted_proxy.h"

#include <apr_network_io.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <stdatomic.h>

#include "crypto/pki/x509.h"

APLOG_USE_MODULE(anshin_auth);

void anshin_trusted_proxy_look(request_rec *r)
{
    anshin_main_t *main = anshin_site_of(r->server)->main;
    const char *forwarded;

    if (!anshin_trusted_proxy_sent(r) || strcmp(r->useragent_ip, r->connection->client_ip) != 0 ||
        (forwarded = apr_table_get(r->headers_in, "X-Forwarded-For")) == NULL ||
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

int anshin_trusted_proxy_sent(const request_rec *r)
{
    const anshin_proxies_t *proxies = anshin_site_of(r->server)->proxies;

    for (int i = 0; proxies != NULL && i < proxies->networks->nelts; i++) {
        const conn_rec *c = r->connection->master != NULL ? r->connection->master : r->connection;

        if (apr_ipsubnet_test(APR_ARRAY_IDX(proxies->networks, i, apr_ipsubnet_t *), c->client_addr)) {
            return 1;
        }
    }
    return 0;
}

int anshin_trusted_proxy_secure(request_rec *r, int sent)
{
    const char *spoken;

    if (!sent) {
        return strcmp(ap_http_scheme(r), "https") == 0;
    }
    spoken = apr_table_get(r->headers_in, "X-Forwarded-Proto");
    return spoken == NULL || ap_cstr_casecmp(spoken, "http") != 0;
}

static void judge(request_rec *r, const anshin_bytes_t *der, anshin_presented_t *presented)
{
    const anshin_main_t *main = anshin_site_of(r->server)->main;
    anshin_error_t err;

    if (main->trust == NULL) {
        presented->state = main->trust_missing && anshin_site_asks(anshin_site_of(r->server)) ? ANSHIN_PRESENTED_FAULT
                                                                                              : ANSHIN_PRESENTED_NONE;
        return;
    }
    anshin_error_clear(&err);
    if (anshin_x509_check(presented, *der, main->trust, apr_time_now(), &err, r->pool) != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "%s: the certificate that a trusted proxy sent could not be checked: %s", err.id, err.text);
    }
}

int anshin_trusted_proxy_presented(request_rec *r, const anshin_presented_t **presented)
{
    static const anshin_presented_t nobody = {ANSHIN_PRESENTED_NONE, "", "", "", 0, 0, ""};
    const anshin_proxies_t *proxies = anshin_site_of(r->server)->proxies;
    const char *value = apr_table_get(r->headers_in, proxies->header);
    anshin_presented_t *made;
    anshin_bytes_t der;

    *presented = &nobody;
    if (value == NULL) {
        return OK;
    }
    if (anshin_client_cert_read(&der, proxies->format, value, r->pool) != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "AN0522: 400, since the header %s of a trusted proxy is not one certificate in the form %s; see "
                      "AnshinClientCertHeader",
                      proxies->header, anshin_word_name(anshin_client_cert_words, proxies->format, ""));
        return HTTP_BAD_REQUEST;
    }
    *presented = made = apr_pmemdup(r->pool, &nobody, sizeof(nobody));
    judge(r, &der, made);
    return OK;
}
