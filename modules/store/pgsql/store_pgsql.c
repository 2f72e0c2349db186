/*
 * The driver of PostgreSQL: see store_pgsql.h.
 */
#include "store/pgsql/store_pgsql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "build_id.h"
#include "core/base/waiting.h"
#include "store/pgsql/pgsql_commit.h"
#include "store/pgsql/pgsql_due.h"
#include "store/pgsql/pgsql_txn.h"

#define CONNECTIONS 8
#define SCRUB apr_time_from_sec(3600)
#define ALONE_WAIT apr_time_from_sec(3)
#define ALONE_STEP 50000
#define CLOCK_MOST apr_time_from_sec(2)
#define VERSION_LEAST 130000

/* --- opening ------------------------------------------------------------------------------------------------------ */

static apr_status_t refuse(anshin_error_t *err, const char *text)
{
    return anshin_fail(err, ANSHIN_EFAULT, "AN1769", "store: PostgreSQL %s", text);
}

/* What a store needs of its server. A clock that goes wrong later is no reason to end what works. */
static apr_status_t judge(const PGresult *facts, int opened, anshin_error_t *err)
{
    apr_time_t clock = anshin_pg_number(facts, 0, 3) - apr_time_now();

    if (anshin_pg_number(facts, 0, 0)) {
        return refuse(err, "is a standby, on which nothing can be written; name the primary, "
                           "or several hosts and target_session_attrs=read-write");
    }
    if (anshin_pg_number(facts, 0, 5) < VERSION_LEAST) {
        return refuse(err, "is older than version 13");
    }
    if (!anshin_pg_number(facts, 0, 1)) {
        return refuse(err, "runs with fsync or full_page_writes off, and would lose what it has acknowledged; "
                           "set both to on");
    }
    if (!anshin_pg_number(facts, 0, 6)) {
        return refuse(err, "has synchronous_commit off for us, and would lose what it has acknowledged; set it to on "
                           "for this role and database");
    }
    if (!anshin_pg_number(facts, 0, 2)) {
        return refuse(err, "has a database that is not UTF8; make one with ENCODING 'UTF8'");
    }
    if (!opened && (clock > CLOCK_MOST || clock < -CLOCK_MOST)) {
        return refuse(err, "has a clock that is more than two seconds off this machine's; let both follow NTP");
    }
    if (!anshin_pg_number(facts, 0, 4)) {
        return refuse(err, "has no tables of ours; htanshin store init makes them");
    }
    return APR_SUCCESS;
}

static apr_status_t read_version(anshin_pg_t *pg, apr_int64_t *version, anshin_error_t *err)
{
    const anshin_pg_step_t step = {.statement = anshin_pg_common(ANSHIN_PG_VERSION)};
    PGresult *result;
    apr_status_t status = anshin_pg_run(pg, &step, 1, &result, err);

    *version = status == APR_SUCCESS && PQntuples(result) == 1 ? anshin_pg_number(result, 0, 0) : 0;
    PQclear(result);
    return status;
}

static apr_status_t judge_version(anshin_pg_t *pg, anshin_error_t *err)
{
    apr_int64_t version;
    apr_status_t status = read_version(pg, &version, err);

    if (status == APR_SUCCESS && version != ANSHIN_PG_SCHEMA) {
        return refuse(err, version > ANSHIN_PG_SCHEMA
                               ? "has tables of a later version; update this machine first"
                               : "has tables of an earlier version; stop httpd and the CA worker on every machine, "
                                 "then htanshin store migrate");
    }
    return status;
}

/* Each connection says by a lock that somebody has the store open. */
static apr_status_t greet(void *baton, anshin_pg_t *pg, anshin_error_t *err)
{
    const anshin_pg_store_t *store = baton;
    const anshin_pg_step_t steps[] = {{.statement = anshin_pg_common(ANSHIN_PG_PRESENT)},
                                      {.statement = anshin_pg_common(ANSHIN_PG_FACTS)}};
    PGresult *results[2];
    apr_status_t status = anshin_pg_run(pg, steps, 2, results, err);

    if (status == APR_SUCCESS && store->alone == NULL && *PQgetvalue(results[0], 0, 0) == 0) {
        status = anshin_fail(err, ANSHIN_EBUSY, "AN1800", "store: a command has it for itself; try again");
    }
    if (status == APR_SUCCESS) {
        status = judge(results[1], store->opened, err);
    }
    status = status == APR_SUCCESS ? judge_version(pg, err) : status;
    PQclear(results[0]);
    PQclear(results[1]);
    return status;
}

