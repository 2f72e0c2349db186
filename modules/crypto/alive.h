/*
 * Which processes live, by a locked file each: so that what a process had in hand is free as soon as it has died.
 */
#ifndef ANSHIN_CRYPTO_ALIVE_H
#define ANSHIN_CRYPTO_ALIVE_H

#include "core/context/op.h"

/* Open for this process, after the fork. directory: that of the slots; node: the name of this machine among those that
 * share the store, NULL: it shares it with none. The file is removed by pool's cleanup, or by whoever finds its process
 * dead. APR_SUCCESS, ANSHIN_EFAULT. */
apr_status_t anshin_alive_open(const anshin_owners_t **owners, const char *directory, const char *node,
                               anshin_error_t *err, apr_pool_t *pool);

#endif
