/*
 * The providers of the store, for programs that hold each of them against the contract of core/store/store.h. A new
 * provider is one row of providers.c.
 */
#ifndef ANSHIN_UNIT_PROVIDERS_H
#define ANSHIN_UNIT_PROVIDERS_H

#include "core/store/store_provider.h"

typedef struct provider_t {
    const char *name;                    /* NULL: the end of the table */
    const anshin_store_driver_t *driver; /* NULL: it lies in a shared object, and its store in a server */
    const char *options;                 /* behind a directory of its own */
    const char *lock;                    /* the file in it whose lock makes writers wait; NULL: none */
    apr_off_t lock_byte;
    int lock_elsewhere; /* another row has the case of the lock, which takes its time */
} provider_t;

extern const provider_t providers[];

/* The driver. Of one with a server: NULL, unless ANSHIN_UNIT_SERVER names the provider, whose server libpq's own variables
 * name; of the others NULL then, which are looked at elsewhere. */
const anshin_store_driver_t *provider_driver(const provider_t *provider);

/* Where a new store of a provider can be opened; gone with pool, or with the server. */
const char *provider_place(const provider_t *provider, apr_pool_t *pool);

#endif
