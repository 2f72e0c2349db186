/*
 * The uptime of this machine: see uptime.h. It counts sleep, and no clock that is set moves it.
 */
#include "runtime/uptime.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/base/waiting.h"
#include "runtime/io.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static apr_time_t read_uptime(void *unused)
{
    (void)unused;
    return anshin_uptime_now();
}

apr_status_t anshin_uptime_open(const anshin_uptime_t **uptime, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_uptime_t *made = apr_pcalloc(pool, sizeof(*made));
    char id[64];
    apr_size_t length = 0;
    int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
    apr_status_t status = fd < 0 ? errno : anshin_io_read(fd, id, sizeof(id), &length);

    if (fd >= 0) {
        (void)close(fd);
    }
    while (length > 0 && id[length - 1] == '\n') {
        length--;
    }
    if (status != APR_SUCCESS || length == 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1160", BOOT_ID ": %s",
                           status != APR_SUCCESS ? strerror(status) : "is empty");
    }
    made->boot = apr_pstrmemdup(pool, id, length);
    made->read = read_uptime;
    *uptime = made;
    return APR_SUCCESS;
}
