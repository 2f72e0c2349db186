/*
 * A memory store that dies at a chosen writing step, as a process does that is killed there: from then on nothing
 * is written and every answer is a fault. For tests of what is done again afterwards.
 */
#ifndef ANSHIN_UNIT_CRASH_STORE_H
#define ANSHIN_UNIT_CRASH_STORE_H

#include "store/store_mem.h"

extern anshin_store_driver_t crash_store;
extern int steps_left; /* writing steps until death; below 0: immortal */
extern int dies_after; /* the step on which it dies takes effect, but nobody hears of it */
extern int died;

/* Fill crash_store in. */
void make_crash_store(void);

#endif
