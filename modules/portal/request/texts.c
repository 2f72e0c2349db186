/*
 * The texts of the contracts: see texts.h.
 */
#include "portal/request/texts.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <http_log.h>

#include "http/env.h"

APLOG_USE_MODULE(anshin_portal);

/* The texts of each contract by its name: made in child_init, only read afterwards. */
static apr_hash_t *texts_by_contract;

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

void anshin_portal_texts_load(apr_pool_t *pool, server_rec *s)
{
    const anshin_config_t *config = anshin_config_get();
    int i;

    texts_by_contract = apr_hash_make(pool);
    for (i = 0; config != NULL && i < config->contracts->nelts; i++) {
        load_texts(s, config, APR_ARRAY_IDX(config->contracts, i, anshin_contract_t *), pool);
    }
}

const anshin_texts_t *anshin_portal_texts(const anshin_contract_t *contract)
{
    return texts_by_contract ? apr_hash_get(texts_by_contract, contract->name, APR_HASH_KEY_STRING) : NULL;
}
