/*
 * schema: the tables of a store in PostgreSQL, as schema/postgresql/001_store.sql has them (t/cluster/store.t).
 */
#include <stdio.h>

#include <apr_general.h>

#include "store/pgsql/tables.h"

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    printf(
        "-- The tables of a store in PostgreSQL 13 or later: made of records.def by apxs-build/out/tools/schema, and by\n"
        "-- `htanshin store init`.\n%s",
        anshin_pg_schema(pool));
    apr_terminate();
    return 0;
}
