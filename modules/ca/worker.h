/*
 * The worker at work: threads that do jobs, and one that listens.
 */
#ifndef ANSHIN_CA_WORKER_H
#define ANSHIN_CA_WORKER_H

#include "ca/work.h"

/* Work until told to end: SIGTERM and its like on signals (a signalfd), or the end of lifeline (a pipe; -1: none);
 * bell (-1: none) wakes the threads. The jobs in hand are finished. APR_SUCCESS: ended as told. ANSHIN_EBUSY: the
 * signer is gone and this process cannot start another. ANSHIN_EFAULT: no threads. */
apr_status_t anshin_worker_run(const anshin_work_t *work, int threads, int signals, int lifeline, int bell,
                               apr_pool_t *pool);

#endif
