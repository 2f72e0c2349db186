/*
 * The connections of a process: see pool.h.
 */
#include "store/pgsql/pool.h"

#include <apr_strings.h>

#include "core/base/waiting.h"

#define MOST 64
#define IDLE apr_time_from_sec(60)
#define DOWN apr_time_from_sec(1)

struct anshin_pg_pool_t {
    const char *where;
    anshin_pg_greet_fn *greet;
    void *baton;
    anshin_monitor_t monitor; /* over all below */
    int size;
    int open; /* taken and idle ones */
    int idle;
    apr_time_t down; /* until then no connection is tried, since one was in vain; 0: none was */
    int probing;     /* one is tried after that */
    anshin_error_t why;
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

/* 0: a server that is not there is tried by one thread in a second; the others need not wait. Behind the lock. */
static int may_try(anshin_pg_pool_t *connections)
{
    if (connections->down == 0) {
        return 1;
    }
    if (connections->probing || anshin_uptime_now() < connections->down) {
        return 0;
    }
    connections->probing = 1;
    return 1;
}

/* What all of them say until one gets through. */
static void note_try(anshin_pg_pool_t *connections, apr_status_t status, const anshin_error_t *why)
{
    anshin_monitor_enter(&connections->monitor);
    connections->down = status == APR_SUCCESS ? 0 : anshin_uptime_now() + DOWN;
    connections->probing = 0;
    connections->why = *why;
    anshin_monitor_leave(&connections->monitor);
}

static apr_status_t open_one(anshin_pg_t **pg, anshin_pg_pool_t *connections, anshin_error_t *err)
{
    anshin_error_t why = {0};
    apr_status_t status = anshin_pg_connect(pg, connections->where, &why);
    int answers = 1;

    if (status == APR_SUCCESS && (status = connections->greet(connections->baton, *pg, &why)) != APR_SUCCESS) {
        answers = !anshin_pg_lost(*pg);
        anshin_pg_close(*pg);
        *pg = NULL;
    }
    /* Who has the store alone for a moment refuses nobody for a second; a server that goes silent does. */
    note_try(connections, status == ANSHIN_EBUSY && answers ? APR_SUCCESS : status, &why);
    if (status != APR_SUCCESS) {
        (void)anshin_fail(err, status, why.id, "%s", why.text);
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

/* Of those that are open one may only be tried, which is no use to wait for.
 *
 * 1: *pg is one that was idle, or NULL and there is room for a new one; 0: neither, until the deadline. Nobody gives up
 * who could wait for one that is in use: the server may take no more than there are. Behind the lock. */
static int find_place(anshin_pg_t **pg, anshin_pg_pool_t *connections, int tried, apr_time_t deadline)
{
    for (;;) {
        apr_time_t now = anshin_uptime_now();
        int room;

        *pg = pop(connections);
        room = *pg == NULL && !tried && connections->open < connections->size;
        if (*pg != NULL || (room && may_try(connections))) {
            return 1;
        }
        if (now >= deadline || (connections->open == connections->probing && (tried || room))) {
            return 0;
        }
        anshin_monitor_wait(&connections->monitor, room && !connections->probing && connections->down < deadline
                                                       ? connections->down
                                                       : deadline);
    }
}

apr_status_t anshin_pg_pool_take(anshin_pg_t **pg, anshin_pg_pool_t *connections, anshin_error_t *err)
{
    const apr_time_t deadline = anshin_uptime_now() + ANSHIN_PG_DEADLINE;
    anshin_error_t why = {0};
    int tried = 0;
    int found;

    for (;;) {
        anshin_monitor_enter(&connections->monitor);
        found = find_place(pg, connections, tried, deadline);
        connections->open += found && *pg == NULL;
        if (!found && !tried && connections->open == connections->probing) {
            why = connections->why;
        }
        anshin_monitor_leave(&connections->monitor);
        if (!found || *pg != NULL) {
            break;
        }
        anshin_error_clear(&why);
        if (open_one(pg, connections, &why) == APR_SUCCESS) {
            return APR_SUCCESS;
        }
        tried = 1;
    }
    if (*pg != NULL) {
        return APR_SUCCESS;
    }
    return why.status != APR_SUCCESS
               ? anshin_fail(err, why.status, why.id, "%s", why.text)
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
    anshin_error_t why = {0};
    int held = *pg != NULL; /* its place */
    int tries;

    anshin_pg_close(*pg);
    *pg = NULL;
    anshin_monitor_enter(&connections->monitor);
    if (!held) {
        connections->open -= connections->idle; /* as old as the one that was lost */
        (void)close_all(connections);
        held = connections->open < connections->size;
        connections->open += held;
    }
    tries = held && may_try(connections);
    if (held && !tries) {
        why = connections->why;
        connections->open--;
        anshin_monitor_tell(&connections->monitor);
    }
    anshin_monitor_leave(&connections->monitor);
    if (tries) {
        return open_one(pg, connections, err);
    }
    return held ? anshin_fail(err, why.status, why.id, "%s", why.text)
                : anshin_fail(err, ANSHIN_EBUSY, "AN1971", "store: all %d connections to PostgreSQL are in use",
                              connections->size);
}
