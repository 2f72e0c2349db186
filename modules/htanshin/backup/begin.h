/*
 * htanshin backup, before root is left. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_BACKUP_BEGIN_H
#define ANSHIN_HTANSHIN_BACKUP_BEGIN_H

#include "htanshin/backup/gather.h"
#include "htanshin/backup/target.h"

/* The files of seal keys in STATE; all zero: there is no such file. */
#define ANSHIN_BACKUP_KEY_FILES 3
typedef struct anshin_backup_key_file_t {
    apr_uint64_t inode;
    apr_int64_t changed, nanoseconds; /* of the content */
} anshin_backup_key_file_t;

typedef struct anshin_backup_t {
    anshin_backup_key_file_t seen[ANSHIN_BACKUP_KEY_FILES]; /* at the begin */
    anshin_backup_keys_t keys;
    anshin_target_t *target;
    apr_array_header_t *files;
} anshin_backup_t;

/* Begin call->backup: the target as the caller, the files of keys as whoever the process is. APR_SUCCESS;
 * ANSHIN_EINVALID, ANSHIN_EFAULT (call->op.error). */
apr_status_t anshin_backup_begin(anshin_call_t *call);

/* APR_SUCCESS: the seal key is the same as at the begin, and so is the one before; ANSHIN_EBUSY: what was gathered is
 * by several, which no archive says. */
apr_status_t anshin_backup_same_keys(anshin_call_t *call);

#endif
