/*
 * A store in memory, for unit tests: the same transactions as the real ones, gone when its pool goes.
 *
 * One process, any number of threads. Every open makes a new, empty store; the address is not looked at.
 */
#ifndef ANSHIN_STORE_STORE_MEM_H
#define ANSHIN_STORE_STORE_MEM_H

#include "core/store_provider.h"

extern const anshin_store_driver_t anshin_store_mem;

#endif
