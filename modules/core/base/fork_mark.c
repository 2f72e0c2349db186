/*
 * A page that is empty in forked children: see fork_mark.h.
 */
#include "core/base/fork_mark.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static apr_status_t unmap(void *page)
{
    munmap(page, (size_t)sysconf(_SC_PAGESIZE));
    return APR_SUCCESS;
}

apr_status_t anshin_fork_mark_make(anshin_fork_mark_t **mark, anshin_error_t *err, apr_pool_t *pool)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0149", "no memory for the mark of a process: %s", strerror(errno));
    }
    if (madvise(page, size, MADV_WIPEONFORK) != 0) {
        int cause = errno;

        munmap(page, size);
        return anshin_fail(err, ANSHIN_EFAULT, "AN0148", "a page cannot be marked for forks (Linux 4.14 can): %s",
                           strerror(cause));
    }
    *page = 1;
    apr_pool_cleanup_register(pool, page, unmap, apr_pool_cleanup_null);
    *mark = page;
    return APR_SUCCESS;
}
