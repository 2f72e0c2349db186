/*
 * How many threads of a process may wait somewhere at once. One that waits answers nobody else, and a crowd before one
 * door must not keep all of them.
 */
#ifndef ANSHIN_CORE_BASE_LIMIT_H
#define ANSHIN_CORE_BASE_LIMIT_H

#include <stdatomic.h>
#include <stddef.h>

typedef struct anshin_limit_t {
    int most;
    atomic_int inside;
} anshin_limit_t;

/* 1: inside, and anshin_limit_leave() is due. 0: as many as may are there. NULL has no limit. */
static inline int anshin_limit_enter(anshin_limit_t *limit)
{
    if (limit == NULL || atomic_fetch_add(&limit->inside, 1) < limit->most) {
        return 1;
    }
    atomic_fetch_sub(&limit->inside, 1);
    return 0;
}

/* Once for each that came inside. */
static inline void anshin_limit_leave(anshin_limit_t *limit)
{
    if (limit != NULL) {
        atomic_fetch_sub(&limit->inside, 1);
    }
}

#endif
