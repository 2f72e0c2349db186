/*
 * The worker's part in the state of the system (STA-1): signs of life on the board, and what takes a walk to count.
 */
#ifndef ANSHIN_CA_WATCH_WATCH_H
#define ANSHIN_CA_WATCH_WATCH_H

#include "ca/work.h"

/* Between two steps. */
#define ANSHIN_WATCH_PAUSE apr_time_from_sec(5)

typedef struct anshin_watch_t {
    const anshin_work_t *work;
    apr_time_t next; /* uptime of the next count; 0: at once */
    int failed;      /* the log was told that nothing can be counted */
} anshin_watch_t;

/* Of the main thread: it is awake. */
void anshin_watch_sign(const anshin_work_t *work);

/* Count, when it is time: a minute after the last time, or so much later that it takes a hundredth of a processor's
 * time at most. One thread. */
void anshin_watch_step(anshin_watch_t *watch);

#endif
