/*
 * A connection to PostgreSQL: statements that are sent in one trip, each wait with a deadline.
 *
 * libpq's pipeline mode (PostgreSQL documentation, 34.5). Statements with a name are prepared when a connection first
 * sends them. A connection on which a wait took too long is closed, never cancelled: a COMMIT that is cancelled while
 * it waits for a standby says success.
 */
#ifndef ANSHIN_STORE_PGSQL_CONNECTION_H
#define ANSHIN_STORE_PGSQL_CONNECTION_H

#include <libpq-fe.h>

#include "core/base/anshin.h"

#define ANSHIN_PG_DEADLINE apr_time_from_sec(5) /* for an answer */
#define ANSHIN_PG_VALUES 5                      /* of a statement, at most */
#define ANSHIN_PG_STATEMENTS 4096               /* numbers of those that are prepared are below it */

typedef struct anshin_pg_t anshin_pg_t;

typedef struct anshin_pg_statement_t {
    int number; /* of its own; -1: is not prepared, for what is sent without values */
    const char *sql;
} anshin_pg_statement_t;

/* A value: text (length -1), or octets. data NULL: SQL's NULL. */
typedef struct anshin_pg_value_t {
    const void *data;
    int length;
} anshin_pg_value_t;

typedef struct anshin_pg_step_t {
    const anshin_pg_statement_t *statement;
    int count;
    anshin_pg_value_t values[ANSHIN_PG_VALUES];
} anshin_pg_step_t;

/* Connect. where: an address (store_pgsql.h). Each of its hosts has two seconds, or what the operator says by
 * connect_timeout. ANSHIN_EFAULT, with the server's words, in none of which the password is; also: the password cannot
 * be read, or the way to another machine is open to those in between. Nobody's pool: close it, which in the child of
 * a fork() leaves the parent's alone. */
apr_status_t anshin_pg_connect(anshin_pg_t **pg, const char *where, anshin_error_t *err);
void anshin_pg_close(anshin_pg_t *pg);

/* Send count steps and wait for all answers: results of these, in binary, each to be freed by PQclear(), NULL behind
 * one that failed; NULL: not wanted. ANSHIN_EBUSY: others were in the way, or the connection is lost; ANSHIN_EFAULT:
 * the server refused. What has begun must be rolled back by the caller after either. */
apr_status_t anshin_pg_run(anshin_pg_t *pg, const anshin_pg_step_t *steps, int count, PGresult **results,
                           anshin_error_t *err);

/* Wait longer than ANSHIN_PG_DEADLINE from now on, for what takes its time. */
void anshin_pg_wait(anshin_pg_t *pg, apr_time_t most);

/* 1: it cannot be used any more. */
int anshin_pg_lost(const anshin_pg_t *pg);

/* 1: in the last run the server warned: of a COMMIT, that it did not wait for a standby. */
int anshin_pg_warned(const anshin_pg_t *pg);

/* When it was last used, for its pool, by anshin_uptime_now(). */
apr_time_t anshin_pg_used_at(const anshin_pg_t *pg);

/* When it was made, by the same. */
apr_time_t anshin_pg_made_at(const anshin_pg_t *pg);

/* A number that came in binary (bigint); 0 for NULL. */
apr_int64_t anshin_pg_number(const PGresult *result, int row, int column);

#endif
