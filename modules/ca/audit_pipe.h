/*
 * Events of the trail go into a command of the operator's (AUD-3, AnshinAuditCommand), at least once: a batch is taken
 * when the command has ended with 0, and given anew otherwise.
 */
#ifndef ANSHIN_CA_AUDIT_PIPE_H
#define ANSHIN_CA_AUDIT_PIPE_H

#include "core/context/op.h"

#define ANSHIN_AUDIT_PIPE_PAUSE apr_time_from_sec(1)
#define ANSHIN_AUDIT_PIPE_LONGEST apr_time_from_sec(64) /* between two tries */

typedef struct anshin_audit_pipe_t {
    const anshin_env_t *env;
    apr_interval_time_t pause; /* after a failure; 0: the last try went well */
} anshin_audit_pipe_t;

/* Give the next batch, if there is one. What fails is logged once. How long to wait until the next call. */
apr_interval_time_t anshin_audit_pipe_run(anshin_audit_pipe_t *pipe);

#endif
