/*
 * htanshin backup, before root is left: see begin.h.
 */
#include "htanshin/backup/begin.h"

#include <sys/stat.h>

#include <apr_strings.h>

#include "htanshin/stream/files.h"
#include "htanshin/stream/signals.h"
#include "htanshin/values.h"
#include "runtime/state_names.h"

static void see_keys(const anshin_call_t *call, anshin_backup_key_file_t seen[ANSHIN_BACKUP_KEY_FILES])
{
    static const char *const names[ANSHIN_BACKUP_KEY_FILES] = {ANSHIN_STATE_KEY, ANSHIN_STATE_KEY_NEW,
                                                               ANSHIN_STATE_KEY_OLD};

    for (int i = 0; i < ANSHIN_BACKUP_KEY_FILES; i++) {
        struct stat file;

        seen[i] = (anshin_backup_key_file_t){0, 0, 0};
        if (lstat(apr_pstrcat(call->pool, call->state_dir, "/", names[i], NULL), &file) == 0) {
            seen[i] = (anshin_backup_key_file_t){file.st_ino, file.st_mtim.tv_sec, file.st_mtim.tv_nsec};
        }
    }
}

apr_status_t anshin_backup_same_keys(anshin_call_t *call)
{
    const anshin_backup_key_file_t *before = call->backup->seen;
    anshin_backup_key_file_t now[ANSHIN_BACKUP_KEY_FILES];
    int same = 1;

    see_keys(call, now);
    for (int i = 0; i < ANSHIN_BACKUP_KEY_FILES; i++) {
        same &= now[i].inode == before[i].inode && now[i].changed == before[i].changed &&
                now[i].nanoseconds == before[i].nanoseconds;
    }
    return same ? APR_SUCCESS
                : anshin_fail(&call->op.error, ANSHIN_EBUSY, "AN1811",
                              "backup: the seal key was changed meanwhile; make it again");
}

static apr_status_t begin_target(anshin_call_t *call)
{
    return anshin_target_begin(&call->backup->target, call, call->operands[0]);
}

apr_status_t anshin_backup_begin(anshin_call_t *call)
{
    const char *keys = anshin_call_value(call, "keys");
    int word = keys != NULL ? anshin_backup_keys_find(keys) : ANSHIN_BACKUP_APART;
    apr_status_t status;

    if (word < 0) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1736", "--keys %s: must be one of apart, with, only",
                           keys);
    }
    call->backup = apr_pcalloc(call->pool, sizeof(*call->backup));
    call->backup->keys = (anshin_backup_keys_t)word;
    see_keys(call, call->backup->seen);
    anshin_signals_catch();
    anshin_signals_let(1);
    status = anshin_files_as_caller(call, begin_target); /* its child has none of the keys open */
    return status == APR_SUCCESS ? anshin_gather_open(&call->backup->files, call, call->backup->keys) : status;
}
