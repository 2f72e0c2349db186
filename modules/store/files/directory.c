/*
 * The store's directory and the files in it: see directory.h.
 *
 * SECURITY: every file is opened relative to the directory that was checked, never through a symbolic link, and is not
 * handed to programs that this process starts.
 */
#include "store/files/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#define DIRECTORY_MODE (S_ISGID | S_IRWXU | S_IRWXG)
#define FILE_MODE (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP)

/* Under its own name only with its final mode, whatever the umask is: who dies in between must not leave one that its
 * group, and so a program of another user, can never enter. Another that was faster has made the same. */
static apr_status_t put_in_place(const char *temporary, const char *path, anshin_error_t *err)
{
    if (chmod(temporary, DIRECTORY_MODE) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0301", "store: cannot set the mode of %s: %s", temporary,
                           strerror(errno));
    }
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0 ||
        ((errno == EINVAL || errno == ENOSYS) && rename(temporary, path) == 0)) { /* not every file system has it */
        return APR_SUCCESS;
    }
    return errno == EEXIST || errno == ENOTEMPTY
               ? ANSHIN_ECONFLICT
               : anshin_fail(err, ANSHIN_EFAULT, "AN0394", "store: cannot make directory %s: %s", path,
                             strerror(errno));
}

static apr_status_t make_directory(const char *path, anshin_error_t *err)
{
    char temporary[PATH_MAX];
    int length = snprintf(temporary, sizeof(temporary), "%s.%ld.%ld", path, (long)getpid(), (long)gettid());
    apr_status_t status;

    (void)rmdir(temporary); /* left by one of our number that died here */
    if (length >= PATH_MAX || mkdir(temporary, S_IRWXU) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0300", "store: cannot make directory %s: %s", path,
                           strerror(length >= PATH_MAX ? ENAMETOOLONG : errno));
    }
    status = put_in_place(temporary, path, err);
    if (status != APR_SUCCESS) {
        (void)rmdir(temporary);
    }
    return status == ANSHIN_ECONFLICT ? APR_SUCCESS : status;
}

static apr_status_t check_directory(const anshin_directory_t *directory, anshin_error_t *err)
{
    struct stat facts;

    if (fstat(directory->fd, &facts) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0302", "store: cannot read the mode of %s: %s", directory->path,
                           strerror(errno));
    }
    if ((facts.st_mode & S_IRWXO) != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0303",
                           "store: %s has mode %04o, others may enter it; it must be 2770", directory->path,
                           (unsigned)(facts.st_mode & 07777));
    }
    if ((facts.st_mode & S_IRWXG) != 0 && (facts.st_mode & S_ISGID) == 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0304",
                           "store: %s has mode %04o, new files would not belong to its group; it must be 2770",
                           directory->path, (unsigned)(facts.st_mode & 07777));
    }
    return APR_SUCCESS;
}

apr_status_t anshin_directory_open(anshin_directory_t *directory, const char *path, anshin_error_t *err)
{
    apr_status_t status = APR_SUCCESS;

    directory->path = path;
    directory->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->fd < 0 && errno == ENOENT) {
        status = make_directory(path, err);
        if (status != APR_SUCCESS) {
            return status;
        }
        directory->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (directory->fd < 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0305", "store: cannot open directory %s: %s", path, strerror(errno));
    }
    status = check_directory(directory, err);
    if (status != APR_SUCCESS) {
        anshin_directory_close(directory);
    }
    return status;
}

void anshin_directory_close(anshin_directory_t *directory)
{
    if (directory->fd >= 0) {
        close(directory->fd);
        directory->fd = -1;
    }
}

/* 1: that descriptor is of a file at or below the path of so many octets. */
static int lies_in(int fds, const char *descriptor, const char *path, apr_size_t length)
{
    char target[PATH_MAX];
    ssize_t size = readlinkat(fds, descriptor, target, sizeof(target));

    return size >= (ssize_t)length && memcmp(target, path, length) == 0 &&
           (size == (ssize_t)length || target[length] == '/');
}

/* Without readdir(3), which takes memory: another thread of the parent may have held malloc's lock. */
void anshin_directory_leave(const anshin_directory_t *directory)
{
    char path[PATH_MAX];
    char own[16];
    char entries[4096] __attribute__((aligned(__alignof__(struct dirent64))));
    int fds = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ssize_t length;
    ssize_t size;

    (void)snprintf(own, sizeof(own), "%d", directory->fd);
    length = fds >= 0 ? readlinkat(fds, own, path, sizeof(path)) : -1;
    while (length > 0 && (size = getdents64(fds, entries, sizeof(entries))) > 0) {
        const struct dirent64 *entry;

        for (ssize_t at = 0; at < size; at += entry->d_reclen) {
            entry = (const struct dirent64 *)(const void *)(entries + at);
            if (lies_in(fds, entry->d_name, path, (apr_size_t)length)) {
                close((int)strtol(entry->d_name, NULL, 10));
            }
        }
    }
    if (fds >= 0) {
        close(fds);
    }
}

char *anshin_directory_path(const anshin_directory_t *directory, const char *name, apr_pool_t *pool)
{
    return apr_pstrcat(pool, directory->path, "/", name, NULL);
}

