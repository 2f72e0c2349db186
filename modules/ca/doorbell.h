/*
 * The doorbell: a datagram socket in the state directory that tells the worker of new jobs (core/mail/job.h rings it).
 */
#ifndef ANSHIN_CA_DOORBELL_H
#define ANSHIN_CA_DOORBELL_H

#include "core/base/anshin.h"

/* Bind STATE/run/ca.sock, mode 0660, in place of one that a worker left behind. pool's cleanup closes and removes it.
 * *fd is -1 after a failure, without which the worker only polls. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_doorbell_open(int *fd, const char *state_dir, anshin_error_t *err, apr_pool_t *pool);

/* Take all rings that have come; never waits. What is in them does not count. */
void anshin_doorbell_hear(int fd);

#endif
