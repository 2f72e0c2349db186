/*
 * The CAs of client certificates: see trust.h.
 *
 * SECURITY: all of them judge each connection, since a connection may serve several contracts; which of them counts for
 * a contract is compared at each request (auth/presented.h).
 */
#include "auth/process/trust.h"

#include <apr_hash.h>
#include <http_core.h>
#include <http_log.h>

#include "core/config/ca_files.h"
#include "crypto/pki/trust.h"
#include "runtime/state_open.h"

APLOG_USE_MODULE(anshin_auth);

typedef struct loading_t {
    anshin_main_t *main;
    server_rec *server;
    int told; /* 0: the first reading of a configuration tells nothing */
    apr_pool_t *pool;
} loading_t;

/* What it issued ends with it. */
static void tell_end(const loading_t *loading, const char *file, apr_time_t end)
{
    int over = end < apr_time_now();

    if (loading->told && end < apr_time_now() + ANSHIN_TRUST_ENDS_SOON) {
        ap_log_error(APLOG_MARK, over ? APLOG_ERR : APLOG_WARNING, 0, loading->server,
                     "AN1164: the CA certificate %s %s on %s%s; htanshin ca create --next makes the one that follows "
                     "(operator's guide, \"Roll-over\")",
                     file, over ? "ended" : "ends", anshin_time_text(end, loading->pool),
                     over ? ", and nobody gets in by certificate" : "");
    }
}

/* *found: of anshin_trust_ca_t. */
static apr_status_t load_one(const loading_t *loading, const char *file, apr_array_header_t **found,
                             anshin_error_t *err)
{
    int fd;
    apr_status_t status = anshin_state_open(&fd, loading->main->config->server.state_dir, file, err, loading->pool);

    return status == APR_SUCCESS ? anshin_trust_add(loading->main->trust, fd, file, found, err) : status;
}

/* Each CA once: certificate file -> its CAs (of anshin_trust_ca_t), for those that could be read. */
static apr_hash_t *load_all(const loading_t *loading)
{
    const apr_array_header_t *cas = anshin_ca_all(loading->main->config, loading->pool);
    apr_hash_t *loaded = apr_hash_make(loading->pool);

    for (int i = 0; i < cas->nelts; i++) {
        const char *file = APR_ARRAY_IDX(cas, i, anshin_ca_files_t).certificate;
        apr_array_header_t *found = NULL;
        anshin_error_t err;

        anshin_error_clear(&err);
        if (load_one(loading, file, &found, &err) == APR_SUCCESS) {
            apr_hash_set(loaded, file, APR_HASH_KEY_STRING, found);
            tell_end(loading, file, APR_ARRAY_IDX(found, 0, anshin_trust_ca_t).end);
        } else if (loading->told) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, loading->server,
                         "AN0520: client certificates cannot be asked for, and users who need one are not let in; put "
                         "the CA certificate there and restart httpd: %s: %s",
                         err.id, err.text);
        }
    }
    return loaded;
}

static void choose_for(const loading_t *loading, anshin_contract_t *contract, apr_hash_t *loaded)
{
    const apr_array_header_t *cas = anshin_ca_of_contract(loading->main->config, contract, loading->pool);

    contract->cas.ids = apr_array_make(loading->pool, cas->nelts, sizeof(const char *));
    contract->cas.missing = 0;
    for (int i = 0; i < cas->nelts; i++) {
        const apr_array_header_t *found =
            apr_hash_get(loaded, APR_ARRAY_IDX(cas, i, anshin_ca_files_t).certificate, APR_HASH_KEY_STRING);

        contract->cas.missing |= found == NULL;
        for (int j = 0; found != NULL && j < found->nelts; j++) {
            APR_ARRAY_PUSH(contract->cas.ids, const char *) = APR_ARRAY_IDX(found, j, anshin_trust_ca_t).id;
        }
    }
}

void anshin_trust_start(anshin_main_t *main, server_rec *server, apr_pool_t *pconf)
{
    const loading_t loading = {main, server,
                               ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST ||
                                   ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG,
                               pconf};
    apr_hash_t *loaded;
    anshin_error_t err;

    main->trust = NULL;
    main->trust_missing = 0;
    anshin_error_clear(&err);
    if (!anshin_config_admits(main->config, ANSHIN_METHOD_CERTIFICATE)) {
        return;
    }
    if (anshin_trust_create(&main->trust, &err, pconf) == APR_SUCCESS) {
        loaded = load_all(&loading);
        for (int i = 0; i < main->config->contracts->nelts; i++) {
            choose_for(&loading, APR_ARRAY_IDX(main->config->contracts, i, anshin_contract_t *), loaded);
        }
        main->trust = apr_hash_count(loaded) > 0 ? main->trust : NULL;
    }
    main->trust_missing = main->trust == NULL;
}
