/*
 * Standard error of worker and signer, handed on to the system's log (B23): the signer can open no socket, and
 * libraries know no other place for what they say.
 */
#ifndef ANSHIN_CA_RELAY_H
#define ANSHIN_CA_RELAY_H

#include <sys/types.h>

#include "ca/system_log.h"
#include "runtime/privilege.h"

/* A line is cut after so many octets. */
#define ANSHIN_RELAY_LINE_MAX 2048

/* From now on, standard error of this process and of those it starts is a pipe to a process of its own, which becomes
 * the user (NULL: it stays who we are) and lives until everybody who writes has gone: the last words of one that dies
 * are in the log as well. Nobody waits for it: what a full pipe cannot take is lost. For single-threaded times, when
 * the signals that tell us to end are blocked: it shall not heed them. APR_SUCCESS; ANSHIN_EFAULT (no pipe, no
 * process). */
apr_status_t anshin_relay_start(pid_t *relay, const anshin_unix_user_t *user, const anshin_system_log_t *log,
                                anshin_error_t *err);

/* Say no more, and wait a little until all is handed on. */
void anshin_relay_end(pid_t relay);

/* The process' work: lines from a descriptor to the sink, until it ends. */
void anshin_relay_run(int in, anshin_log_sink_t *sink);

#endif
