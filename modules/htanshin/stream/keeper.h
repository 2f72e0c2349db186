/*
 * A file that takes the place of another when it is whole. Private to the command.
 *
 * By then the process is the worker's user, who can rename nothing in the directory of whoever called it. So a child
 * that stays the caller waits: told to, it renames; when the command fails, or is killed, it removes what was written.
 */
#ifndef ANSHIN_HTANSHIN_STREAM_KEEPER_H
#define ANSHIN_HTANSHIN_STREAM_KEEPER_H

#include "htanshin/command.h"

/* Begin a new file NAME.PID (mode 0600) beside `name`, which is there, a regular file of the effective user alone: *fd
 * to write to. Once for a call, before root is left. ANSHIN_EINVALID: *why tells in English. */
apr_status_t anshin_keeper_begin(anshin_call_t *call, const char *name, int *fd, const char **why);

/* Its end, when *fd is closed and durable: with APR_SUCCESS it takes its place. The same status; ANSHIN_EFAULT: it
 * could not (call->op.error). Nothing where none was begun. */
apr_status_t anshin_keeper_end(anshin_call_t *call, apr_status_t status);

#endif
