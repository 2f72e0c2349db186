/*
 * The store in PostgreSQL 13 or later, by libpq: for several machines, which work on one store.
 *
 * A shared object of its own, so that nobody needs libpq who has no such store. Address: a connection string
 * (PostgreSQL documentation, 34.1.1), best a service of pg_service.conf; in a second line the name of the file that
 * holds the password, where there is one (password.h); in a third one how many connections a process has at most, 8
 * where it is not there. The database has the tables of anshin_pg_schema(), in a schema `anshin`.
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

/* ANSHIN_BUILD_ID of the object; looked up by this name ahead of all else. */
#define ANSHIN_STORE_PGSQL_BUILD "anshin_store_pgsql_build"
__attribute__((visibility("default"))) extern const char anshin_store_pgsql_build[];

/* Make the tables in a database that has none; looked up by the name anshin_store_pgsql_init. ANSHIN_ECONFLICT: there
 * are some; ANSHIN_EFAULT. */
typedef apr_status_t anshin_store_pgsql_init_fn(const char *where, anshin_error_t *err, apr_pool_t *pool);
__attribute__((visibility("default"))) anshin_store_pgsql_init_fn anshin_store_pgsql_init;

/* Bring tables of an earlier version up to this one, all of it or nothing, while nobody else has the store open; looked
 * up by the name anshin_store_pgsql_migrate. *from: the version that they had; 0: they are of this one. ANSHIN_EBUSY:
 * others have it open; ANSHIN_EFAULT: also where they are of a later version, or there are none. */
typedef apr_status_t anshin_store_pgsql_migrate_fn(const char *where, apr_int64_t *from, anshin_error_t *err,
                                                   apr_pool_t *pool);
__attribute__((visibility("default"))) anshin_store_pgsql_migrate_fn anshin_store_pgsql_migrate;

#endif
