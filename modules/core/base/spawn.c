/*
 * Programs that are started: see spawn.h.
 */
#include "core/base/spawn.h"

#include <signal.h>

int anshin_spawn_signals(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    int rc;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    rc = posix_spawnattr_setsigmask(attributes, &none);
    rc = rc != 0 ? rc : posix_spawnattr_setsigdefault(attributes, &all);
    return rc != 0 ? rc : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}
