/*
 * A backup as a folder: see folder.h.
 */
#include "htanshin/backup/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/backup/archive.h"
#include "htanshin/backup/tree.h"
#include "runtime/io.h"

#define STEP 262144

typedef struct folder_t {
    int top;    /* of the new one */
    int before; /* of the one before; -1: none */
    anshin_source_t *source;
    anshin_error_t *err;
    char *step; /* of the source, */
    char *same; /* and of the file before */
} folder_t;

/* --- names -------------------------------------------------------------------------------------------------------- */

static int ends_in(const char *name, const char *end)
{
    size_t length = strlen(name);

    return length >= strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

static int is_whole(int directory, const char *name, apr_pool_t *pool)
{
    return strncmp(name, ANSHIN_FOLDER_STEM, sizeof(ANSHIN_FOLDER_STEM) - 1) == 0 &&
           !ends_in(name, ANSHIN_FOLDER_PARTIAL) &&
           faccessat(directory, apr_pstrcat(pool, name, "/" ANSHIN_BACKUP_MAC, NULL), F_OK, 0) == 0;
}

static DIR *list(int directory)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;

    if (stream == NULL && fd >= 0) {
        (void)close(fd);
    }
    return stream;
}

const char *anshin_folder_newest(int directory, apr_pool_t *pool)
{
    DIR *stream = list(directory);
    const char *newest = NULL;
    const struct dirent *entry;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        if ((newest == NULL || strcmp(entry->d_name, newest) > 0) && is_whole(directory, entry->d_name, pool)) {
            newest = apr_pstrdup(pool, entry->d_name);
        }
    }
    if (stream != NULL) {
        (void)closedir(stream);
    }
    return newest;
}

/* Left by one that was killed; whoever holds the directory's lock is alone. */
static void remove_partial(int directory)
{
    DIR *stream = list(directory);
    const struct dirent *entry;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        if (strncmp(entry->d_name, ANSHIN_FOLDER_STEM, sizeof(ANSHIN_FOLDER_STEM) - 1) == 0 &&
            ends_in(entry->d_name, ANSHIN_FOLDER_PARTIAL)) {
            (void)anshin_tree_remove(directory, entry->d_name);
        }
    }
    if (stream != NULL) {
        (void)closedir(stream);
    }
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static apr_status_t failed(const folder_t *folder, const char *name)
{
    return anshin_fail(folder->err, ANSHIN_EFAULT, "AN1722", "backup: %s cannot be written: %s", name, strerror(errno));
}

/* The first octets of the file before, which are the same. */
static apr_status_t copy_same(const folder_t *folder, int to, int from, apr_off_t octets)
{
    for (apr_off_t at = 0; at < octets;) {
        apr_size_t length = octets - at < STEP ? (apr_size_t)(octets - at) : STEP;
        ssize_t got = pread(from, folder->same, length, at);
        apr_status_t status = got > 0 ? anshin_io_write(to, folder->same, (apr_size_t)got) : EIO;

        if (status != APR_SUCCESS) {
            errno = status;
            return status;
        }
        at += got;
    }
    return APR_SUCCESS;
}

