/*
 * Keys and store of a process: see open.h.
 */
#include "runtime/open.h"

#include <apr_strings.h>

#include "core/admin/load.h"
#include "core/audit/trail.h"
#include "crypto/crypto.h"
#include "runtime/state_names.h"
#include "store/dbm/store_dbm.h"

static apr_status_t open_crypto(anshin_env_t *env, const anshin_server_t *server, const anshin_hashing_t *hashing,
                                anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_crypto_settings_t settings = {
        .key_file = apr_pstrcat(pool, server->state_dir, "/" ANSHIN_STATE_KEY, NULL),
        .memory = server->hash_memory,
        .passes = server->hash_passes,
        .lanes = server->hash_lanes,
        .slots = server->hash_slots,
        .slot_dir = hashing->none ? NULL : apr_pstrcat(pool, server->state_dir, "/" ANSHIN_STATE_SLOTS, NULL),
        .line = hashing->line,
        .wait = server->hash_wait,
    };
    anshin_crypto_t *crypto = NULL;
    apr_status_t status = anshin_crypto_open(&crypto, &settings, err, pool);

    env->crypto = crypto;
    return status;
}

const char *anshin_open_store_type(const anshin_server_t *server)
{
    return server->store == ANSHIN_STORE_DBM_GDBM ? "gdbm" : anshin_store_dbm_type();
}

apr_status_t anshin_open_store(anshin_store_t **store, const anshin_server_t *server, anshin_error_t *err,
                               apr_pool_t *pool)
{
    const char *where = apr_pstrcat(pool, server->state_dir, "/" ANSHIN_STATE_STORE,
                                    server->store == ANSHIN_STORE_DBM_GDBM ? "?type=gdbm" : "", NULL);

    return anshin_store_open(store, &anshin_store_dbm, where, err, pool);
}

apr_status_t anshin_open_to_load(anshin_env_t *env, const anshin_config_t *config, const anshin_hashing_t *hashing,
                                 anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = open_crypto(env, &config->server, hashing, err, pool);

    env->config = config;
    env->now = anshin_clock_system;
    env->now_baton = NULL;
    env->audit = &anshin_trail;
    return status == APR_SUCCESS ? anshin_open_store(&env->store, &config->server, err, pool) : status;
}

apr_status_t anshin_open(anshin_env_t *env, const anshin_config_t *config, const anshin_hashing_t *hashing,
                         anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = anshin_open_to_load(env, config, hashing, err, pool);

    return status == APR_SUCCESS ? anshin_load_look(env, err, pool) : status;
}
