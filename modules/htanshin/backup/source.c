/*
 * A backup being read: see source.h.
 */
#include "htanshin/backup/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/backup/archive.h"
#include "htanshin/stream/signals.h"

#define DEPTH_MAX 4
#define LINE_SIZE 256 /* a sum and a name */

struct anshin_source_t {
    int fd;     /* the archive, or the file at hand of a folder */
    int top;    /* the folder; -1: an archive */
    FILE *list; /* of a folder: its SHA256SUMS */
    int last;   /* of a folder: 1, SHA256SUMS was handed out; 2, its MAC as well */
    char name[LINE_SIZE];
    apr_off_t left;
    apr_size_t behind;
    anshin_error_t *err;
};

/* --- names -------------------------------------------------------------------------------------------------------- */

int anshin_source_is_name(const char *name)
{
    static const char *const files[] = {ANSHIN_BACKUP_HEAD, ANSHIN_BACKUP_SUMS, ANSHIN_BACKUP_MAC, "config.json",
                                        "seal.key",         "seal.key.new",     "seal.key.old"};
    static const char *const below[] = {"store/", "ca/", "audit/", "crl/"};
    int depth = 1;
    int is_below = 0;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (strcmp(name, files[i]) == 0) {
            return 1;
        }
    }
    for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
        is_below |= strncmp(name, below[i], strlen(below[i])) == 0;
    }
    for (const char *at = name; is_below && *at != '\0'; at++) {
        int begins = at == name || at[-1] == '/';

        depth += *at == '/';
        if ((*at < 'a' || *at > 'z') && (*at < 'A' || *at > 'Z') && (*at < '0' || *at > '9') &&
            (begins || strchr("._-/", *at) == NULL)) {
            return 0;
        }
    }
    return is_below && depth <= DEPTH_MAX && name[strlen(name) - 1] != '/' && strlen(name) <= ANSHIN_ARCHIVE_NAME_MAX;
}

