/*
 * What every process of ours has once, opened as the configuration says: keys and store.
 */
#ifndef ANSHIN_RUNTIME_OPEN_H
#define ANSHIN_RUNTIME_OPEN_H

#include "core/context/op.h"

/* What a process computes hashes with. */
typedef struct anshin_hashing_t {
    int none; /* 1: it computes none, and needs no right to the slots */
    int line; /* threads of it that may wait for a slot at once; 0: any number */
} anshin_hashing_t;

/* Open the store of a configuration: the one place that knows which provider it is. After fork; pool's cleanup closes
 * it. Answers of anshin_store_open(); ANSHIN_EBUSY also, here and below: a backup was restored meanwhile, and what was
 * opened is not STATE any more. */
apr_status_t anshin_open_store(anshin_store_t **store, const anshin_server_t *server, anshin_error_t *err,
                               apr_pool_t *pool);

/* What it is, for people: "dbm, files of type db". */
const char *anshin_open_store_type(const anshin_server_t *server);

/* 1: its files lie below the state directory; 0: in a server. */
int anshin_open_store_is_local(const anshin_server_t *server);

/* The name of this machine among those that share the store; NULL: it is below the state directory, and nobody does. */
const char *anshin_open_node(const anshin_server_t *server, apr_pool_t *pool);

/* Make the tables of a store in a server. ANSHIN_ECONFLICT (no error recorded): there are some, or the store needs
 * none; ANSHIN_EFAULT. */
apr_status_t anshin_open_store_init(const anshin_server_t *server, anshin_error_t *err, apr_pool_t *pool);

/* Bring the tables of such a store up to this version; *from: the version that they had, 0: this one. ANSHIN_ECONFLICT
 * (no error recorded): the store has none; ANSHIN_EBUSY: others have it open; ANSHIN_EFAULT: also where they are of a
 * later version, or there are none. */
apr_status_t anshin_open_store_migrate(const anshin_server_t *server, apr_int64_t *from, anshin_error_t *err,
                                       apr_pool_t *pool);

/* Open keys and store for env, which gets config and the clock of the day as well. After fork, as the user that the
 * process stays. Answers of anshin_crypto_open() and anshin_store_open(); ANSHIN_EFAULT also: a load of the store was
 * broken off (core/admin/load.h). */
apr_status_t anshin_open(anshin_env_t *env, const anshin_config_t *config, const anshin_hashing_t *hashing,
                         anshin_error_t *err, apr_pool_t *pool);

/* The same for who loads it. */
apr_status_t anshin_open_to_load(anshin_env_t *env, const anshin_config_t *config, const anshin_hashing_t *hashing,
                                 anshin_error_t *err, apr_pool_t *pool);

#endif
