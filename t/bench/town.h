/*
 * A town: a dbm store with many users for the benchmark programs. Its users are as they are a while after they have
 * registered: account, one terminal, an active certificate, two entries of history. They are written record by record, in large
 * batches, since the verbs would hash two million secrets; every record is what the verbs would have written.
 */
#ifndef ANSHIN_BENCH_TOWN_H
#define ANSHIN_BENCH_TOWN_H

#include <glob.h>
#include <sys/stat.h>

#include "../unit/people.h"
#include "bench.h"

#include "core/expiry.h"
#include "core/history.h"
#include "store/store_dbm.h"

#define TOWN_BATCH 500
#define TOWN_JOURNAL (96 << 20) /* octets: then checkpoints are waited for */

typedef struct town_t {
    world_t world;
    const char *directory; /* of the store */
    apr_pool_t *open;      /* closes the store; all else lives on */
    int users;
    char password_hash[ANSHIN_PHC_MAX];
    char answer_hash[ANSHIN_PHC_MAX];
} town_t;

static inline const char *town_user(apr_pool_t *pool, int index)
{
    return apr_psprintf(pool, "p-01-usr%07d", index);
}

static inline anshin_peer_t town_peer(apr_pool_t *pool, const town_t *town, int index)
{
    return (anshin_peer_t){.state = ANSHIN_PEER_GOOD,
                           .serial = apr_psprintf(pool, "4a%030x", (unsigned)index),
                           .fingerprint = apr_psprintf(pool, "%064x", (unsigned)index),
                           .name = town_user(pool, index),
                           .not_before = town->world.now - apr_time_from_sec(30 * 86400),
                           .not_after = town->world.now + apr_time_from_sec(330 * 86400)};
}

static inline void town_put(anshin_txn_t *txn, const anshin_record_type_t *type, const char *key, const void *record)
{
    bench_must(anshin_txn_put(txn, type, key, record) == APR_SUCCESS, "put");
}

static inline void town_add(town_t *town, anshin_op_t *op, anshin_txn_t *txn, int index)
{
    const char *user = town_user(op->pool, index);
    anshin_peer_t peer = town_peer(op->pool, town, index);
    apr_time_t before = town->world.now - apr_time_from_sec(30 * 86400);
    anshin_account_t account = {.contract = "p-01",
                                .user = user,
                                .state = ANSHIN_ACCOUNT_ACTIVE,
                                .method = ANSHIN_METHOD_CERTIFICATE,
                                .language = "ja",
                                .password_hash = town->password_hash,
                                .password_set_at = before,
                                .question = "pet",
                                .answer_hash = town->answer_hash,
                                .created_at = before,
                                .registered_at = before,
                                .next_terminal = 2};
    anshin_terminal_t terminal = {.contract = "p-01",
                                  .user = user,
                                  .number = 1,
                                  .kind = ANSHIN_TERMINAL_PC,
                                  .address = apr_pstrcat(op->pool, user, "@example.jp", NULL),
                                  .certificate = peer.serial,
                                  .created_at = before};
    anshin_certificate_t certificate = {.contract = "p-01",
                                        .user = user,
                                        .terminal = 1,
                                        .serial = peer.serial,
                                        .fingerprint = peer.fingerprint,
                                        .name = user,
                                        .not_before = peer.not_before,
                                        .not_after = peer.not_after,
                                        .state = ANSHIN_CERTIFICATE_ACTIVE,
                                        .issued_at = before};
    anshin_history_t entry = {.at = before, .result = ANSHIN_HISTORY_REGISTERED, .address = "192.0.2.7", .terminal = 1};

    account.terminals = apr_array_make(op->pool, 1, sizeof(apr_int64_t));
    APR_ARRAY_PUSH(account.terminals, apr_int64_t) = 1;
    town_put(txn, &anshin_record_account, anshin_account_key(op, user), &account);
    town_put(txn, &anshin_record_terminal, anshin_terminal_key(op, user, 1), &terminal);
    town_put(txn, &anshin_record_certificate, peer.serial, &certificate);
    bench_must(anshin_history_add(op, txn, user, &entry) == APR_SUCCESS, "history");
    entry.result = ANSHIN_HISTORY_DOWNLOADED;
    bench_must(anshin_history_add(op, txn, user, &entry) == APR_SUCCESS, "history");
}

