/*
 * The connections of a process: see pool.h.
 */
#include "store/pgsql/pool.h"

#include <apr_strings.h>

#include "core/base/waiting.h"

#define MOST 64
#define IDLE apr_time_from_sec(60)

struct anshin_pg_pool_t {
    const char *where;
    anshin_pg_greet_fn *greet;
    void *baton;
    anshin_monitor_t monitor; /* over all below */
    int size;
    int open; /* taken and idle ones */
    int idle;
    anshin_pg_t *waiting[MOST]; /* the idle ones; the last was used last */
};

static apr_status_t close_all(void *data)
{
    anshin_pg_pool_t *connections = data;

    while (connections->idle > 0) {
        anshin_pg_close(connections->waiting[--connections->idle]);
    }
    return APR_SUCCESS;
}

void anshin_pg_pool_make(anshin_pg_pool_t **out, const char *where, int size, anshin_pg_greet_fn *greet, void *baton,
                         apr_pool_t *pool)
{
    anshin_pg_pool_t *connections = apr_pcalloc(pool, sizeof(*connections));

    connections->greet = greet;
    connections->baton = baton;
    connections->where = apr_pstrdup(pool, where);
    connections->size = size < MOST ? size : MOST;
    anshin_monitor_init(&connections->monitor);
    apr_pool_cleanup_register(pool, connections, close_all, apr_pool_cleanup_null);
    *out = connections;
}

/* The one that was used last, so that those which nobody needs grow old; NULL: none is idle. Behind the lock. */
static anshin_pg_t *pop(anshin_pg_pool_t *connections)
{
    const apr_time_t oldest = anshin_uptime_now() - IDLE;

    while (connections->idle > 0 && anshin_pg_used_at(connections->waiting[0]) < oldest) {
        anshin_pg_close(connections->waiting[0]);
        connections->idle--;
        connections->open--;
        for (int i = 0; i < connections->idle; i++) {
            connections->waiting[i] = connections->waiting[i + 1];
        }
    }
    return connections->idle > 0 ? connections->waiting[--connections->idle] : NULL;
}

static void count_down(anshin_pg_pool_t *connections)
{
    anshin_monitor_enter(&connections->monitor);
    connections->open--;
    anshin_monitor_tell(&connections->monitor);
    anshin_monitor_leave(&connections->monitor);
}

static apr_status_t open_one(anshin_pg_t **pg, anshin_pg_pool_t *connections, anshin_error_t *err)
{
    apr_status_t status = anshin_pg_connect(pg, connections->where, err);

    if (status == APR_SUCCESS && (status = connections->greet(connections->baton, *pg, err)) != APR_SUCCESS) {
        anshin_pg_close(*pg);
        *pg = NULL;
    }
    if (status != APR_SUCCESS) {
        count_down(connections);
    }
    return status;
}

void anshin_pg_pool_clear(anshin_pg_pool_t *connections)
{
    anshin_monitor_enter(&connections->monitor);
    connections->open -= connections->idle;
    (void)close_all(connections);
    anshin_monitor_leave(&connections->monitor);
}

apr_status_t anshin_pg_pool_take(anshin_pg_t **pg, anshin_pg_pool_t *connections, anshin_error_t *err)
{
    const apr_time_t deadline = anshin_uptime_now() + ANSHIN_PG_DEADLINE;
    int opens = 0;

    *pg = NULL;
    anshin_monitor_enter(&connections->monitor);
    for (;;) {
        *pg = pop(connections);
        opens = *pg == NULL && connections->open < connections->size;
        if (*pg != NULL || opens || anshin_uptime_now() >= deadline) {
            break;
        }
        anshin_monitor_wait(&connections->monitor, deadline);
    }
    connections->open += opens;
    anshin_monitor_leave(&connections->monitor);
    if (opens) {
        return open_one(pg, connections, err);
    }
    return *pg != NULL ? APR_SUCCESS
                       : anshin_fail(err, ANSHIN_EBUSY, "AN1762", "store: all %d connections to PostgreSQL are in use",
                                     connections->size);
}

void anshin_pg_pool_give(anshin_pg_pool_t *connections, anshin_pg_t *pg)
{
    if (pg == NULL) {
        return;
    }
    if (anshin_pg_lost(pg)) {
        anshin_pg_close(pg);
        count_down(connections);
        return;
    }
    anshin_monitor_enter(&connections->monitor);
    connections->waiting[connections->idle++] = pg;
    anshin_monitor_tell(&connections->monitor);
    anshin_monitor_leave(&connections->monitor);
}

apr_status_t anshin_pg_pool_renew(anshin_pg_t **pg, anshin_pg_pool_t *connections, anshin_error_t *err)
{
    anshin_pg_close(*pg);
    return open_one(pg, connections, err);
}
