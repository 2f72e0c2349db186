/*
 * The time of day of a process, put forward by a suite while it runs: preloaded into httpd (Anshin::Server, clock => 1),
 * it adds the seconds that stand in the file ANSHIN_LATER, a number of eight bytes that is mapped, to what the kernel
 * says. Clocks that do not tell the time of day are left alone.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#pragma GCC visibility push(default) /* these take the place of libc's */

static const volatile int64_t *later;

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
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int answer = (int)syscall(SYS_clock_gettime, clock, now);

    if (answer == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) && later) {
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
