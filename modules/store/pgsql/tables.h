/*
 * The tables of a store in PostgreSQL, and the statements on them, of the declarations of schema/records.def: a table a
 * type, all of the same columns, `key` and `value` as encoded (core/store/record.h), and of a type that is due at times
 * `due` and the number `filed` that its place among those of one time has.
 */
#ifndef ANSHIN_STORE_PGSQL_TABLES_H
#define ANSHIN_STORE_PGSQL_TABLES_H

#include "core/store/store_types.h"
#include "store/pgsql/connection.h"

#define ANSHIN_PG_SCHEMA 2 /* the version of the tables */

/* Of a type. Columns of an answer: as they are named here. */
typedef enum anshin_pg_verb_t {
    ANSHIN_PG_GET,       /* key -> value */
    ANSHIN_PG_PUT,       /* key, value */
    ANSHIN_PG_PUT_DUE,   /* key, value, due */
    ANSHIN_PG_ERASE,     /* key */
    ANSHIN_PG_WALK,      /* behind this key, prefix -> key, value: ANSHIN_PG_BATCH */
    ANSHIN_PG_FILE,      /* key, due */
    ANSHIN_PG_LIST,      /* lane, how many -> key, due, filed, value: the first ones */
    ANSHIN_PG_GROUP,     /* from, how many, below -> key, of those that are due at some time */
    ANSHIN_PG_FILED,     /* key -> due, filed, value */
    ANSHIN_PG_WALK_FILED /* behind this key -> key, due, filed: ANSHIN_PG_BATCH */
} anshin_pg_verb_t;
#define ANSHIN_PG_VERBS 10
#define ANSHIN_PG_BATCH 500

/* Of the store. */
typedef enum anshin_pg_common_t {
    ANSHIN_PG_READ,   /* begin to read in one snapshot */
    ANSHIN_PG_BEGIN,  /* begin to write */
    ANSHIN_PG_BOUND,  /* who is stopped inside this transaction keeps its locks for seconds, not for ever */
    ANSHIN_PG_LAZILY, /* of this transaction */
    ANSHIN_PG_COMMIT,
    ANSHIN_PG_ROLLBACK,
    ANSHIN_PG_SNAPSHOT, /* takes it */
    ANSHIN_PG_LOCK,     /* owner */
    ANSHIN_PG_TRY,      /* owner -> 1: locked, octet */
    ANSHIN_PG_TOKEN,    /* token */
    ANSHIN_PG_SETTLE,   /* token -> 1: it was there already; the commit of this waits for a standby behind that one's */
    ANSHIN_PG_SWEEP,    /* tokens of long ago */
    ANSHIN_PG_BLOB_PUT, /* name, data */
    ANSHIN_PG_BLOB_GET, /* name -> data */
    ANSHIN_PG_BLOB_WIPE, /* name */
    ANSHIN_PG_BLOB_ANEW, /* name, data; of one that is there */
    ANSHIN_PG_BLOB_WALK, /* behind this name -> name, microseconds since 1970: ANSHIN_PG_BATCH */
    /* -> of the server: is a standby, waits for its disk, is UTF8, time, has tables, version, commits wait */
    ANSHIN_PG_FACTS,
    ANSHIN_PG_SERVER,  /* what anshin_store_server_t has, in its order */
    ANSHIN_PG_VERSION, /* -> of the tables */
    ANSHIN_PG_ALONE,   /* -> 1: nobody else has the store open, octet */
    ANSHIN_PG_PRESENT, /* -> 1: nobody has it alone */
    ANSHIN_PG_COMMONS
} anshin_pg_common_t;

typedef struct anshin_pg_tables_t anshin_pg_tables_t;

/* The statements of all types, in pool. */
anshin_pg_tables_t *anshin_pg_tables_make(apr_pool_t *pool);

/* One of them, which lives as long. */
const anshin_pg_statement_t *anshin_pg_verb(const anshin_pg_tables_t *tables, const anshin_record_type_t *type,
                                            anshin_pg_verb_t verb);

/* One that is of no type, which lives for ever. */
const anshin_pg_statement_t *anshin_pg_common(anshin_pg_common_t which);

/* The statements that make all tables in a database that has none, with ';' behind each. */
const char *anshin_pg_schema(apr_pool_t *pool);

/* The same that bring tables of a version, 1 to ANSHIN_PG_SCHEMA - 1, up to this one: what has no table gets one, what
 * else is new is done, and the views are made anew. NULL: there is no such version. */
const char *anshin_pg_migration(apr_int64_t from, apr_pool_t *pool);

#endif
