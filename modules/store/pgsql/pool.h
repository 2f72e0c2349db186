/*
 * The connections of a process to PostgreSQL, opened when they are wanted.
 *
 * A thread has one at most, and only inside a transaction: with two of each, threads would wait for each other.
 */
#ifndef ANSHIN_STORE_PGSQL_POOL_H
#define ANSHIN_STORE_PGSQL_POOL_H

#include "store/pgsql/connection.h"

typedef struct anshin_pg_pool_t anshin_pg_pool_t;

/* What is asked of a connection that was just made; another answer than APR_SUCCESS closes it. */
typedef apr_status_t anshin_pg_greet_fn(void *baton, anshin_pg_t *pg, anshin_error_t *err);

/* At most size connections. pool's cleanup closes them. */
void anshin_pg_pool_make(anshin_pg_pool_t **connections, const char *where, int size, anshin_pg_greet_fn *greet,
                         void *baton, apr_pool_t *pool);

/* Close those that nobody has taken. */
void anshin_pg_pool_clear(anshin_pg_pool_t *connections);

/* Take one, to be given back. ANSHIN_EBUSY: none came free in time; ANSHIN_EFAULT: none can be had. For a second after
 * a connection was in vain that is the answer at once, and then to all but the one who tries; but where others have
 * some that will come back, one of these is waited for. */
apr_status_t anshin_pg_pool_take(anshin_pg_t **pg, anshin_pg_pool_t *connections, anshin_error_t *err);

/* Give it back; one that is lost is closed. NULL: nothing happens. */
void anshin_pg_pool_give(anshin_pg_pool_t *connections, anshin_pg_t *pg);

/* In place of one that was lost (NULL: of one that was given up), another one that is new: since when one has gone,
 * others that waited have, too. The answers of anshin_pg_pool_take(); *pg is NULL then. */
apr_status_t anshin_pg_pool_renew(anshin_pg_t **pg, anshin_pg_pool_t *connections, anshin_error_t *err);

#endif