static int ends_in(const char *name, const char *end)
{
    size_t length = strlen(name);

    return length > strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

int anshin_source_is_key(const char *name)
{
    return strncmp(name, "seal.key", 8) == 0 ||
           (strncmp(name, "ca/", 3) == 0 && !ends_in(name, ".crt") && !ends_in(name, ".rollover"));
}

/* --- an archive --------------------------------------------------------------------------------------------------- */

static apr_status_t cut(const anshin_source_t *source)
{
    return anshin_fail(source->err, ANSHIN_EINVALID, "AN1718", "the backup is no backup of ours, or was cut");
}

/* As anshin_io_read(), but a signal ends it: who writes into a pipe may be slow, or wait for ever. */
static apr_status_t read_some(int fd, char *data, apr_size_t size, apr_size_t *length)
{
    ssize_t got = 1;

    for (*length = 0; *length < size && got != 0; *length += got > 0 ? (apr_size_t)got : 0) {
        got = anshin_signals_came() ? -1 : read(fd, data + *length, size - *length);
        if (anshin_signals_came()) {
            return EINTR;
        }
        if (got < 0 && errno != EINTR) {
            return errno;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t read_all(const anshin_source_t *source, void *data, apr_size_t size)
{
    apr_size_t length = 0;
    apr_status_t status = read_some(source->fd, data, size, &length);

    if (status != APR_SUCCESS) {
        return anshin_fail(source->err, ANSHIN_EFAULT, "AN1719", "the backup cannot be read: %s", strerror(status));
    }
    return length == size ? APR_SUCCESS : cut(source);
}

/* -1: it is none. */
static apr_off_t number_of(const unsigned char *at, int digits)
{
    apr_uint64_t number = 0;

    if (at[0] == 0x80) {
        for (int i = digits - 8; i < digits; i++) {
            number = number << 8 | at[i];
        }
        return number >> 62 == 0 ? (apr_off_t)number : -1;
    }
    for (int i = 0; i < digits - 1; i++) {
        if (at[i] < '0' || at[i] > '7') {
            return -1;
        }
        number = number << 3 | (apr_uint64_t)(at[i] - '0');
    }
    return (apr_off_t)number;
}

static int is_header(const unsigned char block[ANSHIN_ARCHIVE_BLOCK])
{
    apr_off_t sum = 0;

    for (int i = 0; i < ANSHIN_ARCHIVE_BLOCK; i++) {
        sum += i >= 148 && i < 156 ? ' ' : block[i];
    }
    return memcmp(block + 257, "ustar\00000", 8) == 0 && block[156] == '0' && number_of(block + 148, 7) == sum &&
           memchr(block, '\0', ANSHIN_ARCHIVE_NAME_MAX + 1) != NULL;
}

static apr_status_t next_of_archive(anshin_source_t *source)
{
    unsigned char block[ANSHIN_ARCHIVE_BLOCK];
    apr_status_t status = read_all(source, block, sizeof(block));

    if (status != APR_SUCCESS) {
        return status;
    }
    if (block[0] == '\0') {
        return strcmp(source->name, ANSHIN_BACKUP_MAC) == 0 ? APR_EOF : cut(source);
    }
    source->left = is_header(block) ? number_of(block + 124, 12) : -1;
    if (source->left < 0) {
        return cut(source);
    }
    source->behind = (ANSHIN_ARCHIVE_BLOCK - (apr_size_t)(source->left % ANSHIN_ARCHIVE_BLOCK)) % ANSHIN_ARCHIVE_BLOCK;
    apr_cpystrn(source->name, (const char *)block, sizeof(source->name));
    return APR_SUCCESS;
}

void anshin_source_archive(anshin_source_t **source, int fd, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_source_t *made = apr_pcalloc(pool, sizeof(*made));

    made->fd = fd;
    made->top = -1;
    made->err = err;
    *source = made;
}

/* --- a folder ----------------------------------------------------------------------------------------------------- */

static apr_status_t close_folder(void *data)
{
    anshin_source_t *source = data;

    (void)fclose(source->list);
    if (source->fd >= 0) {
        (void)close(source->fd);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_source_folder(anshin_source_t **source, int directory, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_source_t *made = apr_pcalloc(pool, sizeof(*made));
    int fd = openat(directory, ANSHIN_BACKUP_SUMS, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    made->fd = -1;
    made->top = directory;
    made->err = err;
    made->list = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (made->list == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return anshin_fail(err, ANSHIN_EINVALID, "AN1720", "the folder is no backup: its %s: %s", ANSHIN_BACKUP_SUMS,
                           strerror(errno));
    }
    apr_pool_cleanup_register(pool, made, close_folder, apr_pool_cleanup_null);
    *source = made;
    return APR_SUCCESS;
}

/* The name on the next line, or the two that stand on none. */
static apr_status_t name_in_list(anshin_source_t *source)
{
    char line[LINE_SIZE];
    size_t length;

    if (source->last == 0 && fgets(line, sizeof(line), source->list) != NULL) {
        length = strlen(line);
        if (length < ANSHIN_SUM_TEXT + 4 || line[length - 1] != '\n' || strncmp(line + ANSHIN_SUM_TEXT, "  ", 2) != 0) {
            return cut(source);
        }
        line[length - 1] = '\0';
        apr_cpystrn(source->name, line + ANSHIN_SUM_TEXT + 2, sizeof(source->name));
        return APR_SUCCESS;
    }
    source->last++;
    apr_cpystrn(source->name, source->last == 1 ? ANSHIN_BACKUP_SUMS : ANSHIN_BACKUP_MAC, sizeof(source->name));
    return source->last <= 2 ? APR_SUCCESS : APR_EOF;
}

static apr_status_t next_of_folder(anshin_source_t *source)
{
    struct stat seen;
    apr_status_t status;

    if (source->fd >= 0) {
        (void)close(source->fd);
        source->fd = -1;
    }
    status = name_in_list(source);
    if (status != APR_SUCCESS || !anshin_source_is_name(source->name)) {
        return status != APR_SUCCESS ? status : cut(source);
    }
    source->fd = openat(source->top, source->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (source->fd < 0 || fstat(source->fd, &seen) != 0 || !S_ISREG(seen.st_mode)) {
        return anshin_fail(source->err, ANSHIN_EINVALID, "AN1721", "the backup has no file %s, which its sums name",
                           source->name);
    }
    source->left = seen.st_size;
    source->behind = 0;
    return APR_SUCCESS;
}

/* --- either ------------------------------------------------------------------------------------------------------- */

/* The rest of the file at hand; a pipe cannot be sought in. */
static apr_status_t pass_over(anshin_source_t *source)
{
    char step[ANSHIN_ARCHIVE_BLOCK];
    apr_size_t length = 1;
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS && source->left > 0 && length > 0) {
        status = anshin_source_read(source, step, sizeof(step), &length);
    }
    return status == APR_SUCCESS && source->behind > 0 ? read_all(source, step, source->behind) : status;
}

apr_status_t anshin_source_next(anshin_source_t *source, const char **name, apr_off_t *octets)
{
    apr_status_t status = source->top < 0 ? pass_over(source) : APR_SUCCESS;

    source->behind = 0;
    if (status == APR_SUCCESS) {
        status = source->top < 0 ? next_of_archive(source) : next_of_folder(source);
    }
    if (status == APR_SUCCESS && !anshin_source_is_name(source->name)) {
        status = cut(source);
    }
    *name = source->name;
    *octets = source->left;
    return status;
}

apr_status_t anshin_source_read(anshin_source_t *source, void *data, apr_size_t size, apr_size_t *length)
{
    apr_status_t status;

    *length = (apr_off_t)size < source->left ? size : (apr_size_t)source->left;
    status = *length > 0 ? read_all(source, data, *length) : APR_SUCCESS;
    source->left -= status == APR_SUCCESS ? (apr_off_t)*length : 0;
    return status;
}
