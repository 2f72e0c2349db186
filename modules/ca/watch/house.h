/*
 * What the log is told of the house while the worker keeps it: trouble of the store, of the seal key, of the disk and
 * of the clock, once each, and once when it is over.
 */
#ifndef ANSHIN_CA_WATCH_HOUSE_H
#define ANSHIN_CA_WATCH_HOUSE_H

#include "core/context/agreed.h"

typedef struct anshin_house_told_t {
    char trouble[200]; /* of the store, as the log was told; "": none */
    char detour[200];  /* the same, of what it could get around */
    char keys[200];    /* the same, of the files of the seal key */
    int full;          /* the log was told that there is hardly any space left */
    int doubted;       /* the log was told that the clock is doubted */
} anshin_house_told_t;

/* Checkpoints of the store. */
void anshin_house_store(const anshin_store_t *store, anshin_house_told_t *told, apr_pool_t *pool);

/* The files of the seal key. */
void anshin_house_keys(const anshin_crypto_t *crypto, anshin_house_told_t *told, apr_pool_t *pool);

/* The space that is left on the file system of the state directory (B53). */
void anshin_house_space(const char *state_dir, anshin_house_told_t *told);

/* The clock, as who keeps house has agreed on it (core/context/agreed.h). */
void anshin_house_clock(const anshin_agreed_t *agreed, anshin_house_told_t *told, apr_pool_t *pool);

#endif
