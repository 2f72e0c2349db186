/*
 * A store in memory, for unit tests: the same transactions as the real ones, gone when its pool goes.
 *
 * One process, any number of threads. Every open makes a new, empty store; the address is not looked at.
 */
#ifndef ANSHIN_STORE_STORE_MEM_H
#define ANSHIN_STORE_STORE_MEM_H

#include "core/store/store_provider.h"

extern const anshin_store_driver_t anshin_store_mem;

/* How a commit ends. */
typedef enum anshin_mem_fate_t {
    ANSHIN_MEM_DONE,
    ANSHIN_MEM_NOT_DONE, /* ANSHIN_EBUSY: nothing is done */
    ANSHIN_MEM_LOST,     /* ANSHIN_EFAULT: not known; it is not done */
    ANSHIN_MEM_FOUND     /* the same, and it is done */
} anshin_mem_fate_t;

/* Asked by every commit that writes. ANSHIN_MEM_DONE, unless a test defines a function of this name, which takes the
 * place of the store's. */
anshin_mem_fate_t anshin_store_mem_fate(void);

#endif
