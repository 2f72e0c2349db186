/*
 * A machine that can make no more processes, on command: preloaded into httpd and what it starts
 * (Anshin::Server->preload), fork() is refused as long as the file ANSHIN_NO_FORK exists.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#pragma GCC visibility push(default) /* this takes the place of libc's */

pid_t fork(void)
{
    const char *path = getenv("ANSHIN_NO_FORK");
    pid_t (*real)(void);

    if (path == NULL || access(path, F_OK) == 0) { /* without the variable a suite would prove nothing */
        errno = EAGAIN;
        return -1;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "fork");
    return real();
}
