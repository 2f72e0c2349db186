/*
 * Lines of a log that strangers can cause: so many of a kind in a minute and in a process, and the first one after that
 * says how many were left out (S37).
 */
#ifndef ANSHIN_CORE_BASE_SELDOM_H
#define ANSHIN_CORE_BASE_SELDOM_H

#include <stdatomic.h>

#include <apr_time.h>

/* One kind of lines; all zero to begin with. Threads share it. */
typedef struct anshin_seldom_t {
    _Atomic apr_int64_t minute; /* of the last line */
    atomic_uint asked;          /* how many were to be written in that minute */
} anshin_seldom_t;

/* 1: write it; *left_out lines of the kind were not written since the last one that was. 0: leave it out. most: how
 * many in a minute. */
static inline int anshin_seldom(anshin_seldom_t *kind, unsigned most, apr_time_t now, unsigned *left_out)
{
    apr_int64_t minute = apr_time_sec(now) / 60;
    apr_int64_t last = atomic_load(&kind->minute);

    *left_out = 0;
    if (last != minute && atomic_compare_exchange_strong(&kind->minute, &last, minute)) {
        unsigned asked = atomic_exchange(&kind->asked, 1);

        *left_out = asked > most ? asked - most : 0;
        return most > 0;
    }
    return atomic_fetch_add(&kind->asked, 1) < most;
}

#endif
