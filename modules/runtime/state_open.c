/*
 * A file to be read: see state_open.h.
 *
 * SECURITY: root reads what others may have put there: no link is followed, no FIFO waited for, and no device
 * touched (S36).
 */
#include "runtime/state_open.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

/* What of the path lies below STATE; NULL: none of it. */
static char *below(const char *state_dir, const char *path, apr_pool_t *pool)
{
    apr_size_t length = strlen(state_dir);

    while (length > 1 && state_dir[length - 1] == '/') {
        length--;
    }
    return strncmp(path, state_dir, length) == 0 && path[length] == '/' ? apr_pstrdup(pool, path + length) : NULL;
}

/* -1: with errno. No name opens a FIFO for good or a device for its side effects. */
static int open_below(const char *state_dir, char *names)
{
    int fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    char *rest;

    for (const char *name = apr_strtok(names, "/", &rest); fd >= 0 && name != NULL;) {
        const char *next = apr_strtok(NULL, "/", &rest);
        int parent = fd;
        int code;

        fd = strcmp(name, "..") == 0
                 ? -1
                 : openat(parent, name,
                          O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (next != NULL ? O_DIRECTORY : 0));
        code = strcmp(name, "..") == 0 ? ELOOP : errno;
        (void)close(parent);
        errno = code;
        name = next;
    }
    return fd;
}

apr_status_t anshin_state_open(int *fd, const char *state_dir, const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    char *names = below(state_dir, path, pool);
    struct stat seen;

    *fd = names != NULL ? open_below(state_dir, names) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0 && (errno == ELOOP || errno == ENOTDIR)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1172",
                           "%s is a link, or lies behind one; below the state directory none is followed. Put the file "
                           "itself there, or name another place",
                           path);
    }
    if (*fd < 0) {
        return anshin_fail(err, errno == ENOENT ? ANSHIN_ENOTFOUND : ANSHIN_EFAULT, "AN1173", "%s: %s", path,
                           strerror(errno));
    }
    if (fstat(*fd, &seen) == 0 && S_ISREG(seen.st_mode)) {
        return APR_SUCCESS;
    }
    (void)close(*fd);
    *fd = -1;
    return anshin_fail(err, ANSHIN_EINVALID, "AN1174", "%s is not a regular file; move it away", path);
}
