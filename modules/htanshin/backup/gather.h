/*
 * What a backup is made of: the state directory, put into an archive. Private to the command.
 */
#ifndef ANSHIN_HTANSHIN_BACKUP_GATHER_H
#define ANSHIN_HTANSHIN_BACKUP_GATHER_H

#include "core/keeping/backup.h"
#include "htanshin/backup/archive.h"
#include "htanshin/command.h"

/* Files that are open. */
typedef struct anshin_gathered_t {
    const char *name; /* in the backup */
    int fd;
} anshin_gathered_t;

/* Before root is left: open what only root, or the signer's user, may read: ca/ and seal.key, as far as keys asks for
 * it. *files: of anshin_gathered_t, in call's pool. ANSHIN_EINVALID, ANSHIN_EFAULT: a key cannot be read. */
apr_status_t anshin_gather_open(apr_array_header_t **files, anshin_call_t *call, anshin_backup_keys_t keys);

/* Put them, then (keys not ANSHIN_BACKUP_ONLY) store, trail, lists of revoked certificates and configuration. Answers
 * of anshin_store_copy(). */
apr_status_t anshin_gather_put(anshin_archive_t *archive, anshin_call_t *call, const apr_array_header_t *files,
                               anshin_backup_keys_t keys);

#endif
