/*
 * A store of a provider that is open: see opened.h.
 */
#include "unit/opened.h"

#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>

static void give_up(const opened_t *f, const char *what)
{
    printf("# %s: %s: %s %s\n", f->name, what, f->err.id, f->err.text);
    exit(1);
}

anshin_txn_t *opened_begin(opened_t *f, anshin_txn_mode_t mode, apr_pool_t *pool)
{
    anshin_txn_t *txn = NULL;

    anshin_error_clear(&f->err);
    if (anshin_txn_begin(&txn, f->store, mode, &f->err, pool) != APR_SUCCESS) {
        give_up(f, "begin");
    }
    return txn;
}

apr_status_t fact_put(anshin_txn_t *txn, const char *key, const char *value)
{
    anshin_fact_t fact = {.value = value, .at = 1};

    return anshin_txn_put(txn, &anshin_record_fact, key, &fact);
}

void fact_store(opened_t *f, const char *key, const char *value, anshin_durability_t durability)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);

    if (anshin_txn_end(txn, fact_put(txn, key, value), durability) != APR_SUCCESS) {
        give_up(f, "put");
    }
}

const char *fact_in(anshin_txn_t *txn, const char *key)
{
    anshin_fact_t fact;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_fact, key, &fact);

    if (status == ANSHIN_ENOTFOUND) {
        return "-";
    }
    return status == APR_SUCCESS ? fact.value : "!";
}

const char *fact_of(opened_t *f, const char *key)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_READ, f->pool);
    const char *value = fact_in(txn, key);

    anshin_txn_abort(txn);
    return value;
}

static void run_on(const provider_t *provider, void (*cases)(opened_t *f), apr_pool_t *parent)
{
    const anshin_store_driver_t *driver = provider_driver(provider);
    opened_t f = {.provider = provider, .driver = driver, .name = provider->name};
    apr_pool_t *pool;

    if (driver == NULL) {
        return;
    }
    f.place = provider_place(provider, parent);

    apr_pool_create(&pool, parent);
    apr_pool_create(&f.pool, pool);
    if (anshin_store_open(&f.store, driver, f.place, &f.err, pool) != APR_SUCCESS) {
        give_up(&f, "open");
    }
    cases(&f);
    apr_pool_destroy(pool);
}

void opened_run(void (*cases)(opened_t *f))
{
    apr_pool_t *pool;

    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    for (int i = 0; providers[i].name != NULL; i++) {
        run_on(&providers[i], cases, pool);
    }
}