/* -1: there is none that could be the same. */
static int open_before(const folder_t *folder, const char *name, apr_off_t octets)
{
    int fd = folder->before >= 0 ? openat(folder->before, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    struct stat seen;

    if (fd >= 0 && (fstat(fd, &seen) != 0 || !S_ISREG(seen.st_mode) || seen.st_size != octets || octets == 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static int link_before(const folder_t *folder, const char *name)
{
    int fd;

    if (linkat(folder->before, name, folder->top, name, 0) == 0) {
        return 1;
    }
    if (errno != ENOENT) {
        return 0;
    }
    fd = anshin_tree_create(folder->top, name); /* makes its directories */
    if (fd < 0) {
        return 0;
    }
    (void)close(fd);
    (void)unlinkat(folder->top, name, 0);
    return linkat(folder->before, name, folder->top, name, 0) == 0;
}

typedef struct file_t {
    const char *name;
    int before; /* as long as all was the same; -1: no more */
    int to;     /* -1: not made yet */
    apr_off_t at;
} file_t;

/* From here on it is a file of its own. */
static apr_status_t begin_file(const folder_t *folder, file_t *file)
{
    file->to = anshin_tree_create(folder->top, file->name);
    if (file->to < 0 || (file->before >= 0 && copy_same(folder, file->to, file->before, file->at) != APR_SUCCESS)) {
        return failed(folder, file->name);
    }
    if (file->before >= 0) {
        (void)close(file->before);
        file->before = -1;
    }
    return APR_SUCCESS;
}

static apr_status_t take_step(const folder_t *folder, file_t *file, apr_size_t length)
{
    apr_status_t status = APR_SUCCESS;

    if (file->to < 0 && (file->before < 0 || pread(file->before, folder->same, length, file->at) != (ssize_t)length ||
                         memcmp(folder->step, folder->same, length) != 0)) {
        status = begin_file(folder, file);
    }
    if (status == APR_SUCCESS && file->to >= 0 &&
        (status = anshin_io_write(file->to, folder->step, length)) != APR_SUCCESS) {
        errno = status;
        status = failed(folder, file->name);
    }
    file->at += (apr_off_t)length;
    return status;
}

static apr_status_t take_file(const folder_t *folder, const char *name, apr_off_t octets)
{
    file_t file = {.name = name, .before = open_before(folder, name, octets), .to = -1};
    apr_size_t length = 1;
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS) {
        status = anshin_source_read(folder->source, folder->step, STEP, &length);
        if (status != APR_SUCCESS || length == 0) {
            break;
        }
        status = take_step(folder, &file, length);
    }
    if (status == APR_SUCCESS && file.to < 0 && (file.before < 0 || !link_before(folder, name))) {
        status = begin_file(folder, &file);
    }
    if (file.before >= 0) {
        (void)close(file.before);
    }
    if (file.to >= 0 && close(file.to) != 0 && status == APR_SUCCESS) {
        status = failed(folder, name);
    }
    return status;
}

/* --- the folder --------------------------------------------------------------------------------------------------- */

static apr_status_t take_all(const folder_t *folder)
{
    const char *name;
    apr_off_t octets;
    apr_status_t status;

    while ((status = anshin_source_next(folder->source, &name, &octets)) == APR_SUCCESS) {
        status = take_file(folder, name, octets);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    if (status == APR_EOF) {
        status = syncfs(folder->top) == 0 ? APR_SUCCESS : failed(folder, "the folder");
    }
    return status;
}

static const char *name_now(apr_pool_t *pool)
{
    char text[64];
    time_t now = time(NULL);
    struct tm parts;

    (void)gmtime_r(&now, &parts);
    (void)strftime(text, sizeof(text), ANSHIN_FOLDER_STEM "%Y%m%dT%H%M%SZ", &parts);
    return apr_pstrdup(pool, text);
}

apr_status_t anshin_folder_write(int directory, anshin_source_t *source, const char **name, anshin_error_t *err,
                                 apr_pool_t *pool)
{
    folder_t folder = {.source = source, .err = err, .step = apr_palloc(pool, STEP), .same = apr_palloc(pool, STEP)};
    const char *before;
    const char *partial;
    apr_status_t status;

    if (flock(directory, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        return anshin_fail(err, ANSHIN_ECONFLICT, "AN1723", "backup: another one is being written there");
    }
    remove_partial(directory);
    before = anshin_folder_newest(directory, pool);
    *name = name_now(pool);
    partial = apr_pstrcat(pool, *name, ANSHIN_FOLDER_PARTIAL, NULL);
    if (mkdirat(directory, partial, S_IRWXU) != 0 ||
        (folder.top = openat(directory, partial, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0) {
        return failed(&folder, partial);
    }
    folder.before = before != NULL ? openat(directory, before, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    status = take_all(&folder);
    (void)close(folder.top);
    if (folder.before >= 0) {
        (void)close(folder.before);
    }
    if (status != APR_SUCCESS) {
        anshin_folder_drop(directory, *name, pool);
    }
    return status;
}

static apr_status_t not_kept(const char *name, anshin_error_t *err)
{
    return anshin_fail(err, ANSHIN_EFAULT, "AN1724", "backup: %s cannot be kept: %s", name, strerror(errno));
}

/* Two in the same second: the later one sorts behind the other. */
apr_status_t anshin_folder_keep(int directory, const char **name, anshin_error_t *err, apr_pool_t *pool)
{
    const char *partial = apr_pstrcat(pool, *name, ANSHIN_FOLDER_PARTIAL, NULL);
    const char *wanted = *name;

    for (int i = 2; anshin_tree_rename(directory, partial, wanted) != 0; i++) {
        if (errno != EEXIST || i > 9) {
            return not_kept(partial, err);
        }
        wanted = apr_psprintf(pool, "%s.%d", *name, i);
    }
    *name = wanted;
    return fsync(directory) == 0 ? APR_SUCCESS : not_kept(wanted, err);
}

void anshin_folder_drop(int directory, const char *name, apr_pool_t *pool)
{
    (void)anshin_tree_remove(directory, apr_pstrcat(pool, name, ANSHIN_FOLDER_PARTIAL, NULL));
}
