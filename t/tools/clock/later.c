/*
 * The time of day of a process, put forward by a suite while it runs: preloaded into httpd (Anshin::Server, clock =>
 * 1), it adds the seconds that stand in the file ANSHIN_LATER, a number of eight bytes that is mapped, to what the
 * kernel says. Clocks that do not tell the time of day are left alone: a clock that somebody has set. With
 * ANSHIN_LATER_UPTIME in the environment the time that the machine has run goes with it, and so do the times of files:
 * so much time has passed.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#pragma GCC visibility push(default) /* these take the place of libc's */

static const volatile int64_t *later;
static int with_uptime;

__attribute__((constructor)) static void map_file(void)
{
    const char *path = getenv("ANSHIN_LATER");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = file >= 0 ? mmap(NULL, sizeof(*later), PROT_READ, MAP_SHARED, file, 0) : MAP_FAILED;

    if (file >= 0) {
        close(file);
    }
    if (mapped == MAP_FAILED) {
        abort(); /* a suite that believes in a clock that stands would prove nothing */
    }
    later = mapped;
    with_uptime = getenv("ANSHIN_LATER_UPTIME") != NULL;
}

static int is_later(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || (clock == CLOCK_BOOTTIME && with_uptime);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int answer = (int)syscall(SYS_clock_gettime, clock, now);

    if (answer == 0 && later && is_later(clock)) {
        now->tv_sec += *later;
    }
    return answer;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec exact;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &exact) != 0) {
        return -1;
    }
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now)
{
    struct timespec exact;

    if (clock_gettime(CLOCK_REALTIME, &exact) != 0) {
        return (time_t)-1;
    }
    if (now) {
        *now = exact.tv_sec;
    }
    return exact.tv_sec;
}

/* A file that was written a moment ago is not a year old. */
int fstatat(int directory, const char *restrict name, struct stat *restrict facts, int flags)
{
    int answer = (int)syscall(SYS_newfstatat, directory, name, facts, flags);

    if (answer == 0 && later && with_uptime) {
        facts->st_mtim.tv_sec += *later;
    }
    return answer;
}

#define LONGEST_UPTIME 1000000000 /* s: no machine runs for so long, and the time of day is beyond it */

/* The kernel waits by its own clock: who would wait five seconds behind the step would wait for all that was put forward
 * as well. A condition that goes by the uptime (CLOCK_MONOTONIC) is left alone. */
int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until)
{
    struct timespec by_kernel = *until;

    if (until->tv_sec < LONGEST_UPTIME) {
        return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, until);
    }
    by_kernel.tv_sec -= later ? *later : 0;
    return pthread_cond_clockwait(condition, mutex, CLOCK_REALTIME, &by_kernel);
}
