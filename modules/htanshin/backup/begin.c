/*
 * htanshin backup, before root is left: see begin.h.
 */
#include "htanshin/backup/begin.h"

#include "htanshin/stream/files.h"
#include "htanshin/stream/signals.h"
#include "htanshin/values.h"

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
    anshin_signals_catch();
    anshin_signals_let(1);
    status = anshin_files_as_caller(call, begin_target); /* its child has none of the keys open */
    return status == APR_SUCCESS ? anshin_gather_open(&call->backup->files, call, call->backup->keys) : status;
}
