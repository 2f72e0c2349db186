/*
 * htanshin backup, before root is left. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_BACKUP_BEGIN_H
#define ANSHIN_HTANSHIN_BACKUP_BEGIN_H

#include "htanshin/backup/gather.h"
#include "htanshin/backup/target.h"

typedef struct anshin_backup_t {
    anshin_backup_keys_t keys;
    anshin_target_t *target;
    apr_array_header_t *files;
} anshin_backup_t;

/* Begin call->backup: the target as the caller, the files of keys as whoever the process is. APR_SUCCESS;
 * ANSHIN_EINVALID, ANSHIN_EFAULT (call->op.error). */
apr_status_t anshin_backup_begin(anshin_call_t *call);

#endif
