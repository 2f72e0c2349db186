/*
 * Blobs of the dbm store: see blobs.h.
 *
 * SECURITY: what lies here is sealed (S24), but a seal key may leak later, so what was used is overwritten where it
 * lies before its name goes. That is real on file systems that write in place (ext4, xfs), which the operator's guide
 * asks for.
 */
#include "store/files/blobs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#define NAME_LENGTH 32
#define STALE apr_time_from_sec(3600)
#define ZEROS 4096

/* DIR/blobs/NN; ANSHIN_ENOTFOUND when it is missing. */
static apr_status_t open_shelf(anshin_directory_t *shelf, const anshin_directory_t *directory, const char *name,
                               anshin_error_t *err, apr_pool_t *pool)
{
    const char *path = apr_psprintf(pool, "%s/blobs/%.2s", directory->path, name);

    return access(path, F_OK) == 0 ? anshin_directory_open(shelf, path, err) : ANSHIN_ENOTFOUND;
}

/* Once in a process, for every shelf: who made it may have been killed before it synced, or be about to. */
static apr_status_t sync_name(anshin_shelves_t *shelves, const anshin_directory_t *directory,
                              const anshin_directory_t *parent, const char *name, anshin_error_t *err)
{
    const char digits[] = {name[0], name[1], '\0'};
    atomic_uchar *durable = &shelves->durable[strtoul(digits, NULL, 16) % ANSHIN_SHELVES];
    apr_status_t status;

    if (atomic_load(durable)) {
        return APR_SUCCESS;
    }
    status = anshin_directory_sync(parent, err);
    if (status == APR_SUCCESS) {
        status = anshin_directory_sync(directory, err);
    }
    if (status == APR_SUCCESS) {
        atomic_store(durable, 1);
    }
    return status;
}

