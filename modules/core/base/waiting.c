/*
 * Waiting that no clock which is set makes longer: see waiting.h.
 */
#include "core/base/waiting.h"

#include <time.h>

static apr_time_t read_clock(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now); /* both are there since Linux 2.6.39; it has no other way to fail */
    return apr_time_make(now.tv_sec, now.tv_nsec / 1000);
}

apr_time_t anshin_uptime_now(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

/* A condition cannot wait by CLOCK_BOOTTIME; what a sleep of the machine adds, the caller's next look takes off. */
void anshin_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, apr_time_t until)
{
    const apr_time_t end = read_clock(CLOCK_MONOTONIC) + until - anshin_uptime_now();
    const struct timespec by_clock = {.tv_sec = apr_time_sec(end), .tv_nsec = apr_time_usec(end) * 1000};

    (void)pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, &by_clock);
}

void anshin_monitor_init(anshin_monitor_t *monitor)
{
    (void)pthread_mutex_init(&monitor->lock, NULL);
    (void)pthread_cond_init(&monitor->changed, NULL);
}

void anshin_monitor_enter(anshin_monitor_t *monitor)
{
    (void)pthread_mutex_lock(&monitor->lock);
}

void anshin_monitor_leave(anshin_monitor_t *monitor)
{
    (void)pthread_mutex_unlock(&monitor->lock);
}

void anshin_monitor_wait(anshin_monitor_t *monitor, apr_time_t until)
{
    anshin_condition_wait(&monitor->changed, &monitor->lock, until);
}

void anshin_monitor_tell(anshin_monitor_t *monitor)
{
    (void)pthread_cond_broadcast(&monitor->changed);
}
