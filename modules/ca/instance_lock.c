/*
 * One worker at a time: see turn.h.
 *
 * SECURITY: others write in that directory: the caller is not root, the file is opened without following a link, and
 * nothing is written into it.
 */
#include "ca/instance_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <apr_strings.h>

#include "ca/log.h"

#define QUICK 100 /* milliseconds between tries while the predecessor finishes its job */
#define SLOW 1000 /* and when it seems to stay */
#define QUICK_TRIES 100

/* 1 when told to end while waiting. */
static int told_to_end(int signals, int lifeline, int milliseconds)
{
    struct pollfd sources[] = {{signals, POLLIN, 0}, {lifeline, POLLIN, 0}};

    return poll(sources, 2, milliseconds) > 0;
}

apr_status_t anshin_instance_lock_take(const char *state_dir, int signals, int lifeline, anshin_error_t *err,
                                       apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, state_dir, "/run/ca.lock", NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0660);

    if (fd < 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0775", "%s: %s", path, strerror(errno));
    }
    for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return anshin_fail(err, ANSHIN_EFAULT, "AN0776", "%s: %s", path, strerror(errno));
        }
        if (tries == QUICK_TRIES) {
            anshin_log(ANSHIN_LOG_NOTICE, "AN0777", "another worker is at work in %s; waiting for its end", state_dir);
        }
        if (told_to_end(signals, lifeline, tries < QUICK_TRIES ? QUICK : SLOW)) {
            return APR_EOF;
        }
    }
    return APR_SUCCESS; /* the descriptor stays open, and the lock with it */
}
