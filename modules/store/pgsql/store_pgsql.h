/*
 * The store in PostgreSQL 13 or later, by libpq: for several machines, which work on one store.
 *
 * A shared object of its own, so that nobody needs libpq who has no such store. Address: a connection string
 * (PostgreSQL documentation, 34.1.1), best a service of pg_service.conf; the database has the tables of
 * anshin_pg_schema(), in a schema `anshin`. Nothing of a password stands in it: libpq reads that from a passfile.
 *
 * Commits are numbered by nobody: anshin_store_version() cannot tell, and whoever remembers reads again.
 *
 * SECURITY (S24). What was wiped stays in dead rows, in the write-ahead log, in replicas and backups of the database
 * until these go. It is sealed, by a key that is never there.
 */
#ifndef ANSHIN_STORE_PGSQL_STORE_PGSQL_H
#define ANSHIN_STORE_PGSQL_STORE_PGSQL_H

#include "core/store/store_provider.h"

/* By this name it is looked up in the shared object. */
#define ANSHIN_STORE_PGSQL_SYMBOL "anshin_store_pgsql"
__attribute__((visibility("default"))) extern const anshin_store_driver_t anshin_store_pgsql;

/* Make the tables in a database that has none; looked up by the name anshin_store_pgsql_init. ANSHIN_ECONFLICT: there
 * are some; ANSHIN_EFAULT. */
typedef apr_status_t anshin_store_pgsql_init_fn(const char *where, anshin_error_t *err, apr_pool_t *pool);
__attribute__((visibility("default"))) anshin_store_pgsql_init_fn anshin_store_pgsql_init;

#endif
