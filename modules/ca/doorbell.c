/*
 * The doorbell: see doorbell.h.
 *
 * SECURITY: anybody in the group can ring. A ring says only that there may be work.
 */
#include "ca/doorbell.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <apr_strings.h>

typedef struct bell_t {
    int fd;
    const char *path;
} bell_t;

static apr_status_t take_down(void *data)
{
    const bell_t *bell = data;

    (void)unlink(bell->path);
    (void)close(bell->fd);
    return APR_SUCCESS;
}

apr_status_t anshin_doorbell_open(int *fd, const char *state_dir, anshin_error_t *err, apr_pool_t *pool)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s/run/ca.sock", state_dir);
    bell_t *bell;
    int made;

    *fd = -1;
    if (length < 0 || (apr_size_t)length >= sizeof(address.sun_path)) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0790",
                           "doorbell: the path of the state directory is too long for a socket");
    }
    made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0791", "doorbell: %s", strerror(errno));
    }
    (void)unlink(address.sun_path);
    if (bind(made, (const struct sockaddr *)&address, sizeof(address)) != 0 || chmod(address.sun_path, 0660) != 0) {
        (void)close(made);
        return anshin_fail(err, ANSHIN_EFAULT, "AN0792", "doorbell: %s: %s", address.sun_path, strerror(errno));
    }
    bell = apr_pcalloc(pool, sizeof(*bell));
    bell->fd = *fd = made;
    bell->path = apr_pstrdup(pool, address.sun_path);
    apr_pool_cleanup_register(pool, bell, take_down, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

void anshin_doorbell_hear(int fd)
{
    char octet;

    while (recv(fd, &octet, sizeof(octet), MSG_DONTWAIT) >= 0) {}
}
