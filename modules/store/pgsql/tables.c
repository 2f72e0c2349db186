/*
 * Tables and statements: see tables.h.
 */
#include "store/pgsql/tables.h"

#include <string.h>

#include <apr_strings.h>

#include "store/pgsql/views.h"

#define TYPES 256
#define FIRST 64 /* numbers below it are those of anshin_pg_common_t */

struct anshin_pg_tables_t {
    anshin_pg_statement_t verbs[TYPES][ANSHIN_PG_VERBS];
};
_Static_assert(FIRST + TYPES * ANSHIN_PG_VERBS <= ANSHIN_PG_STATEMENTS, "each has a number");
_Static_assert((int)ANSHIN_PG_COMMONS <= FIRST, "and no two have one");

#define NEXT "nextval('filed')"
#define FILED_OF(due) "CASE WHEN " due " IS NULL THEN NULL ELSE " NEXT " END"

/* $1 ... are what anshin_pg_verb_t names, in that order; %s is the table. */
static const char *const templates[ANSHIN_PG_VERBS] = {
    [ANSHIN_PG_GET] = "SELECT value FROM \"%s\" WHERE key = $1",
    [ANSHIN_PG_PUT] = "INSERT INTO \"%s\" AS old (key, value) VALUES ($1, $2) "
                      "ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value",
    [ANSHIN_PG_PUT_DUE] = "INSERT INTO \"%s\" AS old (key, value, due, filed) VALUES ($1, $2, $3, " FILED_OF(
        "$3::bigint") ") "
                      "ON CONFLICT (key) DO UPDATE "
                      "SET value = EXCLUDED.value, due = EXCLUDED.due, filed = EXCLUDED.filed",
    [ANSHIN_PG_ERASE] = "DELETE FROM \"%s\" WHERE key = $1",
    [ANSHIN_PG_WALK] = "SELECT key, value FROM \"%s\" WHERE key > $1 AND key >= $2 AND key ^@ $2 "
                       "AND key < $2 || chr(1114111) ORDER BY key LIMIT 500",
    [ANSHIN_PG_FILE] = "UPDATE \"%s\" SET due = $2, filed = " FILED_OF("$2::bigint") " WHERE key = $1",
    [ANSHIN_PG_LIST] = "SELECT key, due, filed, value FROM \"%s\" WHERE due IS NOT NULL ORDER BY due, filed LIMIT $1",
    [ANSHIN_PG_GROUP] = "SELECT key FROM \"%s\" WHERE due IS NOT NULL AND key >= $1 AND key < $3 LIMIT $2",
    [ANSHIN_PG_FILED] = "SELECT due, filed, value FROM \"%s\" WHERE key = $1",
    [ANSHIN_PG_WALK_FILED] = "SELECT key, due, filed FROM \"%s\" WHERE due IS NOT NULL AND key > $1 "
                             "ORDER BY key LIMIT 500"};

/* Of a queue the lane comes first. */
static const char list_lane[] = "SELECT key, due, filed, value FROM \"%s\" "
                                "WHERE split_part(key, '/', 1) = $2 AND due IS NOT NULL ORDER BY due, filed LIMIT $1";

/* For how long the oldest transaction runs, in microseconds, of those that are not, or are, one of our command. What it
 * dumps or checks it reads in one, which takes its time. */
#define OLDEST(not )                                                                                  \
    "(SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)) * 1000000, 0)::bigint " \
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "           \
    "AND " not "(usename = current_user AND application_name = 'anshin htanshin'))"

