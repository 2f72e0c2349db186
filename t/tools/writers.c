/*
 * writers OBJECT WHERE: eight threads that count up on a store in PostgreSQL until standard input ends, for who kills its
 * server meanwhile (t/cluster/store.t). Each counts on a fact of its own and on one that others share, in one transaction:
 * four durably, with "shared", and four lazily, with "lazy", whose last ones may be lost with the server.
 *
 * Prints "NAME ACKNOWLEDGED UNKNOWN BUSY VALUE" of each fact: how many commits were answered by "done", by "not known" and
 * by "nothing is done", and what the fact holds at the end.
 *
 * writers OBJECT WHERE sync [FACT]: commits the fact "synced" lazily; prints "lazy" and waits for a line; commits durably
 * what writes nothing, or that fact; then makes it durable, as anshin_op_sync() does, and prints "durable STATUS, sync
 * STATUS" and "not known" or nothing.
 *
 * writers OBJECT WHERE alone: writes a blob, takes the store alone, prints "alone" and waits for a line; then tells of
 * each way to write whether it was refused: "commit STATUS", "replace STATUS", "wipe STATUS".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_dso.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "core/store/store.h"
#include "core/store/store_provider.h"

#define THREADS 8
#define KEPT "00112233445566778899aabbccddeeff"

typedef struct writer_t {
    anshin_store_t *store;
    const char *own, *common;
    anshin_durability_t durability;
    volatile const int *ended;
    int done, unknown, busy;
} writer_t;

static apr_status_t count_up(anshin_txn_t *txn, const char *key)
{
    anshin_fact_t fact;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_fact, key, &fact);
    char text[32];

    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    (void)snprintf(text, sizeof(text), "%d", (status == APR_SUCCESS ? atoi(fact.value) : 0) + 1);
    fact = (anshin_fact_t){.value = text, .at = 1};
    return anshin_txn_put(txn, &anshin_record_fact, key, &fact);
}

static void *APR_THREAD_FUNC write_on(apr_thread_t *thread, void *baton)
{
    writer_t *writer = baton;
    apr_pool_t *pool;

    (void)thread;
    apr_pool_create_unmanaged(&pool);
    while (!*writer->ended) {
        anshin_error_t err = {0};
        anshin_txn_t *txn;
        apr_status_t status = anshin_txn_begin(&txn, writer->store, ANSHIN_TXN_WRITE, &err, pool);
        int sent = 0;

        if (status == APR_SUCCESS) {
            status = count_up(txn, writer->own);
            status = status == APR_SUCCESS ? count_up(txn, writer->common) : status;
            sent = status == APR_SUCCESS;
            status = anshin_txn_end(txn, status, writer->durability);
        }
        writer->done += status == APR_SUCCESS;
        writer->unknown += status == ANSHIN_EFAULT && sent;
        writer->busy += status != APR_SUCCESS && !(status == ANSHIN_EFAULT && sent);
        if (status != APR_SUCCESS) {
            apr_sleep(20000);
        }
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
    return NULL;
}

/* -1: cannot be read; a server that was killed takes its time. */
static int value_of(anshin_store_t *store, const char *key, apr_pool_t *pool)
{
    for (int i = 0; i < 600; i++) {
        anshin_error_t err = {0};
        anshin_fact_t fact;
        anshin_txn_t *txn;
        apr_status_t status = anshin_txn_begin(&txn, store, ANSHIN_TXN_READ, &err, pool);

        if (status == APR_SUCCESS) {
            status = anshin_txn_get(txn, &anshin_record_fact, key, &fact);
            anshin_txn_abort(txn);
        }
        if (status == APR_SUCCESS || status == ANSHIN_ENOTFOUND) {
            return status == APR_SUCCESS ? atoi(fact.value) : 0;
        }
        apr_sleep(100000);
    }
    return -1;
}

static void print(const writer_t *writer, apr_pool_t *pool)
{
    printf("%s %d %d %d %d\n", writer->own, writer->done, writer->unknown, writer->busy,
           value_of(writer->store, writer->own, pool));
}

static apr_status_t commit(anshin_store_t *store, const char *fact, anshin_durability_t durability, apr_pool_t *pool)
{
    anshin_error_t err = {0};
    anshin_txn_t *txn;
    apr_status_t status = anshin_txn_begin(&txn, store, ANSHIN_TXN_WRITE, &err, pool);

    if (status == APR_SUCCESS) {
        status = fact != NULL ? count_up(txn, fact) : APR_SUCCESS;
        status = anshin_txn_end(txn, status, durability);
    }
    return status;
}

