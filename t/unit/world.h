/*
 * A small world for unit programs of the core: memory store, real cryptography at its cheapest, one contract
 * "p-01", and a clock that the test moves.
 */
#ifndef ANSHIN_UNIT_WORLD_H
#define ANSHIN_UNIT_WORLD_H

#include <sys/stat.h>

#include <apr_general.h>

#include "core/op.h"
#include "crypto/crypto.h"
#include "scratch.h"
#include "store/store_mem.h"

typedef struct world_t {
    apr_pool_t *pool;
    const char *directory; /* scratch; also the state directory */
    apr_time_t now;
    anshin_crypto_t *crypto;
    anshin_contract_t contract;
    anshin_config_t config;
    anshin_env_t env;
} world_t;

static inline apr_time_t world_now(void *baton)
{
    return ((const world_t *)baton)->now;
}

static inline void world_crypto(world_t *world)
{
    anshin_crypto_settings_t settings = {.key_file = apr_pstrcat(world->pool, world->directory, "/seal.key", NULL),
                                         .memory = 8,
                                         .passes = 1,
                                         .lanes = 1,
                                         .slots = 2,
                                         .slot_dir = world->directory,
                                         .wait = apr_time_from_sec(5)};
    anshin_error_t err;

    anshin_error_clear(&err);
    if (anshin_seal_key_create(settings.key_file, (gid_t)-1, &err, world->pool) != APR_SUCCESS ||
        anshin_crypto_open(&world->crypto, &settings, &err, world->pool) != APR_SUCCESS) {
        printf("# crypto: %s %s\n", err.id, err.text);
        exit(1);
    }
}

/* The policy holds what the tests of this folder need; it is not the preset's. */
static inline void world_contract(world_t *world)
{
    anshin_contract_t *contract = &world->contract;

    contract->name = "p-01";
    contract->portal_base = "/anshin";
    contract->portal_origin = "https://login.example";
    contract->policy.title = "会員サイト";
    contract->policy.portal_url = "https://login.example/anshin";
    contract->policy.language = "ja";
    contract->policy.mail_from = "安心ログイン <noreply@login.example>";
    contract->policy.mail_signature = "サポート窓口";
    contract->policy.password_attempts = contract->policy.code_attempts = 5;
    contract->policy.download_attempts = 10;
    contract->policy.download_lifetime = apr_time_from_sec(86400);
    contract->policy.certificate_lifetime = apr_time_from_sec(365 * 86400);
    contract->policy.history_retention = apr_time_from_sec(400 * 86400);
    contract->policy.session_idle = apr_time_from_sec(1800);
    contract->policy.session_lifetime = apr_time_from_sec(12 * 3600);
    contract->policy.methods = 1 << ANSHIN_METHOD_CERTIFICATE;
    contract->policy.default_method = ANSHIN_METHOD_CERTIFICATE;
}

/* world is static or outlives pool. */
static inline void world_open(world_t *world, const anshin_store_driver_t *driver, const char *where, apr_pool_t *pool)
{
    anshin_store_t *store = NULL;
    anshin_error_t err;

    memset(world, 0, sizeof(*world));
    anshin_error_clear(&err);
    world->pool = pool;
    world->directory = scratch_directory(pool);
    world->now = apr_time_from_sec(1800000000);
    world_crypto(world);
    world_contract(world);
    world->config.server.state_dir = world->directory;
    world->config.server.share_dir = world->directory;
    world->config.contracts = apr_array_make(pool, 1, sizeof(anshin_contract_t *));
    APR_ARRAY_PUSH(world->config.contracts, anshin_contract_t *) = &world->contract;
    if (anshin_store_open(&store, driver, where != NULL ? where : world->directory, &err, pool) != APR_SUCCESS) {
        printf("# store: %s %s\n", err.id, err.text);
        exit(1);
    }
    world->env.config = &world->config;
    world->env.store = store;
    world->env.crypto = world->crypto;
    world->env.now = world_now;
    world->env.now_baton = world;
}

/* An operation of its own. */
static inline anshin_op_t *world_op(world_t *world)
{
    anshin_op_t *op = apr_pcalloc(world->pool, sizeof(*op));

    anshin_op_init(op, &world->env, &world->contract, NULL, world->pool);
    return op;
}

static inline anshin_txn_t *world_begin(anshin_op_t *op, anshin_txn_mode_t mode)
{
    anshin_txn_t *txn = NULL;

    if (anshin_txn_begin(&txn, op->env->store, mode, &op->error, op->pool) != APR_SUCCESS) {
        printf("# begin: %s %s\n", op->error.id, op->error.text);
        exit(1);
    }
    return txn;
}

/* Read or write one record in a transaction of its own. */
static inline apr_status_t world_get(world_t *world, const anshin_record_type_t *type, const char *key, void *record)
{
    anshin_txn_t *txn = world_begin(world_op(world), ANSHIN_TXN_READ);
    apr_status_t status = anshin_txn_get(txn, type, key, record);

    anshin_txn_abort(txn);
    return status;
}

static inline void world_put(world_t *world, const anshin_record_type_t *type, const char *key, const void *record)
{
    anshin_op_t *op = world_op(world);
    anshin_txn_t *txn = world_begin(op, ANSHIN_TXN_WRITE);

    if (anshin_txn_put(txn, type, key, record) != APR_SUCCESS || anshin_txn_commit(txn, ANSHIN_LAZY) != APR_SUCCESS) {
        printf("# put: %s %s\n", op->error.id, op->error.text);
        exit(1);
    }
}

static inline void world_delete(world_t *world, const anshin_record_type_t *type, const char *key)
{
    anshin_txn_t *txn = world_begin(world_op(world), ANSHIN_TXN_WRITE);

    if (anshin_txn_delete(txn, type, key) != APR_SUCCESS || anshin_txn_commit(txn, ANSHIN_LAZY) != APR_SUCCESS) {
        printf("# delete failed\n");
        exit(1);
    }
}

static inline apr_status_t world_count_one(void *baton, const char *key, const void *record)
{
    (void)key;
    (void)record;
    (*(int *)baton)++;
    return APR_SUCCESS;
}

static inline int world_count(world_t *world, const anshin_record_type_t *type)
{
    anshin_txn_t *txn = world_begin(world_op(world), ANSHIN_TXN_READ);
    int count = 0;

    (void)anshin_txn_each(txn, type, "", world_count_one, &count);
    anshin_txn_abort(txn);
    return count;
}

static inline apr_status_t world_count_blob(void *baton, const char *name, apr_time_t written_at)
{
    (void)name;
    (void)written_at;
    (*(int *)baton)++;
    return APR_SUCCESS;
}

static inline int world_blobs(world_t *world)
{
    anshin_error_t err;
    int count = 0;

    anshin_error_clear(&err);
    (void)anshin_blob_each(world->env.store, world_count_blob, &count, &err, world->pool);
    return count;
}

static inline void world_file(world_t *world, const char *name, const char *text)
{
    scratch_write(apr_pstrcat(world->pool, world->directory, "/", name, NULL), text, strlen(text), 0644);
}

#endif