static const anshin_pg_statement_t commons[ANSHIN_PG_COMMONS] = {
    [ANSHIN_PG_READ] = {-1, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"},
    [ANSHIN_PG_BEGIN] = {-1, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"},
    [ANSHIN_PG_BOUND] = {-1, "SET LOCAL idle_in_transaction_session_timeout = '5s'"},
    [ANSHIN_PG_LAZILY] = {-1, "SET LOCAL synchronous_commit = off"},
    [ANSHIN_PG_COMMIT] = {-1, "COMMIT"},
    [ANSHIN_PG_ROLLBACK] = {-1, "ROLLBACK"},
    [ANSHIN_PG_SNAPSHOT] = {-1, "SELECT 1"},
    [ANSHIN_PG_LOCK] = {ANSHIN_PG_LOCK, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"},
    [ANSHIN_PG_TRY] = {ANSHIN_PG_TRY, "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))"},
    [ANSHIN_PG_TOKEN] = {ANSHIN_PG_TOKEN, "INSERT INTO done (token, at) VALUES ($1, clock_timestamp())"},
    [ANSHIN_PG_SETTLE] = {ANSHIN_PG_SETTLE, "INSERT INTO done (token, undone) VALUES ($1, true) "
                                            "ON CONFLICT (token) DO UPDATE SET at = clock_timestamp() "
                                            "RETURNING (NOT done.undone)::int::bigint"},
    [ANSHIN_PG_SWEEP] = {-1, "DELETE FROM done WHERE at < now() - interval '10 minutes'"},
    [ANSHIN_PG_BLOB_PUT] = {ANSHIN_PG_BLOB_PUT,
                            "INSERT INTO blob (name, data) VALUES ($1, $2) "
                            "ON CONFLICT (name) DO UPDATE SET data = EXCLUDED.data, written_at = now()"},
    [ANSHIN_PG_BLOB_GET] = {ANSHIN_PG_BLOB_GET, "SELECT data FROM blob WHERE name = $1"},
    [ANSHIN_PG_BLOB_WIPE] = {ANSHIN_PG_BLOB_WIPE, "DELETE FROM blob WHERE name = $1"},
    [ANSHIN_PG_BLOB_ANEW] = {ANSHIN_PG_BLOB_ANEW, "UPDATE blob SET data = $2, written_at = now() WHERE name = $1"},
    [ANSHIN_PG_BLOB_WALK] = {ANSHIN_PG_BLOB_WALK,
                             "SELECT name, (extract(epoch FROM written_at) * 1000000)::bigint FROM blob "
                             "WHERE name > $1 ORDER BY name LIMIT 500"},
    [ANSHIN_PG_FACTS] = {-1, "SELECT pg_is_in_recovery()::int::bigint, "
                             "(current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on')"
                             "::int::bigint, "
                             "(current_setting('server_encoding') = 'UTF8')::int::bigint, "
                             "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint, "
                             "(to_regclass('anshin.schema') IS NOT NULL)::int::bigint, "
                             "current_setting('server_version_num')::bigint, "
                             "(current_setting('synchronous_commit') <> 'off')::int::bigint"},
    [ANSHIN_PG_SERVER] =
        {-1, "SELECT current_setting('server_version_num')::bigint / 10000, "
             "count(*) FILTER (WHERE state = 'idle'), "
             "count(*) FILTER (WHERE state <> 'idle' AND wait_event_type IS DISTINCT FROM 'Lock'), "
             "count(*) FILTER (WHERE wait_event_type = 'Lock'), " OLDEST(
                 "NOT ") ", "
                         "(SELECT CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN count(*) ELSE -1 END "
                         "FROM pg_stat_replication), "
                         "(SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')), "
                         "(SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn)), 0)::bigint "
                         "FROM pg_stat_replication), " OLDEST(
                             "") " "
                                 "FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user "
                                 "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"},
    [ANSHIN_PG_VERSION] = {-1, "SELECT version::bigint FROM schema"},
    [ANSHIN_PG_ALONE] = {-1, "SELECT pg_try_advisory_lock(1, 1)"},
    [ANSHIN_PG_PRESENT] = {-1, "SELECT pg_try_advisory_lock_shared(1, 1)"}};

/* The name in place of the one %s. */
static const char *put_name(const char *sql, const char *name, apr_pool_t *pool)
{
    const char *place = strstr(sql, "%s");

    return apr_pstrcat(pool, apr_pstrmemdup(pool, sql, (apr_size_t)(place - sql)), name, place + 2, NULL);
}

anshin_pg_tables_t *anshin_pg_tables_make(apr_pool_t *pool)
{
    anshin_pg_tables_t *tables = apr_pcalloc(pool, sizeof(*tables));

    for (int i = 0; anshin_record_types[i] != NULL; i++) {
        const anshin_record_type_t *type = anshin_record_types[i];

        for (int verb = 0; verb < ANSHIN_PG_VERBS; verb++) {
            const char *sql = verb == ANSHIN_PG_LIST && type->due == ANSHIN_DUE_QUEUE ? list_lane : templates[verb];
            anshin_pg_statement_t *statement = &tables->verbs[type->number][verb];

            statement->number = FIRST + type->number * ANSHIN_PG_VERBS + verb;
            statement->sql = put_name(sql, type->name, pool);
        }
    }
    return tables;
}

const anshin_pg_statement_t *anshin_pg_verb(const anshin_pg_tables_t *tables, const anshin_record_type_t *type,
                                            anshin_pg_verb_t verb)
{
    return &tables->verbs[type->number][verb];
}

const anshin_pg_statement_t *anshin_pg_common(anshin_pg_common_t which)
{
    return &commons[which];
}

/* --- the schema --------------------------------------------------------------------------------------------------- */

static const char head[] =
    "CREATE SCHEMA anshin;\n"
    "CREATE TABLE anshin.schema (version integer NOT NULL);\n"
    "CREATE SEQUENCE anshin.filed;\n"
    "CREATE TABLE anshin.done (token text COLLATE \"C\" PRIMARY KEY, "
    "at timestamptz NOT NULL DEFAULT clock_timestamp(), undone boolean NOT NULL DEFAULT false);\n"
    "CREATE INDEX done_at ON anshin.done (at);\n"
    "CREATE TABLE anshin.blob (name text COLLATE \"C\" PRIMARY KEY, data bytea NOT NULL, "
    "written_at timestamptz NOT NULL DEFAULT now());\n"
    "ALTER TABLE anshin.blob ALTER data SET STORAGE EXTERNAL;\n";

/* What a version has that the one before it had not, but for tables and views. */
static const char *const steps[ANSHIN_PG_SCHEMA + 1] = {
    [2] = "ALTER TABLE anshin.done ADD COLUMN undone boolean NOT NULL DEFAULT false;\n"
          "ALTER TABLE anshin.done ALTER at SET DEFAULT clock_timestamp();\n",
};

/* unless: " IF NOT EXISTS", or nothing. */
static const char *table_of(const anshin_record_type_t *type, const char *unless, apr_pool_t *pool)
{
    const char *name = type->name;

    switch (type->due) {
    case ANSHIN_DUE_NEVER:
        break;
    case ANSHIN_DUE_LOOK:
        return apr_psprintf(pool,
                            "CREATE TABLE%s anshin.\"%s\" (key text COLLATE \"C\" PRIMARY KEY, value bytea NOT NULL, "
                            "due bigint, filed bigint);\n"
                            "CREATE INDEX%s \"%s_due\" ON anshin.\"%s\" (due, filed) WHERE due IS NOT NULL;\n",
                            unless, name, unless, name, name);
    case ANSHIN_DUE_QUEUE:
        return apr_psprintf(pool,
                            "CREATE TABLE%s anshin.\"%s\" (key text COLLATE \"C\" PRIMARY KEY, value bytea NOT NULL, "
                            "due bigint, filed bigint);\n"
                            "CREATE INDEX%s \"%s_due\" ON anshin.\"%s\" (split_part(key, '/', 1), due, filed) "
                            "WHERE due IS NOT NULL;\n",
                            unless, name, unless, name, name);
    }
    return apr_psprintf(pool,
                        "CREATE TABLE%s anshin.\"%s\" (key text COLLATE \"C\" PRIMARY KEY, value bytea NOT NULL);\n",
                        unless, name);
}

static const char *tables_of(const char *unless, apr_pool_t *pool)
{
    const char *text = "";

    for (int i = 0; anshin_record_types[i] != NULL; i++) {
        text = apr_pstrcat(pool, text, table_of(anshin_record_types[i], unless, pool), NULL);
    }
    return text;
}

const char *anshin_pg_schema(apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s%s%sINSERT INTO anshin.schema VALUES (%d);\n", head, tables_of("", pool),
                        anshin_pg_views(pool), ANSHIN_PG_SCHEMA);
}

const char *anshin_pg_migration(apr_int64_t from, apr_pool_t *pool)
{
    const char *text = "";

    if (from < 1 || from >= ANSHIN_PG_SCHEMA) {
        return NULL;
    }
    for (apr_int64_t to = from + 1; to <= ANSHIN_PG_SCHEMA; to++) {
        text = apr_pstrcat(pool, text, steps[to], NULL);
    }
    return apr_psprintf(pool,
                        "%s%sDROP SCHEMA IF EXISTS anshin_report CASCADE;\n%s"
                        "UPDATE anshin.schema SET version = %d;\n",
                        text, tables_of(" IF NOT EXISTS", pool), anshin_pg_views(pool), ANSHIN_PG_SCHEMA);
}
