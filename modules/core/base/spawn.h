/*
 * Programs that are started: what they need whatever they are.
 */
#ifndef ANSHIN_CORE_BASE_SPAWN_H
#define ANSHIN_CORE_BASE_SPAWN_H

#include <spawn.h>

/* Whoever starts it may ignore or block signals; a program expects them as they are by default. 0, or an errno. */
int anshin_spawn_signals(posix_spawnattr_t *attributes);

#endif
