/*
 * Reading the snapshot: see snapshot.h.
 *
 * SECURITY: owner and mode are looked at on the descriptor that is then read, so that nothing can be put in its
 * place in between.
 */
#include "ca/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#define SNAPSHOT_MAX 4194304

static apr_status_t check(int fd, const char *path, anshin_error_t *err)
{
    struct stat seen;

    if (fstat(fd, &seen) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0770", "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(seen.st_mode) || (seen.st_uid != 0 && seen.st_uid != geteuid()) ||
        (seen.st_mode & (S_IWGRP | S_IRWXO)) != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0771",
                           "%s must be a file of root or of this user, which nobody else can write (mode 0640)", path);
    }
    return APR_SUCCESS;
}

/* -1, or how much was read. */
static ssize_t read_all(int fd, char *data, size_t size)
{
    size_t length = 0;

    while (length < size) {
        ssize_t got = read(fd, data + length, size - length);

        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        length += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)length;
}

static apr_status_t parse(anshin_config_t **config, int fd, const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    json_error_t where = {.line = 0};
    char *data = apr_palloc(pool, SNAPSHOT_MAX);
    ssize_t length = read_all(fd, data, SNAPSHOT_MAX);
    json_t *json = NULL;
    apr_status_t status;

    if (length >= 0 && length < SNAPSHOT_MAX) {
        json = json_loadb(data, (size_t)length, JSON_REJECT_DUPLICATES, &where);
    }
    if (json == NULL) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0772", "%s: cannot be read, line %d", path, where.line);
    }
    status = anshin_config_from_json(config, json, err, pool);
    json_decref(json);
    return status;
}

apr_status_t anshin_snapshot_read(anshin_config_t **config, const char *state_dir, anshin_error_t *err,
                                  apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, state_dir, "/config.json", NULL);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    apr_status_t status;

    if (fd < 0) {
        return errno == ENOENT ? anshin_fail(err, ANSHIN_ENOTFOUND, "AN0773",
                                             "%s is not there: start httpd once with this AnshinStateDir", path)
                               : anshin_fail(err, ANSHIN_EFAULT, "AN0774", "%s: %s", path, strerror(errno));
    }
    status = check(fd, path, err);
    if (status == APR_SUCCESS) {
        status = parse(config, fd, path, err, pool);
    }
    (void)close(fd);
    return status;
}
