/*
 * schema: the tables of a store in PostgreSQL, as schema/postgresql/001_store.sql has them (t/cluster/store.t).
 * schema settle: the statements that write a token, and that ask for it.
 */
#include <stdio.h>

#include <apr_general.h>

#include "store/pgsql/tables.h"

int main(int argc, char **argv)
{
    apr_pool_t *pool;

    (void)argv;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (argc > 1) {
        printf("PREPARE token AS %s;\nPREPARE settle AS %s;\n", anshin_pg_common(ANSHIN_PG_TOKEN)->sql,
               anshin_pg_common(ANSHIN_PG_SETTLE)->sql);
        return 0;
    }
    printf(
        "-- The tables of a store in PostgreSQL 13 or later: made of records.def by apxs-build/out/tools/schema, and by\n"
        "-- `htanshin store init`.\n%s",
        anshin_pg_schema(pool));
    apr_terminate();
    return 0;
}
