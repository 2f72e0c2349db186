/*
 * Whole buffers: see io.h.
 */
#include "runtime/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

apr_status_t anshin_io_write(int fd, const void *data, apr_size_t length)
{
    const char *at = data;

    while (length > 0) {
        ssize_t written = write(fd, at, length);

        if (written < 0 && errno != EINTR) {
            return errno;
        }
        if (written > 0) {
            at += written;
            length -= (apr_size_t)written;
        }
    }
    return APR_SUCCESS;
}

apr_status_t anshin_io_read(int fd, void *data, apr_size_t size, apr_size_t *length)
{
    char *at = data;

    *length = 0;
    while (*length < size) {
        ssize_t got = read(fd, at + *length, size - *length);

        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return errno;
        }
        *length += got > 0 ? (apr_size_t)got : 0;
    }
    return APR_SUCCESS;
}

apr_status_t anshin_io_space(const char *path, apr_uint64_t *octets)
{
    struct statvfs facts;

    if (statvfs(path, &facts) != 0) {
        return errno;
    }
    *octets = (apr_uint64_t)facts.f_bavail * facts.f_frsize;
    return APR_SUCCESS;
}

apr_status_t anshin_io_sync_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    apr_status_t status;

    if (fd < 0) {
        return errno;
    }
    status = fsync(fd) == 0 ? APR_SUCCESS : errno;
    (void)close(fd);
    return status;
}
