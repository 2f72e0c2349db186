/*
 * Backups of the state directory (BAK-1): what stands on one, and what is done once one was restored. Which files it
 * is made of: htanshin/backup/archive.h.
 */
#ifndef ANSHIN_CORE_KEEPING_BACKUP_H
#define ANSHIN_CORE_KEEPING_BACKUP_H

#include "core/context/op.h"

#define ANSHIN_BACKUP_FORMAT 1

/* What a backup holds of keys: the seal key, and those of the CAs that lie in the state directory. */
typedef enum anshin_backup_keys_t {
    ANSHIN_BACKUP_APART, /* none */
    ANSHIN_BACKUP_WITH,  /* both, beside all else */
    ANSHIN_BACKUP_ONLY   /* both, and nothing else */
} anshin_backup_keys_t;

/* The file BACKUP. */
typedef struct anshin_backup_head_t {
    anshin_backup_keys_t keys;
    apr_time_t made_at;
    const char *version; /* of the program */
    const char *key;     /* by which seal key: a MAC of nothing */
} anshin_backup_head_t;

/* The text of one, now, in op's pool; and back, into pool. APR_SUCCESS; ANSHIN_EINVALID (write: never): it is none, or
 * of a later format; ANSHIN_EFAULT. */
apr_status_t anshin_backup_head_write(anshin_op_t *op, anshin_backup_keys_t keys, const char **text);
apr_status_t anshin_backup_head_read(anshin_backup_head_t *head, const char *text, apr_size_t length,
                                     anshin_error_t *err, apr_pool_t *pool);

/* "apart", "with", "only"; an answer of -1: none of them. */
const char *anshin_backup_keys_name(anshin_backup_keys_t keys);
int anshin_backup_keys_find(const char *name);

/* The MAC of the sum of SHA256SUMS by the seal key; in op's pool. ANSHIN_EFAULT. */
apr_status_t anshin_backup_mac(anshin_op_t *op, const char **mac, const char *sum);

/* *is: 1 when it is the key that head says, and its MAC of the sum, by any seal key that is there; else 0. */
apr_status_t anshin_backup_key_is(anshin_op_t *op, int *is, const char *theirs);
apr_status_t anshin_backup_mac_is(anshin_op_t *op, int *is, const char *sum, const char *theirs);

/* The trail hears of a backup, when it is durable, and its age counts from now, unless it is of keys alone. where: for
 * people. */
apr_status_t anshin_backup_made(anshin_op_t *op, anshin_backup_keys_t keys, const char *where);

/* The same of a store that was restored, in it. All sessions end with it: those that were ended since the backup was
 * made would be there again. *sessions: how many. op needs no contract. */
apr_status_t anshin_backup_restored(anshin_op_t *op, const anshin_backup_head_t *head, apr_int64_t *sessions);

/* All sessions of all contracts end. *sessions: how many. */
apr_status_t anshin_backup_end_sessions(anshin_op_t *op, apr_int64_t *sessions);

#endif
