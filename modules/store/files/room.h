/*
 * Memory of a pool in large pieces, of which small ones are cut: for what is taken often and goes all at once. A pool
 * asks the system for 8 KiB at a time and gives each back by itself, which in a process of several threads interrupts
 * the other processors every time.
 */
#ifndef ANSHIN_STORE_ROOM_H
#define ANSHIN_STORE_ROOM_H

#include <apr_pools.h>

typedef struct anshin_room_t {
    apr_pool_t *pool;
    char *at; /* NULL: nothing was taken yet */
    apr_size_t left;
} anshin_room_t;

/* Memory as apr_palloc() gives it, which lives as long as the pool. One thread at a time. */
void *anshin_room_take(anshin_room_t *room, apr_size_t size);

#endif