/* The third line of its address. */
static int size_of(const char *where)
{
    const char *file = strchr(where, '\n');
    const char *size = file != NULL ? strchr(file + 1, '\n') : NULL;
    const int asked = size != NULL ? (int)strtol(size + 1, NULL, 10) : CONNECTIONS;

    return asked > 1 ? asked : CONNECTIONS;
}

static apr_status_t pgsql_open(void **self, const char *where, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_pg_store_t *store = apr_pcalloc(pool, sizeof(*store));
    anshin_pg_t *pg;
    apr_status_t status;

    store->pool = pool;
    store->where = apr_pstrdup(pool, where);
    store->tables = anshin_pg_tables_make(pool);
    (void)pthread_mutex_init(&store->lazy, NULL);
    for (int i = 0; i < ANSHIN_PG_ROOMS; i++) {
        (void)pthread_mutex_init(&store->rooms[i], NULL);
    }
    anshin_pg_pool_make(&store->connections, where, size_of(where), greet, store, pool);
    /* One that is there now: what cannot work says so at the start. */
    status = anshin_pg_pool_take(&pg, store->connections, err);
    if (status == APR_SUCCESS) {
        anshin_pg_pool_give(store->connections, pg);
        store->opened = 1;
    }
    *self = store;
    return status;
}

/* --- outside of transactions -------------------------------------------------------------------------------------- */

/* A connection that was lost tells that the one of the lock may be, too: asked before each run. */
static apr_status_t run_if_alone(const anshin_pg_store_t *store, anshin_pg_t *pg, const anshin_pg_step_t *step,
                                 PGresult **result, anshin_error_t *err)
{
    apr_status_t status = anshin_pg_alone_check(store, err);

    return status == APR_SUCCESS ? anshin_pg_run(pg, step, 1, result, err) : status;
}

static apr_status_t run_alone(anshin_pg_store_t *store, const anshin_pg_step_t *step, PGresult **result,
                              anshin_error_t *err)
{
    anshin_pg_t *pg;
    anshin_error_t first = {0};
    apr_status_t status = anshin_pg_pool_take(&pg, store->connections, err);

    *result = NULL;
    if (status != APR_SUCCESS) {
        return status;
    }
    status = run_if_alone(store, pg, step, result, &first);
    if (status != APR_SUCCESS && anshin_pg_lost(pg)) {
        PQclear(*result);
        *result = NULL;
        status = anshin_pg_pool_renew(&pg, store->connections, err);
        status = status == APR_SUCCESS ? run_if_alone(store, pg, step, result, err) : status;
    } else if (status != APR_SUCCESS) {
        status = anshin_fail(err, status, first.id, "%s", first.text);
    }
    if (status == APR_SUCCESS && anshin_pg_warned(pg)) {
        status =
            anshin_fail(err, ANSHIN_EFAULT, "AN1932", "store: PostgreSQL warned: what was written may be lost with it");
    }
    anshin_pg_pool_give(store->connections, pg);
    return status;
}

/* A server that cannot be asked is told of by whoever reads next. */
static void pgsql_health(void *self, anshin_store_health_t *health, apr_pool_t *pool)
{
    const anshin_pg_step_t step = {.statement = anshin_pg_common(ANSHIN_PG_SERVER)};
    anshin_store_server_t *server = &health->server;
    anshin_error_t ignored = {0};
    PGresult *result;

    (void)pool;
    if (run_alone(self, &step, &result, &ignored) == APR_SUCCESS) {
        server->version = (int)anshin_pg_number(result, 0, 0);
        server->idle = (int)anshin_pg_number(result, 0, 1);
        server->active = (int)anshin_pg_number(result, 0, 2);
        server->waiting = (int)anshin_pg_number(result, 0, 3);
        server->oldest = anshin_pg_number(result, 0, 4);
        server->standbys = (int)anshin_pg_number(result, 0, 5);
        server->synchronous = (int)anshin_pg_number(result, 0, 6);
        server->lag = anshin_pg_number(result, 0, 7);
        server->command = anshin_pg_number(result, 0, 8);
    }
    PQclear(result);
}

static apr_status_t pgsql_blob_wipe(void *self, const char *name, anshin_error_t *err)
{
    const anshin_pg_step_t step = {anshin_pg_common(ANSHIN_PG_BLOB_WIPE), 1, {{name, -1}}};
    PGresult *result;
    apr_status_t status = run_alone(self, &step, &result, err);

    PQclear(result);
    return status;
}