/* The umask may have taken the group's bits. */
static apr_status_t set_mode(int *fd, const anshin_directory_t *directory, const char *name, anshin_error_t *err)
{
    apr_status_t status = APR_SUCCESS;

    if (fchmod(*fd, FILE_MODE) != 0) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN0307", "store: cannot set the mode of %s/%s: %s", directory->path,
                             name, strerror(errno));
        close(*fd);
        *fd = -1;
    }
    return status;
}

apr_status_t anshin_directory_create(int *fd, const anshin_directory_t *directory, const char *name,
                                     anshin_error_t *err)
{
    apr_status_t status = anshin_directory_remove(directory, name, err);

    *fd = -1;
    if (status != APR_SUCCESS) {
        return status;
    }
    *fd = openat(directory->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (*fd < 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0306", "store: cannot make file %s/%s: %s", directory->path, name,
                           strerror(errno));
    }
    return set_mode(fd, directory, name, err);
}

apr_status_t anshin_directory_adopt(int *fd, const anshin_directory_t *directory, const char *name, anshin_error_t *err)
{
    apr_status_t status = anshin_directory_open_file(fd, directory, name, O_RDWR, err);

    return status == APR_SUCCESS ? set_mode(fd, directory, name, err) : status;
}

apr_status_t anshin_directory_open_file(int *fd, const anshin_directory_t *directory, const char *name, int flags,
                                        anshin_error_t *err)
{
    *fd = openat(directory->fd, name, flags | O_CLOEXEC | O_NOFOLLOW);
    if (*fd >= 0) {
        return APR_SUCCESS;
    }
    if (errno == ENOENT) {
        return ANSHIN_ENOTFOUND;
    }
    return anshin_fail(err, ANSHIN_EFAULT, "AN0308", "store: cannot open file %s/%s: %s", directory->path, name,
                       strerror(errno));
}

apr_status_t anshin_directory_rename(const anshin_directory_t *directory, const char *from, const char *to,
                                     anshin_error_t *err)
{
    if (renameat(directory->fd, from, directory->fd, to) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0309", "store: cannot rename %s/%s to %s: %s", directory->path, from,
                           to, strerror(errno));
    }
    return APR_SUCCESS;
}

apr_status_t anshin_directory_link(const anshin_directory_t *directory, const char *from, const char *to,
                                   anshin_error_t *err)
{
    if (linkat(directory->fd, from, directory->fd, to, 0) == 0) {
        return APR_SUCCESS;
    }
    if (errno == EEXIST) {
        return ANSHIN_ECONFLICT;
    }
    return anshin_fail(err, ANSHIN_EFAULT, "AN0310", "store: cannot link %s/%s to %s: %s", directory->path, from, to,
                       strerror(errno));
}

apr_status_t anshin_directory_remove(const anshin_directory_t *directory, const char *name, anshin_error_t *err)
{
    if (unlinkat(directory->fd, name, 0) != 0 && errno != ENOENT) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0311", "store: cannot remove %s/%s: %s", directory->path, name,
                           strerror(errno));
    }
    return APR_SUCCESS;
}

apr_status_t anshin_directory_sync(const anshin_directory_t *directory, anshin_error_t *err)
{
    if (fsync(directory->fd) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0312", "store: cannot sync directory %s: %s", directory->path,
                           strerror(errno));
    }
    return APR_SUCCESS;
}

apr_status_t anshin_directory_list(apr_array_header_t **names, const anshin_directory_t *directory, anshin_error_t *err,
                                   apr_pool_t *pool)
{
    int fd = openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* with a read position of its own */
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    int code;

    *names = apr_array_make(pool, 16, sizeof(const char *));
    if (stream == NULL) {
        code = errno;
        if (fd >= 0) {
            close(fd);
        }
        return anshin_fail(err, ANSHIN_EFAULT, "AN0313", "store: cannot list directory %s: %s", directory->path,
                           strerror(code));
    }
    errno = 0;
    while ((entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            APR_ARRAY_PUSH(*names, const char *) = apr_pstrdup(pool, entry->d_name);
        }
        errno = 0;
    }
    code = errno;
    closedir(stream);
    if (code != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0314", "store: cannot read directory %s: %s", directory->path,
                           strerror(code));
    }
    return APR_SUCCESS;
}

apr_status_t anshin_file_read(int fd, void *data, apr_size_t length, apr_off_t offset)
{
    char *at = data;

    while (length > 0) {
        ssize_t got = pread(fd, at, length, offset);

        if (got == 0) {
            return APR_EOF;
        }
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno;
        }
        at += got;
        offset += got;
        length -= (apr_size_t)got;
    }
    return APR_SUCCESS;
}

apr_status_t anshin_file_write(int fd, const void *data, apr_size_t length, apr_off_t offset)
{
    const char *at = data;

    while (length > 0) {
        ssize_t put = pwrite(fd, at, length, offset);

        if (put < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno;
        }
        at += put;
        offset += put;
        length -= (apr_size_t)put;
    }
    return APR_SUCCESS;
}
