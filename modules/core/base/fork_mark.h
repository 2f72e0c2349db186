/*
 * Is this the process that opened something, or one forked from it? Asked at every transaction, so that it is a look at
 * memory instead of a system call: a page that the kernel empties in a child (madvise(2), MADV_WIPEONFORK, Linux 4.14).
 */
#ifndef ANSHIN_CORE_BASE_FORK_MARK_H
#define ANSHIN_CORE_BASE_FORK_MARK_H

#include "core/base/anshin.h"

typedef const volatile unsigned char anshin_fork_mark_t;

/* A mark of this process, as long as pool lives. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_fork_mark_make(anshin_fork_mark_t **mark, anshin_error_t *err, apr_pool_t *pool);

/* 1 in the process that made it, 0 in every other. */
static inline int anshin_fork_mark_mine(anshin_fork_mark_t *mark)
{
    return *mark;
}

#endif