static apr_status_t pgsql_blob_replace(void *self, const char *name, const void *data, apr_size_t length,
                                       anshin_error_t *err)
{
    const anshin_pg_step_t step = {
        anshin_pg_common(ANSHIN_PG_BLOB_ANEW), 2, {{name, -1}, {length > 0 ? data : "", (int)length}}};
    PGresult *result;
    apr_status_t status = run_alone(self, &step, &result, err);

    if (status == APR_SUCCESS && strcmp(PQcmdTuples(result), "1") != 0) {
        status = ANSHIN_ENOTFOUND;
    }
    PQclear(result);
    return status;
}

static apr_status_t pgsql_blob_each(void *self, anshin_blob_visit_fn *visit, void *baton, anshin_error_t *err,
                                    apr_pool_t *pool)
{
    const char *last = "";
    apr_status_t status = APR_SUCCESS;
    int rows = ANSHIN_PG_BATCH;

    while (status == APR_SUCCESS && rows == ANSHIN_PG_BATCH) {
        const anshin_pg_step_t step = {anshin_pg_common(ANSHIN_PG_BLOB_WALK), 1, {{last, -1}}};
        PGresult *result;

        status = run_alone(self, &step, &result, err);
        rows = status == APR_SUCCESS ? PQntuples(result) : 0;
        for (int i = 0; i < rows && status == APR_SUCCESS; i++) {
            last = apr_pstrdup(pool, PQgetvalue(result, i, 0));
            status = visit(baton, last, anshin_pg_number(result, i, 1));
        }
        PQclear(result);
    }
    return status;
}

static apr_status_t close_alone(void *data)
{
    anshin_pg_close(((anshin_pg_store_t *)data)->alone);
    return APR_SUCCESS;
}

/* Those of processes that have just ended are there for a moment longer. */
static apr_status_t lock_alone(anshin_pg_t *pg, anshin_error_t *err)
{
    const anshin_pg_step_t step = {.statement = anshin_pg_common(ANSHIN_PG_ALONE)};
    const apr_time_t deadline = anshin_uptime_now() + ALONE_WAIT;

    for (;;) {
        PGresult *result = NULL;
        apr_status_t status = anshin_pg_run(pg, &step, 1, &result, err);
        int locked = status == APR_SUCCESS && *PQgetvalue(result, 0, 0) != 0;

        PQclear(result);
        if (status != APR_SUCCESS || locked) {
            return status;
        }
        if (anshin_uptime_now() >= deadline) {
            return anshin_fail(err, ANSHIN_EBUSY, "AN1799",
                               "store: others have it open; stop httpd and the CA worker on every machine first");
        }
        apr_sleep(ALONE_STEP);
    }
}

