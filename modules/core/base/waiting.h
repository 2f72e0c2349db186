/*
 * Waiting that no clock which is set makes longer: deadlines go by the time that the machine has run, and so do the
 * waits of threads, alone or in a monitor (a lock with one condition; C. A. R. Hoare, 1974). apr_time_now() tells the
 * time of day alone, and apr_thread_cond_timedwait() goes by that.
 */
#ifndef ANSHIN_CORE_BASE_WAITING_H
#define ANSHIN_CORE_BASE_WAITING_H

#include <pthread.h>

#include "core/base/anshin.h"

/* For how long this machine has run, sleep included: CLOCK_BOOTTIME. */
apr_time_t anshin_uptime_now(void);

/* With mutex held: until condition is signalled, but at most until then by anshin_uptime_now(); it may return early, so
 * that the caller looks again at what it waits for. */
void anshin_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, apr_time_t until);

/* Nothing has to be given back: the child of a fork() could not destroy a condition that a thread of its parent waits
 * for (pthread_cond_destroy(3) waits for that thread). */
typedef struct anshin_monitor_t {
    pthread_mutex_t lock;
    pthread_cond_t changed;
} anshin_monitor_t;

/* Before any thread enters it. */
void anshin_monitor_init(anshin_monitor_t *monitor);

/* Wait until no other thread is inside, and be inside; not twice by one thread. */
void anshin_monitor_enter(anshin_monitor_t *monitor);

/* By the thread that is inside. */
void anshin_monitor_leave(anshin_monitor_t *monitor);

/* Inside: anshin_condition_wait() for a change. */
void anshin_monitor_wait(anshin_monitor_t *monitor, apr_time_t until);

/* Inside or outside: those who wait look again. */
void anshin_monitor_tell(anshin_monitor_t *monitor);

#endif
