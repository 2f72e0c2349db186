/*
 * The addresses of AnshinTrustedProxy: see proxies.h.
 */
#include "auth/config/proxies.h"

#include <apr_network_io.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>

APLOG_USE_MODULE(anshin_auth);

apr_status_t anshin_proxies_read(apr_array_header_t **networks, const apr_array_header_t *addresses,
                                 anshin_error_t *err, apr_pool_t *pconf)
{
    int count = addresses != NULL ? addresses->nelts : 0;

    *networks = apr_array_make(pconf, count, sizeof(apr_ipsubnet_t *));
    for (int i = 0; i < count; i++) {
        const char *text = APR_ARRAY_IDX(addresses, i, const char *);
        char *address = apr_pstrdup(pconf, text);
        char *mask = strchr(address, '/');

        if (mask != NULL) {
            *mask++ = '\0';
        }
        if (apr_ipsubnet_create(apr_array_push(*networks), address, mask, pconf) != APR_SUCCESS) {
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

void anshin_proxies_warn(const apr_array_header_t *addresses, server_rec *server)
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
                         "AN0945: AnshinTrustedProxy %s is a network: every machine in it can log in with anybody's "
                         "certificate, which is public; name the addresses of the proxies",
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
