/*
 * htanshin backup: the state directory, while everything runs (BAK-1).
 *
 * SECURITY. A backup has what the store has: hashes of passwords in the clear, and all else of the users. With the
 * keys in it, it has everything; so they come apart unless the operator says otherwise.
 *
 * What the store has lost, its backup has not either. It is made all the same, and the store is read through once more
 * behind it, so that whoever makes it learns of that now, and not when he restores it.
 */
#include <stdio.h>
#include <string.h>

#include "core/keeping/store_check.h"
#include "htanshin/backup/begin.h"
#include "htanshin/backup/restore.h"
#include "htanshin/backup/restored.h"
#include "htanshin/language/language.h"
#include "htanshin/result.h"

static apr_status_t put_head(anshin_archive_t *archive, anshin_call_t *call)
{
    const char *text = NULL;
    apr_status_t status = anshin_backup_head_write(&call->op, call->backup->keys, &text);

    if (status == APR_SUCCESS) {
        status = anshin_archive_begin(archive, ANSHIN_BACKUP_HEAD, (apr_off_t)strlen(text));
    }
    return status == APR_SUCCESS ? anshin_archive_put(archive, text, strlen(text)) : status;
}

static apr_status_t put_end(anshin_archive_t *archive, anshin_call_t *call)
{
    char sum[ANSHIN_SUM_TEXT + 1];
    const char *mac = NULL;
    apr_status_t status = anshin_archive_sums(archive, sum);

    if (status == APR_SUCCESS) {
        status = anshin_backup_mac(&call->op, &mac, sum);
    }
    if (status == APR_SUCCESS) {
        status = anshin_backup_same_keys(call);
    }
    return status == APR_SUCCESS ? anshin_archive_end(archive, mac) : status;
}

static apr_status_t put_all(anshin_call_t *call, anshin_archive_t **archive)
{
    const anshin_backup_t *backup = call->backup;
    apr_status_t status = anshin_archive_create(archive, anshin_target_fd(backup->target), &call->op.error, call->pool);

    if (status == APR_SUCCESS) {
        status = put_head(*archive, call);
    }
    if (status == APR_SUCCESS) {
        status = anshin_gather_put(*archive, call, backup->files, backup->keys);
    }
    return status == APR_SUCCESS ? put_end(*archive, call) : status;
}

/* What cannot be read is told; on the standard output there is the archive. */
static apr_status_t look_through(anshin_call_t *call)
{
    anshin_store_findings_t findings = {.limit = ANSHIN_DAMAGE_TEXTS};
    apr_status_t status =
        call->backup->keys == ANSHIN_BACKUP_ONLY ? APR_SUCCESS : anshin_store_check(&call->op, &findings);

    if (status != APR_SUCCESS || findings.broken == 0) {
        return status;
    }
    call->verdict = ANSHIN_EXIT_REFUSED;
    if (call->result != NULL) {
        anshin_damage_tell(call->result, &findings, call->pool);
    } else {
        (void)fputs(anshin_say("htanshin: backup: made of a store that is damaged: htanshin store check tells where\n"),
                    stderr);
    }
    return APR_SUCCESS;
}

static apr_status_t backup(anshin_call_t *call)
{
    anshin_archive_t *archive = NULL;
    const char *what = NULL;
    apr_status_t status = put_all(call, &archive);

    status = anshin_target_end(call->backup->target, status, &what);
    if (status == APR_SUCCESS) {
        status = anshin_backup_made(&call->op, call->backup->keys, call->operands[0]);
    }
    if (status == APR_SUCCESS && what != NULL) {
        call->done = "the backup is made";
        call->result = json_object();
        anshin_result_text(call->result, "backup", what, call->pool);
        anshin_result_text(call->result, "keys", anshin_backup_keys_name(call->backup->keys), call->pool);
        anshin_result_number(call->result, "files", anshin_archive_files(archive));
        anshin_result_number(call->result, "octets", (apr_int64_t)anshin_archive_octets(archive));
    }
    return status == APR_SUCCESS ? look_through(call) : status;
}

static const anshin_command_option_t backup_options[] = {
    {"keys", "apart|with|only",
     "The seal key and the keys of CAs: apart (not in it, the default), with (in it), or only (nothing but them).", 0},
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t restore_options[] = {
    {"keys", "FILE", "A backup made with --keys only, whose keys belong to it.", 0},
    {"trust-keys", NULL, "Also a backup whose own seal key is not that of the state directory.", 0},
    {"despite-damage", NULL, "Also a backup of a store that was damaged.", 0},
    {"replace", NULL, "Also over a state directory that is not empty, which is kept beside.", 0},
    {"check", NULL, "Only look whether it could be restored.", 0},
    {"group", "GROUP", "The AnshinGroup; that of the backup when not given.", 0},
    {"signer-user", "USER", "The AnshinSignerUser; that of the backup when not given.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_backup[] = {
    {"backup", NULL, "DIR|FILE|-", 1, 1, backup_options, ANSHIN_ACCESS_BACKUP, backup,
     "Make a backup of the state directory while everything runs: in a folder of its own in DIR, where what is as in "
     "the one before takes no place, or as an archive (tar); exit code 1: made, and the store is damaged."},
    {"restore", NULL, "DIR|FILE|-", 1, 1, restore_options, ANSHIN_ACCESS_NONE, anshin_restore,
     "Bring a backup back as the state directory, after all of it was checked; httpd and the CA worker must not run."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
