/*
 * mod_anshin_portal: the pages of Anshin Login, as httpd's handler "anshin".
 *
 * All directives are mod_anshin_auth's, which also owns store and keys; this module draws and asks. Loaded without it,
 * every request is answered with 503.
 */
#include "portal/portal.h"

#include <apr_hash.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include <http_connection.h>
#include <http_log.h>
#include <http_protocol.h>

#include "httpd/env.h"

/* The texts of each contract by its name: made in child_init, only read afterwards. */
static apr_hash_t *texts_by_contract;

const anshin_texts_t *anshin_portal_texts(const anshin_contract_t *contract)
{
    return texts_by_contract ? apr_hash_get(texts_by_contract, contract->name, APR_HASH_KEY_STRING) : NULL;
}

static void load_texts(server_rec *s, const anshin_config_t *config, const anshin_contract_t *contract,
                       apr_pool_t *pool)
{
    const char *own = contract->policy.text_dir;
    const char *const dirs[] = {apr_pstrcat(pool, config->server.share_dir, "/lang", NULL), own, NULL};
    anshin_texts_t *texts;
    anshin_error_t err;

    anshin_error_clear(&err);
    if (anshin_texts_load(&texts, dirs, &err, pool) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "AN0600: contract %s: no texts, its pages will answer 503: %s: %s",
                     contract->name, err.id, err.text);
        return;
    }
    apr_hash_set(texts_by_contract, contract->name, APR_HASH_KEY_STRING, texts);
}

static void child_init(apr_pool_t *pool, server_rec *s)
{
    const anshin_config_t *config = anshin_config_get();
    int i;

    texts_by_contract = apr_hash_make(pool);
    for (i = 0; config != NULL && i < config->contracts->nelts; i++) {
        load_texts(s, config, APR_ARRAY_IDX(config->contracts, i, anshin_contract_t *), pool);
    }
}

static void register_hooks(apr_pool_t *pool)
{
    static const char *const after_auth[] = {"mod_anshin_auth.c", NULL};
    static const char *const before_logs[] = {"mod_log_forensic.c", "mod_log_config.c", NULL};

    (void)pool;
    APR_REGISTER_OPTIONAL_FN(anshin_portal_page);
    ap_hook_child_init(child_init, after_auth, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_read_request(anshin_link_token_hide, NULL, before_logs, APR_HOOK_REALLY_FIRST);
    ap_hook_log_transaction(anshin_link_token_hide, NULL, before_logs, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(anshin_portal_handle, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(anshin_portal) = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, 0};
