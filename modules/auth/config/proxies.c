/*
 * The addresses of AnshinTrustedProxy and the header that they send: see proxies.h.
 */
#include "auth/config/proxies.h"

#include <apr_network_io.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <stddef.h>
#include <string.h>

APLOG_USE_MODULE(anshin_auth);

#define NOBODY "none"
#define HEADER_DEFAULT "Client-Cert"

int anshin_proxies_is_of_host(const anshin_option_t *option)
{
    return option->offset == offsetof(anshin_server_t, trusted_proxies) ||
           option->offset == offsetof(anshin_server_t, client_cert_header);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static int is_nobody(const apr_array_header_t *addresses)
{
    return addresses == NULL ||
           (addresses->nelts == 1 && strcmp(APR_ARRAY_IDX(addresses, 0, const char *), NOBODY) == 0);
}

static apr_status_t read_networks(anshin_proxies_t *proxies, const apr_array_header_t *addresses, anshin_error_t *err,
                                  apr_pool_t *pconf)
{
    int count = is_nobody(addresses) ? 0 : addresses->nelts;

    proxies->networks = apr_array_make(pconf, count, sizeof(apr_ipsubnet_t *));
    for (int i = 0; i < count; i++) {
        const char *text = APR_ARRAY_IDX(addresses, i, const char *);
        char *address = apr_pstrdup(pconf, text);
        char *mask = strchr(address, '/');

        if (mask != NULL) {
            *mask++ = '\0';
        }
        if (apr_ipsubnet_create(apr_array_push(proxies->networks), address, mask, pconf) != APR_SUCCESS) {
            return anshin_fail(err, ANSHIN_EINVALID, "AN0518",
                               "AnshinTrustedProxy \"%s\": give addresses or networks, such as 192.0.2.10, "
                               "198.51.100.0/24 or 2001:db8::/32, or none alone",
                               text);
        }
    }
    return APR_SUCCESS;
}

static apr_status_t read_header(anshin_proxies_t *proxies, const apr_array_header_t *words, anshin_error_t *err,
                                apr_pool_t *pconf)
{
    apr_int64_t format;

    if (words == NULL) {
        proxies->header = HEADER_DEFAULT;
        proxies->format = ANSHIN_CLIENT_CERT_RFC9440;
        return APR_SUCCESS;
    }
    if (words->nelts != 2) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1751",
                           "AnshinClientCertHeader takes the name of a header and one of: %s",
                           anshin_word_list(anshin_client_cert_words, " ", pconf));
    }
    proxies->header = APR_ARRAY_IDX(words, 0, const char *);
    if (!anshin_client_cert_name_valid(proxies->header)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1752",
                           "AnshinClientCertHeader \"%s\": give a name of letters, digits and hyphens that no other "
                           "header has, such as Client-Cert or X-Client-Cert",
                           proxies->header);
    }
    format = anshin_word_value(anshin_client_cert_words, APR_ARRAY_IDX(words, 1, const char *), -1);
    if (format < 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1753",
                           "AnshinClientCertHeader %s \"%s\": this form is not known; give one of: %s", proxies->header,
                           APR_ARRAY_IDX(words, 1, const char *),
                           anshin_word_list(anshin_client_cert_words, " ", pconf));
    }
    proxies->format = (anshin_client_cert_format_t)format;
    return APR_SUCCESS;
}

apr_status_t anshin_proxies_read(anshin_proxies_t **proxies, const anshin_server_t *own, const anshin_server_t *given,
                                 anshin_error_t *err, apr_pool_t *pconf)
{
    int addresses = own != NULL && own->trusted_proxies != NULL;
    int header = own != NULL && own->client_cert_header != NULL;
    apr_status_t status;

    *proxies = apr_pcalloc(pconf, sizeof(**proxies));
    status = read_networks(*proxies, (addresses ? own : given)->trusted_proxies, err, pconf);
    return status == APR_SUCCESS ? read_header(*proxies, (header ? own : given)->client_cert_header, err, pconf)
                                 : status;
}

int anshin_proxies_is_named(const anshin_proxies_t *proxies)
{
    return ap_cstr_casecmp(proxies->header, HEADER_DEFAULT) != 0;
}

/* --- warning ---------------------------------------------------------------------------------------------------- */

static int is_network(const char *address)
{
    const char *mask = ap_strchr_c(address, '/');

    return mask != NULL && strcmp(mask, ap_strchr_c(address, ':') != NULL ? "/128" : "/32") != 0 &&
           strcmp(mask, "/255.255.255.255") != 0;
}

static void warn_of_networks(const anshin_config_t *config, const apr_array_header_t *addresses, server_rec *server)
{
    for (int i = 0; !is_nobody(addresses) && i < addresses->nelts; i++) {
        const char *address = APR_ARRAY_IDX(addresses, i, const char *);

        if (is_network(address)) {
            anshin_sighting_add(config->sightings, ANSHIN_FINDING_PROXY_NETWORK,
                                apr_pstrcat(config->sightings->pool, "AnshinTrustedProxy ", address, NULL));
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                         "AN0945: AnshinTrustedProxy %s is a network: every machine in it can log in with anybody's "
                         "certificate, which is public; name the addresses of the proxies",
                         address);
        }
    }
}

/* A start reads everything twice; configtest once. */
static int is_first_of_two(void)
{
    return ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG &&
           ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_NORMAL;
}

void anshin_proxies_warn(const anshin_config_t *config, const anshin_server_t *own, int any, server_rec *server)
{
    if (own == NULL || is_first_of_two()) {
        return;
    }
    warn_of_networks(config, own->trusted_proxies, server);
    if (own->client_cert_header != NULL && !any) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                     "AN1754: AnshinClientCertHeader %s: no AnshinTrustedProxy says who may send it, so that nobody is "
                     "believed; name the addresses of the proxies",
                     APR_ARRAY_IDX(own->client_cert_header, 0, const char *));
    }
}

void anshin_proxies_warn_addresses(const anshin_config_t *config, server_rec *server)
{
    if (ap_find_linked_module("mod_remoteip.c") == NULL && !is_first_of_two()) {
        anshin_sighting_add(config->sightings, ANSHIN_FINDING_PROXY_ADDRESS, "AnshinTrustedProxy without mod_remoteip");
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                     "AN0946: AnshinTrustedProxy without mod_remoteip: all clients behind the proxy have its address, "
                     "so that one stranger's failures throttle everybody, and the history tells nothing; load "
                     "mod_remoteip, with RemoteIPHeader and RemoteIPInternalProxy as in the operator's guide");
    }
}
