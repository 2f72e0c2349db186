/*
 * A town: a dbm store with many users for the benchmark programs. Its users are as they are a while after they have
 * registered: account, one terminal, an active certificate, two entries of history. They are written record by record,
 * in large batches, since the verbs would hash two million secrets; every record is what the verbs would have written.
 */
#ifndef ANSHIN_BENCH_DATASET_H
#define ANSHIN_BENCH_DATASET_H

#include <glob.h>
#include <sys/stat.h>

#include "unit/users.h"
#include "bench.h"

#include "core/account/history.h"
#include "core/audit/trail.h"
#include "core/context/expiry.h"
#include "store/dbm/store_dbm.h"

#define DATASET_BATCH 500
#define DATASET_JOURNAL (96 << 20) /* octets: then checkpoints are waited for */

typedef struct dataset_t {
    fixture_t fixture;
    const char *directory; /* of the store */
    apr_pool_t *open;      /* closes the store; all else lives on */
    int users;
    char password_hash[ANSHIN_PHC_MAX];
    char answer_hash[ANSHIN_PHC_MAX];
} dataset_t;

static inline const char *dataset_user(apr_pool_t *pool, int index)
{
    return apr_psprintf(pool, "p-01-usr%07d", index);
}

static inline anshin_presented_t dataset_peer(apr_pool_t *pool, const dataset_t *dataset, int index)
{
    return (anshin_presented_t){.state = ANSHIN_PRESENTED_GOOD,
                                .serial = apr_psprintf(pool, "4a%030x", (unsigned)index),
                                .fingerprint = apr_psprintf(pool, "%064x", (unsigned)index),
                                .name = dataset_user(pool, index),
                                .not_before = dataset->fixture.now - apr_time_from_sec(30 * 86400),
                                .not_after = dataset->fixture.now + apr_time_from_sec(330 * 86400)};
}

static inline void dataset_put(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key, const void *record)
{
    bench_must(anshin_txn_put(txn, type, key, record) == APR_SUCCESS, "put");
}

static inline void dataset_add(dataset_t *dataset, anshin_op_t *op, anshin_txn_t *txn, int index)
{
    const char *user = dataset_user(op->pool, index);
    anshin_presented_t presented = dataset_peer(op->pool, dataset, index);
    apr_time_t before = dataset->fixture.now - apr_time_from_sec(30 * 86400);
    anshin_account_t account = {.contract = "p-01",
                                .user = user,
                                .state = ANSHIN_ACCOUNT_ACTIVE,
                                .method = ANSHIN_METHOD_CERTIFICATE,
                                .language = "ja",
                                .password_hash = dataset->password_hash,
                                .password_set_at = before,
                                .question = "pet",
                                .answer_hash = dataset->answer_hash,
                                .created_at = before,
                                .registered_at = before,
                                .next_terminal = 2};
    anshin_terminal_t terminal = {.contract = "p-01",
                                  .user = user,
                                  .number = 1,
                                  .kind = ANSHIN_TERMINAL_PC,
                                  .address = apr_pstrcat(op->pool, user, "@example.jp", NULL),
                                  .certificate = presented.serial,
                                  .created_at = before};
    anshin_certificate_t certificate = {.contract = "p-01",
                                        .user = user,
                                        .terminal = 1,
                                        .serial = presented.serial,
                                        .fingerprint = presented.fingerprint,
                                        .name = user,
                                        .not_before = presented.not_before,
                                        .not_after = presented.not_after,
                                        .state = ANSHIN_CERTIFICATE_ACTIVE,
                                        .issued_at = before};
    anshin_history_t entry = {.at = before, .result = ANSHIN_HISTORY_REGISTERED, .address = "192.0.2.7", .terminal = 1};

    account.terminals = apr_array_make(op->pool, 1, sizeof(apr_int64_t));
    APR_ARRAY_PUSH(account.terminals, apr_int64_t) = 1;
    dataset_put(txn, &anshin_record_account, anshin_account_key(op, user), &account);
    dataset_put(txn, &anshin_record_terminal, anshin_terminal_key(op, user, 1), &terminal);
    dataset_put(txn, &anshin_record_certificate, presented.serial, &certificate);
    bench_must(anshin_account_get(op, txn, user, &account) == APR_SUCCESS, "account");
    entry.account = account.number;
    bench_must(anshin_history_add(op, txn, user, &entry) == APR_SUCCESS, "history");
    entry.result = ANSHIN_HISTORY_DOWNLOADED;
    bench_must(anshin_history_add(op, txn, user, &entry) == APR_SUCCESS, "history");
}

