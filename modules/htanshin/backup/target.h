/*
 * Where a backup goes: a file, a folder in a directory, or the standard output. Private to the command.
 *
 * By the time that the store is open the process is the worker's user, who may write nothing of whoever called it. So
 * a child that stays the caller writes what it is handed by a pipe; when the command fails, or is killed, the child
 * removes what was written.
 */
#ifndef ANSHIN_HTANSHIN_BACKUP_TARGET_H
#define ANSHIN_HTANSHIN_BACKUP_TARGET_H

#include "htanshin/command.h"

typedef struct anshin_target_t anshin_target_t;

/* Before root is left, as the caller: "-", a directory that is there, or a file that is not. ANSHIN_EINVALID: it
 * cannot be made, or is there already; ANSHIN_EFAULT. */
apr_status_t anshin_target_begin(anshin_target_t **target, anshin_call_t *call, const char *where);

/* Where the archive is written to. */
int anshin_target_fd(const anshin_target_t *target);

/* The archive is whole (status APR_SUCCESS), or is not. Answers status; ANSHIN_EFAULT, ANSHIN_ECONFLICT: it could not
 * be kept (call->op.error). *what: what is there now, for people, in call's pool. */
apr_status_t anshin_target_end(anshin_target_t *target, apr_status_t status, const char **what);

#endif
