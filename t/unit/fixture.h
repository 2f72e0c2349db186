/*
 * What unit programs of the core stand on: memory store, real cryptography at its cheapest, one contract
 * "p-01", and a clock that the test moves.
 */
#ifndef ANSHIN_UNIT_FIXTURE_H
#define ANSHIN_UNIT_FIXTURE_H

#include <sys/stat.h>

#include <apr_general.h>

#include "crypto/keyfile.h"
#include "core/context/op.h"
#include "core/context/secret.h"
#include "crypto/crypto.h"
#include "unit/scratch.h"
#include "store/store_mem.h"

typedef struct fixture_t {
    apr_pool_t *pool;
    const char *directory; /* scratch; also the state directory */
    apr_time_t now;
    anshin_crypto_t *crypto;
    anshin_contract_t contract;
    anshin_config_t config;
    anshin_env_t env;
} fixture_t;

static inline apr_time_t fixture_now(void *baton)
{
    return ((const fixture_t *)baton)->now;
}

static inline void fixture_crypto(fixture_t *fixture)
{
    anshin_crypto_settings_t settings = {.key_file = apr_pstrcat(fixture->pool, fixture->directory, "/seal.key", NULL),
                                         .memory = 8,
                                         .passes = 1,
                                         .lanes = 1,
                                         .slots = 2,
                                         .slot_dir = fixture->directory,
                                         .wait = apr_time_from_sec(5)};
    anshin_error_t err;

    anshin_error_clear(&err);
    if (anshin_seal_key_create(settings.key_file, (gid_t)-1, &err, fixture->pool) != APR_SUCCESS ||
        anshin_crypto_open(&fixture->crypto, &settings, &err, fixture->pool) != APR_SUCCESS) {
        printf("# crypto: %s %s\n", err.id, err.text);
        exit(1);
    }
}

/* A text that is given without a language. */
static inline apr_array_header_t *fixture_text(fixture_t *fixture, const char *text)
{
    apr_array_header_t *texts = apr_array_make(fixture->pool, 1, sizeof(const char *));

    APR_ARRAY_PUSH(texts, const char *) = text;
    return texts;
}

/* The policy holds what the tests of this folder need; it is not the preset's. */
static inline void fixture_contract(fixture_t *fixture)
{
    anshin_contract_t *contract = &fixture->contract;

    contract->name = "p-01";
    contract->portal_base = "/anshin";
    contract->portal_origin = "https://login.example";
    contract->policy.title = fixture_text(fixture, "会員サイト");
    contract->policy.portal_url = "https://login.example/anshin";
    contract->policy.language = "ja";
    contract->policy.mail_links = 1;
    contract->policy.mail_from = "安心ログイン <noreply@login.example>";
    contract->policy.mail_signature = fixture_text(fixture, "サポート窓口");
    contract->policy.password_attempts = contract->policy.code_attempts = 5;
    contract->policy.download_attempts = 10;
    contract->policy.download_lifetime = apr_time_from_sec(86400);
    contract->policy.certificate_lifetime = apr_time_from_sec(365 * 86400);
    contract->policy.certificate_name = "%{user} %{issued:%Y-%m-%d}";
    contract->policy.certificate_retention = apr_time_from_sec(400 * 86400);
    contract->policy.history_retention = apr_time_from_sec(400 * 86400);
    contract->policy.sessions_max = 20;
    contract->policy.session_idle = apr_time_from_sec(1800);
    contract->policy.session_lifetime = apr_time_from_sec(12 * 3600);
    contract->policy.methods = 1 << ANSHIN_METHOD_CERTIFICATE;
    contract->policy.default_method = ANSHIN_METHOD_CERTIFICATE;
}

/* world is static or outlives pool. */
static inline void fixture_open(fixture_t *fixture, const anshin_store_driver_t *driver, const char *where,
                                apr_pool_t *pool)
{
    anshin_store_t *store = NULL;
    anshin_error_t err;

    memset(fixture, 0, sizeof(*fixture));
    anshin_error_clear(&err);
    fixture->pool = pool;
    fixture->directory = scratch_directory(pool);
    fixture->now = apr_time_from_sec(1800000000);
    fixture_crypto(fixture);
    fixture_contract(fixture);
    fixture->config.server.state_dir = fixture->directory;
    fixture->config.server.share_dir = fixture->directory;
    fixture->config.contracts = apr_array_make(pool, 1, sizeof(anshin_contract_t *));
    APR_ARRAY_PUSH(fixture->config.contracts, anshin_contract_t *) = &fixture->contract;
    if (anshin_store_open(&store, driver, where != NULL ? where : fixture->directory, &err, pool) != APR_SUCCESS) {
        printf("# store: %s %s\n", err.id, err.text);
        exit(1);
    }
    fixture->env.config = &fixture->config;
    fixture->env.store = store;
    fixture->env.crypto = fixture->crypto;
    fixture->env.now = fixture_now;
    fixture->env.now_baton = fixture;
}

