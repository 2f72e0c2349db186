/*
 * A store of a provider that is open, for programs that hold each provider against the contract of core/store/store.h.
 */
#ifndef ANSHIN_UNIT_OPENED_H
#define ANSHIN_UNIT_OPENED_H

#include "core/store/store.h"
#include "unit/providers.h"

typedef struct opened_t {
    const provider_t *provider;
    const anshin_store_driver_t *driver;
    const char *name;  /* of the provider */
    const char *place; /* where it is */
    anshin_store_t *store;
    apr_pool_t *pool; /* of the cases, which may clear it */
    anshin_error_t err;
} opened_t;

/* Run the cases on a new store of each provider. */
void opened_run(void (*cases)(opened_t *f));

/* What does not work here ends the program, but where a status is the answer. */
anshin_txn_t *opened_begin(opened_t *f, anshin_txn_mode_t mode, apr_pool_t *pool);

apr_status_t fact_put(anshin_txn_t *txn, const char *key, const char *value);
void fact_store(opened_t *f, const char *key, const char *value, anshin_durability_t durability);

/* The value of a fact, "-" when there is none, "!" after a failure. */
const char *fact_in(anshin_txn_t *txn, const char *key);
const char *fact_of(opened_t *f, const char *key); /* as it is committed */

#endif
