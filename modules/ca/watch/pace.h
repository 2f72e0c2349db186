/*
 * How often the operator's command is told of one kind of event (STA-2): the first at once, those behind it together,
 * once a pause is over.
 */
#ifndef ANSHIN_CA_WATCH_PACE_H
#define ANSHIN_CA_WATCH_PACE_H

#include <apr_time.h>
#include <jansson.h>

/* Of one kind. All zeros: nothing has happened. */
typedef struct anshin_pace_t {
    json_t *held;     /* the last of what is to be told; NULL: nothing is */
    apr_int64_t more; /* what happened before it, and was not told by itself */
    apr_time_t next;  /* uptime: not before */
} anshin_pace_t;

/* It has happened. The reference is taken over; NULL (memory ended) is counted with the next one. */
void anshin_pace_hold(anshin_pace_t *pace, json_t *event);

/* 1: there is something to tell, and it is time. */
int anshin_pace_is_due(const anshin_pace_t *pace, apr_time_t uptime);

/* Of that: its octets with a line feed, how many more there were among it; in pool. NULL: memory ended. */
const char *anshin_pace_line(const anshin_pace_t *pace, apr_pool_t *pool);

/* It was told; the next one not before then. */
void anshin_pace_told(anshin_pace_t *pace, apr_time_t next);

/* Nothing is held any more. */
void anshin_pace_end(anshin_pace_t *pace);

#endif