/* The loader is faster than the checkpoints that come behind it. */
static inline void town_wait(const town_t *town)
{
    const char *pattern = apr_pstrcat(town->world.pool, town->directory, "/journal.*", NULL);
    off_t octets = TOWN_JOURNAL + 1;

    while (octets > TOWN_JOURNAL) {
        glob_t found;
        struct stat facts;

        octets = 0;
        bench_must(glob(pattern, 0, NULL, &found) == 0, pattern);
        for (size_t i = 0; i < found.gl_pathc; i++) {
            octets += stat(found.gl_pathv[i], &facts) == 0 ? facts.st_size : 0;
        }
        globfree(&found);
        if (octets > TOWN_JOURNAL) {
            apr_sleep(100000);
        }
    }
}

static inline void town_load(town_t *town)
{
    apr_pool_t *pool;

    apr_pool_create(&pool, town->world.pool);
    for (int index = 0; index < town->users;) {
        anshin_op_t op;
        anshin_txn_t *txn;

        apr_pool_clear(pool);
        anshin_op_init(&op, &town->world.env, &town->world.contract, NULL, pool);
        bench_must(anshin_op_begin(&op, ANSHIN_TXN_WRITE, &txn) == APR_SUCCESS, "begin");
        for (int i = 0; i < TOWN_BATCH && index < town->users; i++, index++) {
            town_add(town, &op, txn, index);
        }
        bench_must(anshin_txn_commit(txn, ANSHIN_LAZY) == APR_SUCCESS, op.error.text);
        if (index % (TOWN_BATCH * 16) == 0) {
            town_wait(town);
        }
    }
    apr_pool_destroy(pool);
}

/* The newest base that there is. */
static inline int town_base(const town_t *town)
{
    const char *pattern = apr_pstrcat(town->world.pool, town->directory, "/base.*", NULL);
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

/* Have all users behind a checkpoint, in each town, and none under way: then what is measured is what a store is most of
 * the time, and the small town has no advantage of having all in memory. */
static inline void town_settle(town_t *town)
{
    char filler[60000];
    anshin_fact_t fact = {.value = filler};

    memset(filler, 'x', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    for (int round = 0; round < 3; round++) {
        int before = town_base(town);

        for (int i = 0; i < 80; i++) {
            world_put(&town->world, &anshin_record_fact, "filler", &fact);
        }
        while (town_base(town) == before) {
            apr_sleep(20000);
        }
    }
}

static inline void town_open(town_t *town, int users, apr_pool_t *pool)
{
    const anshin_crypto_t *crypto;
    anshin_store_t *store;
    anshin_error_t err = {0};

    world_open(&town->world, &anshin_store_mem, NULL, pool);
    town->directory = scratch_directory(pool);
    apr_pool_create(&town->open, pool);
    bench_must(anshin_store_open(&store, &anshin_store_dbm, town->directory, &err, town->open) == APR_SUCCESS,
               err.text);
    town->world.env.store = store;
    people_contract(&town->world, ANSHIN_PRESET_CLASSIC);
    town->users = users;
    crypto = town->world.env.crypto;
    bench_must(crypto->password_hash(crypto->ctx, town->password_hash, PEOPLE_PASSWORD, strlen(PEOPLE_PASSWORD)) ==
                       APR_SUCCESS &&
                   crypto->password_hash(crypto->ctx, town->answer_hash, "ポチ", strlen("ポチ")) == APR_SUCCESS,
               "hash");
    town_load(town);
    town_settle(town);
}

#endif
