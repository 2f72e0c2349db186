/*
 * Waiting: what is waited for has an end by the time that the machine has run, whatever becomes of the time of day, and a
 * thread that waits is woken at once.
 */
#include "core/base/waiting.h"

#include <dlfcn.h>

#include <apr_thread_proc.h>
#include <apr_time.h>

#include "unit/tap.h"

#define LONG apr_time_from_sec(60)

typedef int clockwait_t(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);

static clockid_t waited_by = -1;
static struct timespec waited_until;

/* In the place of libc's, which does the waiting. */
__attribute__((visibility("default"))) int pthread_cond_clockwait(pthread_cond_t *restrict condition,
                                                                  pthread_mutex_t *restrict mutex, clockid_t clock,
                                                                  const struct timespec *restrict until)
{
    clockwait_t *wait = (clockwait_t *)dlsym(RTLD_NEXT, "pthread_cond_clockwait");

    waited_by = clock;
    waited_until = *until;
    return wait(condition, mutex, clock, until);
}

static void ends(void)
{
    anshin_monitor_t monitor;
    struct timespec now;
    const apr_time_t until = anshin_uptime_now() + apr_time_from_msec(20);

    anshin_monitor_init(&monitor);
    anshin_monitor_enter(&monitor);
    while (anshin_uptime_now() < until) {
        anshin_monitor_wait(&monitor, until);
    }
    anshin_monitor_leave(&monitor);
    clock_gettime(CLOCK_MONOTONIC, &now);
    ok(waited_by == CLOCK_MONOTONIC, "a wait goes by no clock that can be set");
    ok(waited_until.tv_sec <= now.tv_sec && waited_until.tv_sec >= now.tv_sec - 30,
       "and until the time that was meant");
    anshin_monitor_enter(&monitor);
    anshin_monitor_wait(&monitor, anshin_uptime_now() - LONG);
    anshin_monitor_leave(&monitor);
    ok(1, "what is over is not waited for");
}

typedef struct shared_t {
    anshin_monitor_t monitor;
    int waits;
    int said;
} shared_t;

static void *APR_THREAD_FUNC listen_for(apr_thread_t *thread, void *baton)
{
    shared_t *shared = baton;
    const apr_time_t until = anshin_uptime_now() + LONG;

    (void)thread;
    anshin_monitor_enter(&shared->monitor);
    shared->waits = 1;
    anshin_monitor_tell(&shared->monitor);
    while (!shared->said && anshin_uptime_now() < until) {
        anshin_monitor_wait(&shared->monitor, until);
    }
    shared->waits = 0;
    anshin_monitor_leave(&shared->monitor);
    return NULL;
}

static void tells(apr_pool_t *pool)
{
    shared_t shared = {.waits = 0};
    apr_thread_t *thread;
    apr_status_t ended;
    const apr_time_t begun = anshin_uptime_now();

    anshin_monitor_init(&shared.monitor);
    ok(apr_thread_create(&thread, NULL, listen_for, &shared, pool) == APR_SUCCESS, "another thread");
    anshin_monitor_enter(&shared.monitor);
    while (!shared.waits) {
        anshin_monitor_wait(&shared.monitor, begun + LONG);
    }
    shared.said = 1;
    anshin_monitor_tell(&shared.monitor);
    anshin_monitor_leave(&shared.monitor);
    ok(apr_thread_join(&ended, thread) == APR_SUCCESS && !shared.waits, "has heard it");
    ok(anshin_uptime_now() - begun < LONG, "and not because its time was over");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    ends();
    tells(pool);
    apr_pool_destroy(pool);
    return done();
}
