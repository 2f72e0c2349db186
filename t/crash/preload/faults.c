/*
 * A disk that fails on command: preloaded into httpd and what it starts (LD_PRELOAD), by t/crash/disk.t; and a command
 * that is killed, by t/cli/erase.t.
 *
 * ANSHIN_FAULTS names a file; as long as it exists, calls that would change anything below the directory
 * ANSHIN_FAULTS_BELOW fail as its first word says:
 *   full      no octet beyond what is allocated: ENOSPC from write, pwrite and posix_fallocate past the end of a file
 *   names     no further name: ENOSPC from making a file or a directory, from linking, and from renaming to a name that
 *             is not there, as without inodes, or where a directory cannot grow
 *   readonly  what a file system that the kernel has made read-only answers: EROFS from everything that writes, from
 *             files that have been open as well
 *   error     what was written does not reach the disk: EIO from fsync and fdatasync
 *   killed    whoever asks for that is killed, as a process is; what was written is there for the others
 * Reading goes on in all of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

/* Without a function of the C library that is replaced here. First letter of the fault; 0: none. */
static char fault(void)
{
    const char *name = getenv("ANSHIN_FAULTS");
    int kept = errno;
    char word = 0;
    int fd = name != NULL ? (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        if (syscall(SYS_read, fd, &word, 1) != 1) {
            word = 0;
        }
        syscall(SYS_close, fd);
    }
    errno = kept;
    return word;
}

static int is_below(const char *path)
{
    const char *directory = getenv("ANSHIN_FAULTS_BELOW");
    size_t length = directory != NULL ? strlen(directory) : 0;

    return length > 0 && strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static int fd_is_below(int fd)
{
    char link[64];
    char path[4096];
    int kept = errno;
    ssize_t length;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof(path) - 1);
    errno = kept;
    if (length <= 0) {
        return 0;
    }
    path[length] = '\0';
    return is_below(path);
}

static int name_is_below(int directory, const char *name)
{
    return name[0] == '/' || directory == AT_FDCWD ? is_below(name) : fd_is_below(directory);
}

static off_t size_of(int fd)
{
    struct stat facts;

    return fstat(fd, &facts) == 0 ? facts.st_size : 0;
}

/* What a write of so much at that place (-1: at the end) fails with; 0: it does not. */
static int write_fault(int fd, size_t length, off_t at)
{
    char word = fault();

    if ((word != 'f' && word != 'r') || !fd_is_below(fd)) {
        return 0;
    }
    if (word == 'r') {
        return EROFS;
    }
    return at < 0 || at + (off_t)length > size_of(fd) ? ENOSPC : 0;
}

static int change_fault(int directory, const char *name)
{
    return fault() == 'r' && name_is_below(directory, name) ? EROFS : 0;
}

/* What a call that gives something this name fails with, when nothing has it. */
static int name_fault(int directory, const char *name)
{
    char word = fault();
    int kept = errno;
    int is_new;

    if ((word != 'n' && word != 'r') || !name_is_below(directory, name)) {
        return 0;
    }
    if (word == 'r') {
        return EROFS;
    }
    is_new = syscall(SYS_faccessat, directory, name, F_OK) != 0 && errno == ENOENT;
    errno = kept;
    return is_new ? ENOSPC : 0;
}

static int open_fault(int directory, const char *name, int flags)
{
    if ((flags & O_CREAT) != 0) {
        return name_fault(directory, name);
    }
    return (flags & (O_WRONLY | O_RDWR | O_TRUNC)) != 0 ? change_fault(directory, name) : 0;
}

static int sync_fault(int fd)
{
    char word = fault();

    if (word == 'r' && fd_is_below(fd)) {
        return EROFS;
    }
    if (word == 'k' && fd_is_below(fd)) {
        (void)kill(getpid(), SIGKILL);
    }
    return word == 'e' && fd_is_below(fd) ? EIO : 0;
}

static int refuse(int code)
{
    errno = code;
    return -1;
}

/* --- writing: by system calls, so that nothing is replaced twice ------------------------------------------------- */

PUBLIC ssize_t write(int fd, const void *data, size_t length)
{
    int code = write_fault(fd, length, -1);

    return code != 0 ? refuse(code) : syscall(SYS_write, fd, data, length);
}