/* The loader is faster than the checkpoints that come behind it. */
static inline void dataset_wait(const dataset_t *dataset)
{
    const char *pattern = apr_pstrcat(dataset->fixture.pool, dataset->directory, "/journal.*", NULL);
    off_t octets = DATASET_JOURNAL + 1;

    while (octets > DATASET_JOURNAL) {
        glob_t found;
        struct stat facts;

        octets = 0;
        bench_must(glob(pattern, 0, NULL, &found) == 0, pattern);
        for (size_t i = 0; i < found.gl_pathc; i++) {
            octets += stat(found.gl_pathv[i], &facts) == 0 ? facts.st_size : 0;
        }
        globfree(&found);
        if (octets > DATASET_JOURNAL) {
            apr_sleep(100000);
        }
    }
}

static inline void dataset_load(dataset_t *dataset)
{
    apr_pool_t *pool;

    apr_pool_create(&pool, dataset->fixture.pool);
    for (int index = 0; index < dataset->users;) {
        anshin_op_t op;
        anshin_txn_t *txn;

        apr_pool_clear(pool);
        anshin_op_init(&op, &dataset->fixture.env, &dataset->fixture.contract, &anshin_actor_worker, pool);
        bench_must(anshin_txn_begin(&txn, op.env->store, ANSHIN_TXN_WRITE, &op.error, op.pool) == APR_SUCCESS, "begin");
        for (int i = 0; i < DATASET_BATCH && index < dataset->users; i++, index++) {
            dataset_add(dataset, &op, txn, index);
        }
        bench_must(anshin_txn_commit(txn, ANSHIN_LAZY) == APR_SUCCESS, op.error.text);
        if (index % (DATASET_BATCH * 16) == 0) {
            dataset_wait(dataset);
        }
    }
    apr_pool_destroy(pool);
}

/* The newest base that there is. */
static inline int dataset_base(const dataset_t *dataset)
{
    const char *pattern = apr_pstrcat(dataset->fixture.pool, dataset->directory, "/base.*", NULL);
    int newest = 0;
    glob_t found;

    bench_must(glob(pattern, 0, NULL, &found) == 0, pattern);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        int number = (int)strtol(strrchr(found.gl_pathv[i], '.') + 1, NULL, 10);

        newest = number > newest ? number : newest;
    }
    globfree(&found);
    return newest;
}

/* Have all users behind a checkpoint, in each town, and none under way: then what is measured is what a store is most
 * of the time, and the small town has no advantage of having all in memory. */
static inline void dataset_settle(dataset_t *dataset)
{
    char filler[60000];
    anshin_fact_t fact = {.value = filler};

    memset(filler, 'x', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    for (int round = 0; round < 3; round++) {
        int before = dataset_base(dataset);

        for (int i = 0; i < 80; i++) {
            fixture_put(&dataset->fixture, &anshin_record_fact, "filler", &fact);
        }
        while (dataset_base(dataset) == before) {
            apr_sleep(20000);
        }
    }
}

static inline void dataset_open(dataset_t *dataset, int users, apr_pool_t *pool)
{
    const anshin_crypto_t *crypto;
    anshin_store_t *store;
    anshin_error_t err = {0};

    fixture_open(&dataset->fixture, &anshin_store_mem, NULL, pool);
    dataset->directory = scratch_directory(pool);
    apr_pool_create(&dataset->open, pool);
    bench_must(anshin_store_open(&store, &anshin_store_dbm, dataset->directory, &err, dataset->open) == APR_SUCCESS,
               err.text);
    dataset->fixture.env.store = store;
    dataset->fixture.env.audit = getenv("ANSHIN_BENCH_NO_AUDIT") == NULL ? &anshin_trail : NULL;
    users_contract(&dataset->fixture, ANSHIN_PRESET_CLASSIC);
    dataset->users = users;
    crypto = dataset->fixture.env.crypto;
    bench_must(crypto->password_hash(crypto->ctx, dataset->password_hash, USERS_PASSWORD, strlen(USERS_PASSWORD)) ==
                       APR_SUCCESS &&
                   crypto->password_hash(crypto->ctx, dataset->answer_hash, "ポチ", strlen("ポチ")) == APR_SUCCESS,
               "hash");
    dataset_load(dataset);
    dataset_settle(dataset);
}

#endif
