/*
 * Locks between processes: see lock.h.
 *
 * The kernel's waiting form has no time limit without signals, which a library must not use; so waiting is trying
 * again. Writers hold their lock for tens of microseconds (the slow part, fdatasync, happens after it), so the first
 * sleeps are short.
 */
#include "store/files/lock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/waiting.h"

#define FIRST_PAUSE 20
#define LONGEST_PAUSE 1000

apr_status_t anshin_lock_try(int fd, apr_off_t byte, anshin_lock_kind_t kind, anshin_error_t *err)
{
    struct flock range = {.l_type = (short)kind, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    while (fcntl(fd, F_OFD_SETLK, &range) != 0) {
        if (errno == EAGAIN || errno == EACCES) {
            return ANSHIN_EBUSY;
        }
        if (errno != EINTR) {
            return anshin_fail(err, ANSHIN_EFAULT, "AN0315", "store: cannot lock byte %ld of the control file: %s",
                               (long)byte, strerror(errno));
        }
    }
    return APR_SUCCESS;
}

void anshin_lock_pause(apr_interval_time_t *pause)
{
    if (*pause == 0) {
        *pause = FIRST_PAUSE;
    }
    apr_sleep(*pause);
    *pause = *pause * 3 / 2 < LONGEST_PAUSE ? *pause * 3 / 2 : LONGEST_PAUSE;
}

apr_status_t anshin_lock_wait(int fd, apr_off_t byte, anshin_lock_kind_t kind, apr_interval_time_t wait,
                              anshin_error_t *err)
{
    apr_time_t deadline = 0;
    apr_interval_time_t pause = 0;
    apr_status_t status;

    while ((status = anshin_lock_try(fd, byte, kind, err)) == ANSHIN_EBUSY) {
        apr_time_t now = anshin_uptime_now();

        if (deadline == 0) {
            deadline = now + wait;
        }
        if (now >= deadline) {
            return ANSHIN_EBUSY;
        }
        anshin_lock_pause(&pause);
    }
    return status;
}

void anshin_lock_release(int fd, apr_off_t byte)
{
    (void)anshin_lock_try(fd, byte, ANSHIN_LOCK_NONE, NULL);
}
