/*
 * One job from claim to end.
 */
#ifndef ANSHIN_CA_WORK_H
#define ANSHIN_CA_WORK_H

#include "ca/signer_client.h"
#include "core/context/op.h"
#include "core/mail/job.h"

/* What the threads share, read-only. */
typedef struct anshin_work_t {
    const anshin_env_t *env;
    anshin_signer_client_t *signer_client;
} anshin_work_t;

/* Do a job that `worker` has claimed, in pool. Whatever happens, it is finished, dropped, or given back to be tried
 * again; what is worth it is logged. Answers 0 when the store did not let it be given back: the same worker gets it
 * again with a later claim, and should give the store some time. */
int anshin_work_do(const anshin_work_t *work, const anshin_job_t *job, const char *key, const char *worker,
                   apr_pool_t *pool);

#endif