/* For a put: the shelf, made when it is missing, with its name on the disk. */
static apr_status_t make_shelf(anshin_directory_t *shelf, anshin_shelves_t *shelves,
                               const anshin_directory_t *directory, const char *name, anshin_error_t *err,
                               apr_pool_t *pool)
{
    const char *blobs = anshin_directory_path(directory, "blobs", pool);
    anshin_directory_t parent;
    apr_status_t status = anshin_directory_open(&parent, blobs, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_directory_open(shelf, apr_psprintf(pool, "%s/%.2s", blobs, name), err);
    if (status == APR_SUCCESS) {
        status = sync_name(shelves, directory, &parent, name, err);
        if (status != APR_SUCCESS) {
            anshin_directory_close(shelf);
        }
    }
    anshin_directory_close(&parent);
    return status;
}

static apr_status_t overwrite(int fd)
{
    static const char zeros[ZEROS];
    struct stat facts;
    apr_status_t status = APR_SUCCESS;

    if (fstat(fd, &facts) != 0) {
        return errno;
    }
    for (apr_off_t at = 0; at < facts.st_size && status == APR_SUCCESS; at += ZEROS) {
        apr_off_t left = facts.st_size - at;

        status = anshin_file_write(fd, zeros, (apr_size_t)(left < ZEROS ? left : ZEROS), at);
    }
    return status == APR_SUCCESS && fsync(fd) != 0 ? errno : status;
}

static apr_status_t write_new(const anshin_directory_t *shelf, const char *temporary, const void *data,
                              apr_size_t length, anshin_error_t *err)
{
    int fd;
    apr_status_t status = anshin_directory_create(&fd, shelf, temporary, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_file_write(fd, data, length, 0);
    if (status == APR_SUCCESS && fsync(fd) != 0) {
        status = errno;
    }
    close(fd);
    if (status != APR_SUCCESS) {
        (void)anshin_directory_remove(shelf, temporary, NULL);
        return anshin_fail(err, ANSHIN_EFAULT, "AN0373", "store: cannot write a blob: %s", strerror(status));
    }
    return APR_SUCCESS;
}

/* What the name stood for before is wiped as well. */
static apr_status_t put_on(const anshin_directory_t *shelf, const char *name, const void *data, apr_size_t length,
                           anshin_error_t *err, apr_pool_t *pool)
{
    const char *temporary = apr_psprintf(pool, "%s.%ld.%ld", name, (long)getpid(), (long)gettid());
    apr_status_t status;
    int old;

    status = anshin_directory_open_file(&old, shelf, name, O_RDWR, err);
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    status = write_new(shelf, temporary, data, length, err);
    if (status == APR_SUCCESS) {
        status = anshin_directory_rename(shelf, temporary, name, err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_directory_sync(shelf, err);
    }
    if (old >= 0) {
        if (status == APR_SUCCESS && overwrite(old) != APR_SUCCESS) {
            status = anshin_fail(err, ANSHIN_EFAULT, "AN0374", "store: cannot wipe a replaced blob");
        }
        close(old);
    }
    return status;
}

static apr_status_t own_pool(apr_pool_t **pool, anshin_error_t *err)
{
    if (apr_pool_create_unmanaged(pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0375", "store: no memory for a blob");
    }
    return APR_SUCCESS;
}

apr_status_t anshin_blobs_put(const anshin_directory_t *directory, anshin_shelves_t *shelves, const char *name,
                              const void *data, apr_size_t length, anshin_error_t *err)
{
    anshin_directory_t shelf;
    apr_pool_t *pool;
    apr_status_t status = own_pool(&pool, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = make_shelf(&shelf, shelves, directory, name, err, pool);
    if (status == APR_SUCCESS) {
        status = put_on(&shelf, name, data, length, err, pool);
        anshin_directory_close(&shelf);
    }
    apr_pool_destroy(pool);
    return status;
}

static apr_status_t read_whole(int fd, anshin_bytes_t *data, anshin_error_t *err, apr_pool_t *pool)
{
    struct stat facts;
    unsigned char *bytes;
    apr_status_t status;

    if (fstat(fd, &facts) != 0 || facts.st_size > ANSHIN_BLOB_MAX) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0376", "store: a blob is not one of ours");
    }
    bytes = apr_palloc(pool, (apr_size_t)facts.st_size + 1);
    status = anshin_file_read(fd, bytes, (apr_size_t)facts.st_size, 0);
    if (status != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0377", "store: cannot read a blob: %s",
                           status == APR_EOF ? "it became shorter" : strerror(status));
    }
    data->data = bytes;
    data->length = (apr_size_t)facts.st_size;
    return APR_SUCCESS;
}

apr_status_t anshin_blobs_get(const anshin_directory_t *directory, const char *name, anshin_bytes_t *data,
                              anshin_error_t *err, apr_pool_t *pool)
{
    anshin_directory_t shelf;
    apr_status_t status = open_shelf(&shelf, directory, name, err, pool);
    int fd;

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_directory_open_file(&fd, &shelf, name, O_RDONLY, err);
    if (status == APR_SUCCESS) {
        status = read_whole(fd, data, err, pool);
        close(fd);
    }
    anshin_directory_close(&shelf);
    return status;
}

static apr_status_t wipe_on(const anshin_directory_t *shelf, const char *name, anshin_error_t *err)
{
    int fd;
    apr_status_t status = anshin_directory_open_file(&fd, shelf, name, O_RDWR, err);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    status = overwrite(fd);
    close(fd);
    if (status != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0378", "store: cannot wipe a blob: %s", strerror(status));
    }
    status = anshin_directory_remove(shelf, name, err);
    return status == APR_SUCCESS ? anshin_directory_sync(shelf, err) : status;
}

apr_status_t anshin_blobs_wipe(const anshin_directory_t *directory, const char *name, anshin_error_t *err)
{
    anshin_directory_t shelf;
    apr_pool_t *pool;
    apr_status_t status = own_pool(&pool, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = open_shelf(&shelf, directory, name, err, pool);
    if (status == APR_SUCCESS) {
        status = wipe_on(&shelf, name, err);
        anshin_directory_close(&shelf);
    }
    apr_pool_destroy(pool);
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* The names are exchanged: what was wiped meanwhile does not come back. Where a file system cannot do that, it would be
 * an orphan, which housekeeping wipes. */
static apr_status_t exchange(const anshin_directory_t *shelf, const char *temporary, const char *name,
                             anshin_error_t *err)
{
    if (renameat2(shelf->fd, temporary, shelf->fd, name, RENAME_EXCHANGE) == 0) {
        return APR_SUCCESS;
    }
    if (errno == ENOENT) {
        return ANSHIN_ENOTFOUND;
    }
    return errno == EINVAL || errno == ENOSYS
               ? anshin_directory_rename(shelf, temporary, name, err)
               : anshin_fail(err, ANSHIN_EFAULT, "AN1647", "store: cannot replace a blob: %s", strerror(errno));
}

static apr_status_t replace_on(const anshin_directory_t *shelf, const char *name, const void *data, apr_size_t length,
                               anshin_error_t *err, apr_pool_t *pool)
{
    const char *temporary = apr_psprintf(pool, "%s.%ld.%ld", name, (long)getpid(), (long)gettid());
    int old;
    apr_status_t status = anshin_directory_open_file(&old, shelf, name, O_RDWR, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = write_new(shelf, temporary, data, length, err);
    if (status == APR_SUCCESS) {
        status = exchange(shelf, temporary, name, err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_directory_sync(shelf, err);
    }
    if (status == APR_SUCCESS && overwrite(old) != APR_SUCCESS) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN1648", "store: cannot wipe a replaced blob");
    }
    close(old);
    return wipe_on(shelf, temporary, status == APR_SUCCESS ? err : NULL) == APR_SUCCESS || status != APR_SUCCESS
               ? status
               : ANSHIN_EFAULT;
}

apr_status_t anshin_blobs_replace(const anshin_directory_t *directory, const char *name, const void *data,
                                  apr_size_t length, anshin_error_t *err)
{
    anshin_directory_t shelf;
    apr_pool_t *pool;
    apr_status_t status = own_pool(&pool, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = open_shelf(&shelf, directory, name, err, pool);
    if (status == APR_SUCCESS) {
        status = replace_on(&shelf, name, data, length, err, pool);
        anshin_directory_close(&shelf);
    }
    apr_pool_destroy(pool);
    return status;
}

/* --- walking -------------------------------------------------------------------------------------------------------
 */

/* Was a file under its temporary name, NAME.PID.TID, left behind? Its age alone does not tell: a clock that has been
 * put forward makes one old that is being written, and gets its name as zeros. */
static int is_left(const char *name, apr_time_t written_at)
{
    long pid = strtol(name + NAME_LENGTH + 1, NULL, 10);

    return apr_time_now() - written_at > STALE && (pid <= 0 || (kill((pid_t)pid, 0) != 0 && errno == ESRCH));
}

static apr_status_t visit_file(const anshin_directory_t *shelf, const char *name, anshin_blob_visit_fn *visit,
                               void *baton, anshin_error_t *err)
{
    struct stat facts;
    apr_time_t written_at;
    apr_size_t digits = strspn(name, "0123456789abcdef");

    if (fstatat(shelf->fd, name, &facts, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(facts.st_mode)) {
        return APR_SUCCESS; /* gone meanwhile, or not ours */
    }
    written_at = apr_time_from_sec(facts.st_mtim.tv_sec) + facts.st_mtim.tv_nsec / 1000;
    if (digits == NAME_LENGTH && name[NAME_LENGTH] == '\0') {
        return visit(baton, name, written_at);
    }
    if (digits == NAME_LENGTH && name[NAME_LENGTH] == '.' && is_left(name, written_at)) {
        return wipe_on(shelf, name, err);
    }
    return APR_SUCCESS;
}

static apr_status_t visit_shelf(const anshin_directory_t *directory, const char *digits, anshin_blob_visit_fn *visit,
                                void *baton, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_directory_t shelf;
    apr_array_header_t *names;
    apr_status_t status = open_shelf(&shelf, directory, digits, err, pool);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    status = anshin_directory_list(&names, &shelf, err, pool);
    for (int i = 0; status == APR_SUCCESS && i < names->nelts; i++) {
        status = visit_file(&shelf, APR_ARRAY_IDX(names, i, const char *), visit, baton, err);
    }
    anshin_directory_close(&shelf);
    return status;
}

apr_status_t anshin_blobs_each(const anshin_directory_t *directory, anshin_blob_visit_fn *visit, void *baton,
                               anshin_error_t *err, apr_pool_t *pool)
{
    for (int shelf = 0; shelf < ANSHIN_SHELVES; shelf++) {
        apr_status_t status =
            visit_shelf(directory, apr_psprintf(pool, "%02x", (unsigned)shelf), visit, baton, err, pool);

        if (status != APR_SUCCESS) {
            return status;
        }
    }
    return APR_SUCCESS;
}
