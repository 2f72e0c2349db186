/*
 * fetch STATE_DIR TOKEN PASSWORD modern|compat: what the download page would send, to standard output. Exit status
 * 0, or 1 with the cause on standard error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/certificate/download.h"
#include "crypto/crypto.h"
#include "runtime/config_file.h"
#include "store/dbm/store_dbm.h"

static int fetch(char **argv, apr_pool_t *pool)
{
    anshin_crypto_settings_t settings = {
        .memory = 8192, .passes = 1, .lanes = 1, .slots = 2, .wait = apr_time_from_sec(30)};
    anshin_download_result_t result;
    anshin_config_t *config;
    anshin_crypto_t *crypto;
    anshin_error_t err;
    anshin_env_t env;
    anshin_op_t op;
    apr_status_t status;

    anshin_error_clear(&err);
    memset(&env, 0, sizeof(env));
    settings.key_file = apr_pstrcat(pool, argv[1], "/seal.key", NULL);
    settings.slot_dir = apr_pstrcat(pool, argv[1], "/slots", NULL);
    if (anshin_config_file_read(&config, argv[1], &err, pool) != APR_SUCCESS ||
        anshin_crypto_open(&crypto, &settings, &err, pool) != APR_SUCCESS ||
        anshin_store_open(&env.store, &anshin_store_dbm, apr_pstrcat(pool, argv[1], "/store", NULL), &err, pool) !=
            APR_SUCCESS) {
        fprintf(stderr, "fetch: %s %s\n", err.id, err.text);
        return 1;
    }
    env.config = config;
    env.crypto = crypto;
    env.now = anshin_clock_system;
    anshin_op_init(&op, &env, APR_ARRAY_IDX(config->contracts, 0, anshin_contract_t *), &anshin_actor_worker, pool);
    status = anshin_download_fetch(
        &op, argv[2], argv[3], strcmp(argv[4], "compat") == 0 ? ANSHIN_PROFILE_COMPAT : ANSHIN_PROFILE_MODERN, &result);
    if (status != APR_SUCCESS || !result.right) {
        fprintf(stderr, "fetch: %s %s %s\n", anshin_status_name(status), op.error.id, op.error.text);
        return 1;
    }
    fwrite(result.file.data, 1, result.file.length, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    apr_pool_t *pool;
    int status;

    if (argc != 5) {
        fprintf(stderr, "usage: fetch STATE_DIR TOKEN PASSWORD modern|compat\n");
        return 2;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    status = fetch(argv, pool);
    apr_pool_destroy(pool);
    return status;
}