/* As core/context/op.c does. */
static apr_status_t commit_again(anshin_store_t *store, const char *fact, anshin_durability_t durability,
                                 apr_pool_t *pool)
{
    apr_status_t status = ANSHIN_EBUSY;

    for (int i = 0; i < 3 && status == ANSHIN_EBUSY; i++) {
        status = commit(store, fact, durability, pool);
    }
    return status;
}

static int sync_one(anshin_store_t *store, const char *beside, apr_pool_t *pool)
{
    apr_status_t status = commit(store, "synced", ANSHIN_LAZY, pool);

    printf("%s\n", status == APR_SUCCESS ? "lazy" : "failed");
    (void)fflush(stdout);
    (void)getchar();
    printf("durable %d, ", commit_again(store, beside, ANSHIN_DURABLE, pool));
    status = commit_again(store, NULL, ANSHIN_SYNC, pool);
    printf("sync %d%s\n", status, status == ANSHIN_EFAULT ? " not known" : "");
    return 0;
}

static apr_status_t put_blob(anshin_store_t *store, apr_pool_t *pool)
{
    anshin_error_t err = {0};
    anshin_txn_t *txn;
    apr_status_t status = anshin_txn_begin(&txn, store, ANSHIN_TXN_WRITE, &err, pool);

    if (status == APR_SUCCESS) {
        status = anshin_txn_end(txn, anshin_txn_blob_put(txn, KEPT, "text", 4), ANSHIN_DURABLE);
    }
    return status;
}

static int write_alone(anshin_store_t *store, apr_pool_t *pool)
{
    anshin_error_t err = {0};
    apr_status_t status = put_blob(store, pool);

    status = status == APR_SUCCESS ? anshin_store_alone(store, &err) : status;
    printf("%s\n", status == APR_SUCCESS ? "alone" : err.text);
    (void)fflush(stdout);
    (void)getchar();
    printf("commit %s ", commit(store, "synced", ANSHIN_DURABLE, pool) == ANSHIN_EFAULT ? "refused" : "done");
    printf("replace %s ", anshin_blob_replace(store, KEPT, "other", 5, &err) == ANSHIN_EFAULT ? "refused" : "done");
    printf("wipe %s\n", anshin_blob_wipe(store, KEPT, &err) == ANSHIN_EFAULT ? "refused" : "done");
    return 0;
}

int main(int argc, char **argv)
{
    writer_t writers[THREADS] = {{.done = 0}};
    apr_thread_t *threads[THREADS];
    anshin_error_t err = {0};
    apr_dso_handle_t *object;
    apr_dso_handle_sym_t driver;
    anshin_store_t *store;
    writer_t all[] = {{.own = "shared"}, {.own = "lazy"}};
    volatile int ended = 0;
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create_unmanaged(&pool);
    if (argc < 3 || apr_dso_load(&object, argv[1], pool) != APR_SUCCESS ||
        apr_dso_sym(&driver, object, "anshin_store_pgsql") != APR_SUCCESS ||
        anshin_store_open(&store, driver, argv[2], &err, pool) != APR_SUCCESS) {
        fprintf(stderr, "writers: %s\n", err.text);
        return 1;
    }
    if (argc >= 4) {
        return strcmp(argv[3], "alone") == 0 ? write_alone(store, pool)
                                             : sync_one(store, argc > 4 ? argv[4] : NULL, pool);
    }
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (writer_t){.store = store,
                                .own = apr_psprintf(pool, "%s%d", i % 2 ? "lazy" : "own", i),
                                .common = all[i % 2].own,
                                .durability = i % 2 ? ANSHIN_LAZY : ANSHIN_DURABLE,
                                .ended = &ended};
        if (apr_thread_create(&threads[i], NULL, write_on, &writers[i], pool) != APR_SUCCESS) {
            return 1;
        }
    }
    while (getchar() != EOF) {}
    ended = 1;
    for (int i = 0; i < THREADS; i++) {
        apr_status_t status;

        apr_thread_join(&status, threads[i]);
        all[i % 2].done += writers[i].done;
        all[i % 2].unknown += writers[i].unknown;
        all[i % 2].busy += writers[i].busy;
        print(&writers[i], pool);
    }
    for (int i = 0; i < 2; i++) {
        all[i].store = store;
        print(&all[i], pool);
    }
    return 0;
}
