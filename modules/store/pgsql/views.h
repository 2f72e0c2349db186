/*
 * Views with a column a member, for those who report: of the declarations of schema/records.def, in a schema of their
 * own, so that a role may read them and nothing else.
 *
 * SECURITY: nothing of what proves something is in them: no hash, no MAC, no sealed blob, no key of a link or a
 * session, and not what an operator has noted for operators alone.
 */
#ifndef ANSHIN_STORE_PGSQL_VIEWS_H
#define ANSHIN_STORE_PGSQL_VIEWS_H

#include <apr_pools.h>

#define ANSHIN_PG_VIEWS "anshin_report"

/* Statements that make the schema, its functions and its views, each ended by ";\n", which stands nowhere else. */
const char *anshin_pg_views(apr_pool_t *pool);

#endif
