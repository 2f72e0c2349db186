/*
 * What a store in PostgreSQL is. For the files of this folder.
 */
#ifndef ANSHIN_STORE_PGSQL_PGSQL_STORE_H
#define ANSHIN_STORE_PGSQL_PGSQL_STORE_H

#include <pthread.h>

#include "store/pgsql/pool.h"
#include "store/pgsql/tables.h"

#define ANSHIN_PG_ROOMS 256

typedef struct anshin_pg_store_t {
    apr_pool_t *pool;
    int opened; /* its server was looked at */
    anshin_pg_pool_t *connections;
    anshin_pg_tables_t *tables;
    const char *where;
    anshin_pg_t *alone;   /* holds the lock that nobody else has the store open behind; NULL: others may */
    apr_uint64_t commits; /* atomic; how many this process has made */
    pthread_mutex_t lazy;    /* over the three below */
    apr_time_t lazy_at;      /* uptime of the first lazy commit that is not known to be durable; 0: there is none */
    apr_uint64_t lazy_count; /* of those that were sent */
    int lazy_open;           /* of those, how many have no answer yet */
    /* One thread of a process waits at a user's lock: a crowd of guesses at one account cannot take all connections. */
    pthread_mutex_t rooms[ANSHIN_PG_ROOMS];
} anshin_pg_store_t;

#endif