PUBLIC ssize_t pwrite(int fd, const void *data, size_t length, off_t at)
{
    int code = write_fault(fd, length, at);

    return code != 0 ? refuse(code) : syscall(SYS_pwrite64, fd, data, length, at);
}

PUBLIC int posix_fallocate(int fd, off_t at, off_t length)
{
    int code = write_fault(fd, (size_t)length, at);
    int kept = errno;

    if (code == 0 && syscall(SYS_fallocate, fd, 0, at, length) != 0) {
        code = errno;
    }
    errno = kept;
    return code;
}

PUBLIC int ftruncate(int fd, off_t length)
{
    return fault() == 'r' && fd_is_below(fd) ? refuse(EROFS) : (int)syscall(SYS_ftruncate, fd, length);
}

PUBLIC int fsync(int fd)
{
    int code = sync_fault(fd);

    return code != 0 ? refuse(code) : (int)syscall(SYS_fsync, fd);
}

PUBLIC int fdatasync(int fd)
{
    int code = sync_fault(fd);

    return code != 0 ? refuse(code) : (int)syscall(SYS_fdatasync, fd);
}

/* --- names ------------------------------------------------------------------------------------------------------ */

static int open_at(int directory, const char *name, int flags, mode_t mode)
{
    int code = open_fault(directory, name, flags);

    return code != 0 ? refuse(code) : (int)syscall(SYS_openat, directory, name, flags, mode);
}

static mode_t mode_of(int flags, va_list more)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
}

PUBLIC int openat(int directory, const char *name, int flags, ...)
{
    va_list more;
    mode_t mode;

    va_start(more, flags);
    mode = mode_of(flags, more);
    va_end(more);
    return open_at(directory, name, flags, mode);
}

PUBLIC int open(const char *name, int flags, ...)
{
    va_list more;
    mode_t mode;

    va_start(more, flags);
    mode = mode_of(flags, more);
    va_end(more);
    return open_at(AT_FDCWD, name, flags, mode);
}

/* What _FORTIFY_SOURCE makes of them where there is no mode. */
PUBLIC int checked_open(const char *name, int flags) __asm__("__open_2");
PUBLIC int checked_open(const char *name, int flags)
{
    return open_at(AT_FDCWD, name, flags, 0);
}

PUBLIC int checked_openat(int directory, const char *name, int flags) __asm__("__openat_2");
PUBLIC int checked_openat(int directory, const char *name, int flags)
{
    return open_at(directory, name, flags, 0);
}

PUBLIC int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
    int code = name_fault(to_directory, to);

    return code != 0 ? refuse(code) : (int)syscall(SYS_renameat, from_directory, from, to_directory, to);
}

PUBLIC int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

PUBLIC int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags)
{
    int code = name_fault(to_directory, to);

    return code != 0 ? refuse(code) : (int)syscall(SYS_linkat, from_directory, from, to_directory, to, flags);
}

PUBLIC int unlinkat(int directory, const char *name, int flags)
{
    int code = change_fault(directory, name);

    return code != 0 ? refuse(code) : (int)syscall(SYS_unlinkat, directory, name, flags);
}

PUBLIC int unlink(const char *name)
{
    return unlinkat(AT_FDCWD, name, 0);
}

PUBLIC int mkdir(const char *name, mode_t mode)
{
    int code = name_fault(AT_FDCWD, name);

    return code != 0 ? refuse(code) : (int)syscall(SYS_mkdirat, AT_FDCWD, name, mode);
}

/* --- the names that programs built for large files use ----------------------------------------------------------- */

#define ALSO(type, name, arguments, same)                    \
    PUBLIC type name arguments __attribute__((alias(same))); \
    _Static_assert(1, "")

ALSO(ssize_t, pwrite64, (int fd, const void *data, size_t length, off_t at), "pwrite");
ALSO(int, posix_fallocate64, (int fd, off_t at, off_t length), "posix_fallocate");
ALSO(int, ftruncate64, (int fd, off_t length), "ftruncate");
ALSO(int, open64, (const char *name, int flags, ...), "open");
ALSO(int, openat64, (int directory, const char *name, int flags, ...), "openat");
ALSO(int, __open64_2, (const char *name, int flags), "__open_2");
ALSO(int, __openat64_2, (int directory, const char *name, int flags), "__openat_2");
