/*
 * A backup unpacked into a directory of its own, with every sum checked. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_BACKUP_STAGE_H
#define ANSHIN_HTANSHIN_BACKUP_STAGE_H

#include "core/keeping/backup.h"
#include "crypto/sum.h"
#include "htanshin/backup/source.h"

/* What was unpacked. */
typedef struct anshin_staged_t {
    anshin_backup_head_t head;
    char sum[ANSHIN_SUM_TEXT + 1]; /* of SHA256SUMS, */
    const char *mac;               /* and what the backup says is its MAC: not checked yet */
    apr_int64_t files;
    apr_off_t octets;
} anshin_staged_t;

/* Unpack source below directory, all of it or only the keys of it (only_keys). What is there already is not replaced.
 * APR_SUCCESS: each file has the sum that SHA256SUMS gives it, and there is no other. ANSHIN_EINVALID: it is no backup
 * of ours, was cut or changed, or brings keys and says that it does not; ANSHIN_EFAULT. */
apr_status_t anshin_stage(anshin_staged_t *staged, int directory, anshin_source_t *source, int only_keys,
                          anshin_error_t *err, apr_pool_t *pool);

#endif