/* By a lock of a connection of its own, which those of all others exclude. */
static apr_status_t pgsql_alone(void *self, anshin_error_t *err)
{
    anshin_pg_store_t *store = self;
    anshin_pg_t *pg;
    apr_status_t status = anshin_pg_connect(&pg, store->where, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_pg_pool_clear(store->connections);
    status = lock_alone(pg, err);
    if (status != APR_SUCCESS) {
        anshin_pg_close(pg);
        return status;
    }
    store->alone = pg;
    apr_pool_cleanup_register(store->pool, store, close_alone, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

static apr_status_t vacuum(anshin_pg_t *pg, const char *sql, anshin_error_t *err)
{
    const anshin_pg_statement_t statement = {-1, sql};
    const anshin_pg_step_t step = {.statement = &statement};

    return anshin_pg_run(pg, &step, 1, NULL, err);
}

/* Who has the store alone makes the tables anew, without what was deleted, which would stop all others. Else dead rows
 * give their place up, and what they held is overwritten when others need it (the guide says so). On a connection of
 * its own: it takes its time. */
static apr_status_t pgsql_scrub(void *self, anshin_error_t *err)
{
    const anshin_pg_store_t *store = self;
    anshin_pg_t *pg;
    apr_status_t status = anshin_pg_connect(&pg, store->where, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_pg_wait(pg, SCRUB);
    status = vacuum(pg, store->alone != NULL ? "VACUUM FULL blob" : "VACUUM", err);
    for (int i = 0; store->alone != NULL && anshin_record_types[i] != NULL && status == APR_SUCCESS; i++) {
        char sql[64];

        (void)snprintf(sql, sizeof(sql), "VACUUM FULL \"%s\"", anshin_record_types[i]->name);
        status = vacuum(pg, sql, err);
    }
    anshin_pg_close(pg);
    return status;
}

const char anshin_store_pgsql_build[] = ANSHIN_BUILD_ID;

const anshin_store_driver_t anshin_store_pgsql = {
    .name = "pgsql",
    .open = pgsql_open,
    .trouble = pgsql_health,
    .begin = anshin_pg_txn_begin,
    .get = anshin_pg_txn_get,
    .put = anshin_pg_txn_put,
    .erase = anshin_pg_txn_erase,
    .each = anshin_pg_txn_each,
    .moves = anshin_pg_txn_moves,
    .due = anshin_pg_due_file,
    .take_due = anshin_pg_due_take,
    .list_due = anshin_pg_due_list,
    .count_due = anshin_pg_due_count,
    .each_due = anshin_pg_due_each,
    .commit = anshin_pg_txn_commit,
    .abort = anshin_pg_txn_abort,
    .blob_put = anshin_pg_txn_blob_put,
    .blob_get = anshin_pg_txn_blob_get,
    .blob_wipe = pgsql_blob_wipe,
    .blob_replace = pgsql_blob_replace,
    .blob_each = pgsql_blob_each,
    .alone = pgsql_alone,
    .scrub = pgsql_scrub,
};

/* --- making the tables -------------------------------------------------------------------------------------------- */

/* A pipeline without a COMMIT of its own is one transaction: all of it, or nothing. */
static apr_status_t run_script(anshin_pg_t *pg, const char *text, anshin_error_t *err, apr_pool_t *pool)
{
    char *rest = apr_pstrdup(pool, text);
    apr_array_header_t *steps = apr_array_make(pool, 128, sizeof(anshin_pg_step_t));

    for (char *end; (end = strstr(rest, ";\n")) != NULL; rest = end + 2) {
        anshin_pg_statement_t *statement = apr_palloc(pool, sizeof(*statement));

        *end = '\0';
        *statement = (anshin_pg_statement_t){-1, rest};
        APR_ARRAY_PUSH(steps, anshin_pg_step_t) = (anshin_pg_step_t){.statement = statement};
    }
    return anshin_pg_run(pg, (const anshin_pg_step_t *)(const void *)steps->elts, steps->nelts, NULL, err);
}

apr_status_t anshin_store_pgsql_init(const char *where, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_pg_t *pg;
    apr_status_t status = anshin_pg_connect(&pg, where, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = run_script(pg, anshin_pg_schema(pool), err, pool);
    anshin_pg_close(pg);
    if (status != APR_SUCCESS && err != NULL && strstr(err->text, "42P06") != NULL) {
        return ANSHIN_ECONFLICT;
    }
    return status;
}

/* --- bringing them up to this version ----------------------------------------------------------------------------- */

/* The same questions as to every server, but for the version. */
static apr_status_t judge_server(anshin_pg_t *pg, anshin_error_t *err)
{
    const anshin_pg_step_t step = {.statement = anshin_pg_common(ANSHIN_PG_FACTS)};
    PGresult *facts;
    apr_status_t status = anshin_pg_run(pg, &step, 1, &facts, err);

    status = status == APR_SUCCESS ? judge(facts, 0, err) : status;
    PQclear(facts);
    return status;
}

static apr_status_t migrate(anshin_pg_t *pg, apr_int64_t *from, anshin_error_t *err, apr_pool_t *pool)
{
    apr_int64_t version = 0;
    apr_status_t status = read_version(pg, &version, err);
    const char *script = anshin_pg_migration(version, pool);

    *from = 0;
    if (status != APR_SUCCESS || version == ANSHIN_PG_SCHEMA) {
        return status;
    }
    if (script == NULL) {
        return refuse(err, "has tables of a later version; update this machine first");
    }
    *from = version;
    return run_script(pg, script, err, pool);
}

apr_status_t anshin_store_pgsql_migrate(const char *where, apr_int64_t *from, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_pg_t *pg;
    apr_status_t status = anshin_pg_connect(&pg, where, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_pg_wait(pg, SCRUB);
    status = judge_server(pg, err);
    status = status == APR_SUCCESS ? lock_alone(pg, err) : status;
    status = status == APR_SUCCESS ? migrate(pg, from, err, pool) : status;
    anshin_pg_close(pg);
    return status;
}