/* An operation of its own, of a stranger whom no address has. */
static inline anshin_op_t *fixture_op(fixture_t *fixture)
{
    anshin_op_t *op = apr_pcalloc(fixture->pool, sizeof(*op));

    anshin_op_init(op, &fixture->env, &fixture->contract, &(anshin_actor_t){.kind = ANSHIN_ACTOR_STRANGER},
                   fixture->pool);
    return op;
}

static inline anshin_txn_t *fixture_begin(anshin_op_t *op, anshin_txn_mode_t mode)
{
    anshin_txn_t *txn = NULL;

    if (anshin_txn_begin(&txn, op->env->store, mode, &op->error, op->pool) != APR_SUCCESS) {
        printf("# begin: %s %s\n", op->error.id, op->error.text);
        exit(1);
    }
    return txn;
}

/* Read or write one record in a transaction of its own. */
static inline apr_status_t fixture_get(fixture_t *fixture, const anshin_record_type_t *type, const char *key,
                                       void *record)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(fixture), ANSHIN_TXN_READ);
    apr_status_t status = anshin_txn_get(txn, type, key, record);

    anshin_txn_abort(txn);
    return status;
}

static inline void fixture_put(fixture_t *fixture, const anshin_record_type_t *type, const char *key,
                               const void *record)
{
    anshin_op_t *op = fixture_op(fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);

    if (anshin_txn_put(txn, type, key, record) != APR_SUCCESS || anshin_txn_commit(txn, ANSHIN_LAZY) != APR_SUCCESS) {
        printf("# put: %s %s\n", op->error.id, op->error.text);
        exit(1);
    }
}

static inline void fixture_delete(fixture_t *fixture, const anshin_record_type_t *type, const char *key)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(fixture), ANSHIN_TXN_WRITE);

    if (anshin_txn_delete(txn, type, key) != APR_SUCCESS || anshin_txn_commit(txn, ANSHIN_LAZY) != APR_SUCCESS) {
        printf("# delete failed\n");
        exit(1);
    }
}

static inline apr_status_t fixture_count_one(void *baton, const char *key, const void *record)
{
    (void)key;
    (void)record;
    (*(int *)baton)++;
    return APR_SUCCESS;
}

static inline int fixture_count(fixture_t *fixture, const anshin_record_type_t *type)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(fixture), ANSHIN_TXN_READ);
    int count = 0;

    (void)anshin_txn_each(txn, type, "", fixture_count_one, &count);
    anshin_txn_abort(txn);
    return count;
}

/* The name of a blob of ours, put in a transaction of its own. */
static inline const char *fixture_blob(fixture_t *fixture, const char *purpose, const char *text)
{
    anshin_op_t *op = fixture_op(fixture);
    anshin_txn_t *txn = fixture_begin(op, ANSHIN_TXN_WRITE);
    const char *name = NULL;

    if (anshin_secret_blob_put(op, txn, &name, purpose, text, strlen(text)) != APR_SUCCESS ||
        anshin_txn_commit(txn, ANSHIN_LAZY) != APR_SUCCESS) {
        printf("# blob: %s %s\n", op->error.id, op->error.text);
        exit(1);
    }
    return name;
}

/* A blob as it lies there. */
static inline apr_status_t fixture_blob_get(fixture_t *fixture, const char *name, anshin_bytes_t *sealed)
{
    anshin_txn_t *txn = fixture_begin(fixture_op(fixture), ANSHIN_TXN_READ);
    apr_status_t status = anshin_txn_blob_get(txn, name, sealed);

    anshin_txn_abort(txn);
    return status;
}

static inline apr_status_t fixture_count_blob(void *baton, const char *name, apr_time_t written_at)
{
    (void)name;
    (void)written_at;
    (*(int *)baton)++;
    return APR_SUCCESS;
}

static inline int fixture_blobs(fixture_t *fixture)
{
    anshin_error_t err;
    int count = 0;

    anshin_error_clear(&err);
    (void)anshin_blob_each(fixture->env.store, fixture_count_blob, &count, &err, fixture->pool);
    return count;
}

static inline void fixture_file(fixture_t *fixture, const char *name, const char *text)
{
    scratch_write(apr_pstrcat(fixture->pool, fixture->directory, "/", name, NULL), text, strlen(text), 0644);
}

#endif
