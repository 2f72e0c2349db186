/*
 * Files of keys: see file.h.
 *
 * SECURITY: the mode is judged on the open file, not on its name, so that it cannot be exchanged in between.
 */
#include "crypto/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <openssl/crypto.h>

static int write_all(int file, const unsigned char *data, apr_size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, data, length);

        if (written < 0 && errno != EINTR) {
            return 0;
        }
        if (written > 0) {
            data += written;
            length -= (apr_size_t)written;
        }
    }
    return 1;
}

apr_status_t anshin_file_create(const char *path, const void *data, apr_size_t length, mode_t mode, anshin_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (file < 0) {
        return anshin_fail(err, errno == EEXIST ? ANSHIN_ECONFLICT : ANSHIN_EFAULT, "AN0416", "%s: %s", path,
                           strerror(errno));
    }
    if (!write_all(file, data, length) || fchmod(file, mode) != 0 || fsync(file) != 0) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN0417", "%s: %s", path, strerror(errno));
        unlink(path);
    }
    close(file);
    return status;
}

apr_status_t anshin_file_sync_directory(const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    const char *slash = strrchr(path, '/');
    const char *directory = ".";
    apr_status_t status = APR_SUCCESS;
    int file;

    if (slash != NULL) {
        directory = slash == path ? "/" : apr_pstrmemdup(pool, path, (apr_size_t)(slash - path));
    }
    file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0 || fsync(file) != 0) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN0418", "%s: %s", directory, strerror(errno));
    }
    if (file >= 0) {
        close(file);
    }
    return status;
}

static apr_status_t check_open(int file, const char *path, apr_size_t size, mode_t widest, anshin_error_t *err)
{
    struct stat facts;

    if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0412", "%s is not a regular file", path);
    }
    if ((facts.st_mode & 07777 & ~widest) != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0413", "%s has mode %04o: make it %04o or narrower", path,
                           (unsigned int)(facts.st_mode & 07777), (unsigned int)widest);
    }
    if (facts.st_size > (off_t)size) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0414", "%s is longer than %lu octets", path, (unsigned long)size);
    }
    return APR_SUCCESS;
}

static apr_status_t read_open(void *buffer, apr_size_t *length, apr_size_t size, int file, const char *path,
                              anshin_error_t *err)
{
    unsigned char *into = buffer;
    ssize_t got;

    for (*length = 0; *length < size; *length += (apr_size_t)got) {
        got = read(file, into + *length, size - *length);
        if (got == 0) {
            break;
        }
        if (got < 0 && errno == EINTR) {
            got = 0;
            continue;
        }
        if (got < 0) {
            OPENSSL_cleanse(buffer, size);
            return anshin_fail(err, ANSHIN_EFAULT, "AN0415", "%s: %s", path, strerror(errno));
        }
    }
    return APR_SUCCESS;
}

apr_status_t anshin_file_load_in(int directory, void *buffer, apr_size_t *length, apr_size_t size, const char *name,
                                 mode_t widest, anshin_error_t *err)
{
    /* Not to hang on a FIFO put in its place. */
    int file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    apr_status_t status;

    if (file < 0) {
        return anshin_fail(err, errno == ENOENT ? ANSHIN_ENOTFOUND : ANSHIN_EFAULT, "AN0411", "%s: %s", name,
                           strerror(errno));
    }
    status = check_open(file, name, size, widest, err);
    if (status == APR_SUCCESS) {
        status = read_open(buffer, length, size, file, name, err);
    }
    close(file);
    return status;
}

apr_status_t anshin_file_load(void *buffer, apr_size_t *length, apr_size_t size, const char *path, mode_t widest,
                              anshin_error_t *err)
{
    return anshin_file_load_in(AT_FDCWD, buffer, length, size, path, widest, err);
}

static int overwrite(int file, off_t size)
{
    static const unsigned char zeros[512];
    int done = 1;

    for (off_t at = 0; done && at < size; at += (off_t)sizeof(zeros)) {
        off_t rest = size - at;

        done = write_all(file, zeros, rest < (off_t)sizeof(zeros) ? (apr_size_t)rest : sizeof(zeros));
    }
    return done && fsync(file) == 0;
}

apr_status_t anshin_file_wipe(const char *path, anshin_error_t *err)
{
    struct stat facts;
    int done;
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (file < 0 && errno == ENOENT) {
        return APR_SUCCESS;
    }
    done = file >= 0 && fstat(file, &facts) == 0 && S_ISREG(facts.st_mode);
    if (done && facts.st_nlink == 1) {
        done = overwrite(file, facts.st_size);
    }
    done = done && unlink(path) == 0;
    if (!done) {
        (void)anshin_fail(err, ANSHIN_EFAULT, "AN1641", "%s cannot be wiped: %s", path, strerror(errno));
    }
    if (file >= 0) {
        close(file);
    }
    return done ? APR_SUCCESS : ANSHIN_EFAULT;
}
