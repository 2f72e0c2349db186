/*
 * The providers of the store, for programs that hold each of them against the contract of core/store/store.h. A new
 * provider is one row of providers.c.
 */
#ifndef ANSHIN_UNIT_PROVIDERS_H
#define ANSHIN_UNIT_PROVIDERS_H

#include "core/store/store_provider.h"

typedef struct provider_t {
    const char *name; /* NULL: the end of the table */
    const anshin_store_driver_t *driver;
    const char *options; /* behind a directory of its own */
    const char *lock;    /* the file in it whose lock makes writers wait; NULL: none */
    apr_off_t lock_byte;
    int lock_elsewhere; /* another row has the case of the lock, which takes its time */
} provider_t;

extern const provider_t providers[];

/* Where a new store of a provider can be opened; gone with pool. */
const char *provider_place(const provider_t *provider, apr_pool_t *pool);

#endif
