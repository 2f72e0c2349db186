/*
 * Delivery into a Maildir: see delivery.h.
 *
 * SECURITY: messages hold links, so that nobody but owner and group can read them.
 */
#include "ca/delivery.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "runtime/io.h"

static apr_status_t fault(anshin_error_t *err, const char *id, const char *path)
{
    return anshin_fail(err, ANSHIN_EFAULT, id, "mail: %s: %s", path, strerror(errno));
}

/* What has been made or moved in a directory is only there for good once the directory itself is on disk. */
static apr_status_t sync_directory(const char *path, anshin_error_t *err)
{
    errno = anshin_io_sync_directory(path);
    return errno == APR_SUCCESS ? APR_SUCCESS : fault(err, "AN0730", path);
}

/* One that was there before: whose mode is wider would let the world take mail out, or put mail in (S31). */
static apr_status_t check_directory(const char *path, anshin_error_t *err)
{
    struct stat facts;

    if (stat(path, &facts) != 0) {
        return fault(err, "AN0732", path);
    }
    if ((facts.st_mode & S_IRWXO) != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0738",
                           "mail: %s has mode %04o, which lets everybody in; make it 2770 (chmod 2770)", path,
                           (unsigned)(facts.st_mode & 07777));
    }
    return APR_SUCCESS;
}

static apr_status_t make_directory(const char *path, anshin_error_t *err)
{
    if (mkdir(path, 0770) == 0) {
        /* mkdir() leaves out what umask forbids, and the bit that hands the group down. */
        return chmod(path, 02770) == 0 ? APR_SUCCESS : fault(err, "AN0731", path);
    }
    return errno == EEXIST ? check_directory(path, err) : fault(err, "AN0739", path);
}

apr_status_t anshin_maildir_make(const char *spool, anshin_error_t *err, apr_pool_t *pool)
{
    static const char *const parts[] = {"", "/tmp", "/new", "/cur"};
    apr_status_t status = APR_SUCCESS;

    for (apr_size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && status == APR_SUCCESS; i++) {
        status = make_directory(apr_pstrcat(pool, spool, parts[i], NULL), err);
    }
    return status == APR_SUCCESS ? sync_directory(spool, err) : status;
}

apr_status_t anshin_maildir_write(const char *spool, const anshin_message_t *message, anshin_error_t *err,
                                  apr_pool_t *pool)
{
    const char *directory = apr_pstrcat(pool, spool, "/tmp", NULL);
    const char *path = apr_pstrcat(pool, directory, "/", message->name, NULL);
    apr_status_t status = APR_SUCCESS;
    int fd;

    /* One that a worker left behind when it died is nobody's. */
    if (unlink(path) != 0 && errno != ENOENT) {
        return fault(err, "AN0733", path);
    }
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);
    if (fd < 0) {
        return fault(err, "AN0734", path);
    }
    if (anshin_io_write(fd, message->data, message->length) != APR_SUCCESS || fsync(fd) != 0) {
        status = fault(err, "AN0735", path);
    }
    if (close(fd) != 0 && status == APR_SUCCESS) {
        status = fault(err, "AN0736", path);
    }
    if (status == APR_SUCCESS) {
        status = sync_directory(directory, err);
    }
    if (status != APR_SUCCESS) {
        (void)unlink(path);
    }
    return status;
}

static apr_status_t look_at(struct stat *facts, const char *directory, anshin_error_t *err)
{
    if (stat(directory, facts) != 0) {
        return fault(err, "AN0746", directory);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_maildir_identity(const char **identity, const char *spool, anshin_error_t *err, apr_pool_t *pool)
{
    struct stat facts;
    const char *directory = apr_pstrcat(pool, spool, "/tmp", NULL);
    apr_status_t status = look_at(&facts, directory, err);

    *identity =
        apr_psprintf(pool, "%s %" APR_UINT64_T_FMT, directory, status == APR_SUCCESS ? (apr_uint64_t)facts.st_ino : 0);
    return status;
}

/* rename() says ENOENT for more than a file that was moved before. */
static apr_status_t why_missing(const char *spool, const char *from, anshin_error_t *err, apr_pool_t *pool)
{
    struct stat facts;
    apr_status_t status = look_at(&facts, apr_pstrcat(pool, spool, "/new", NULL), err);

    if (status == APR_SUCCESS) {
        status = look_at(&facts, apr_pstrcat(pool, spool, "/tmp", NULL), err);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    return lstat(from, &facts) != 0 && errno == ENOENT ? ANSHIN_ENOTFOUND : fault(err, "AN0747", from);
}

apr_status_t anshin_maildir_move(const char *spool, const char *name, anshin_error_t *err, apr_pool_t *pool)
{
    const char *from = apr_pstrcat(pool, spool, "/tmp/", name, NULL);
    const char *to = apr_pstrcat(pool, spool, "/new/", name, NULL);
    apr_status_t status;

    if (rename(from, to) != 0) {
        return errno == ENOENT ? why_missing(spool, from, err, pool) : fault(err, "AN0737", to);
    }
    status = sync_directory(apr_pstrcat(pool, spool, "/new", NULL), err);
    return status == APR_SUCCESS ? sync_directory(apr_pstrcat(pool, spool, "/tmp", NULL), err) : status;
}
