/*
 * htanshin contract: rename one, and remove one with all that there is of it (BAK-2, BAK-3).
 *
 * The configuration is the operator's, and is changed first: what these do follows from what it says then.
 */
#include <stdio.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/config/config.h"
#include "core/context/backed_up.h"
#include "core/keeping/remove.h"
#include "core/keeping/rename.h"
#include "htanshin/approval/hold.h"
#include "htanshin/approval/many.h"
#include "htanshin/call.h"
#include "htanshin/command.h"
#include "htanshin/language/language.h"
#include "htanshin/result.h"
#include "htanshin/spool.h"
#include "htanshin/stream/signals.h"
#include "htanshin/values.h"

#define BACKUP_AGE apr_time_from_sec(86400) /* one that is younger brings back what is removed */

static void put_holdings(const anshin_call_t *call, const anshin_holdings_t *holdings)
{
    static const char *const names[ANSHIN_HOLDINGS] = {
        "users", "devices", "certificates", "sessions", "links_and_codes", "downloads", "mails", "jobs", "history"};

    for (int i = 0; i < ANSHIN_HOLDINGS; i++) {
        anshin_result_number(call->result, names[i], holdings->of[i].count);
    }
    anshin_result_number(call->result, "records", holdings->records);
}

/* With the numbers that a rehearsal tells. */
static apr_status_t agree(anshin_call_t *call, const anshin_holdings_t *holdings, const char *question)
{
    if (anshin_call_value(call, "yes") != NULL) {
        return APR_SUCCESS;
    }
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1920",
                           "%d users are meant: give --yes where nobody can be asked; --dry-run tells what there is",
                           (int)holdings->of[0].count);
    }
    fprintf(stderr, anshin_say("%s: %d users, %d records in all. Type yes to go on: "), question,
            (int)holdings->of[0].count, (int)holdings->records);
    fflush(stderr);
    return anshin_signals_yes()
               ? APR_SUCCESS
               : anshin_fail(&call->op.error, ANSHIN_EDENIED, "AN1921", "nobody said yes: nothing is done");
}

/* --- rename ------------------------------------------------------------------------------------------------------ */

static apr_status_t choose(anshin_call_t *call, const char *name)
{
    call->op.contract = anshin_config_contract(call->config, name);
    return call->op.contract != NULL
               ? APR_SUCCESS
               : anshin_fail(&call->op.error, ANSHIN_ENOTFOUND, "AN1922",
                             "contract %s: is not declared; give the <AnshinContract> that is renamed this name, and "
                             "AnshinUse too, reload httpd, and repeat the command",
                             name);
}

/* Each hundredth, for whoever sits before the terminal. */
typedef struct shown_t {
    apr_int64_t all;
    apr_int64_t percent;
} shown_t;

static void show(void *baton, apr_int64_t records)
{
    shown_t *shown = baton;
    const apr_int64_t percent = shown->all > 0 && records < shown->all ? records * 100 / shown->all : 100;

    if (percent != shown->percent) {
        shown->percent = percent;
        fprintf(stderr, anshin_say("\r%d of %d records (%d %%)\033[K"), (int)records, (int)shown->all, (int)percent);
        fflush(stderr);
    }
}

static apr_status_t do_rename(anshin_call_t *call, const anshin_rename_t *rename)
{
    const char *to = call->op.contract->name;
    static const char next[] = "run htanshin check. Back again: give the contract its old name in the configuration, "
                               "reload httpd, and run htanshin contract rename %s %s";
    const shown_t *shown = rename->baton;
    anshin_renamed_t renamed;
    apr_status_t status = anshin_contract_rename(&call->op, rename, &renamed);

    if (shown->percent >= 0) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_result_text(call->result, "done",
                       renamed.state == ANSHIN_RENAME_DONE ? "has been renamed already" : "renamed", call->pool);
    anshin_result_number(call->result, "users", renamed.users);
    anshin_result_number(call->result, "records", renamed.records);
    anshin_result_number(call->result, "records_that_ended", renamed.ended);
    anshin_result_text(call->result, "next",
                       apr_psprintf(call->pool, call->json ? next : anshin_say(next), to, rename->from), call->pool);
    return APR_SUCCESS;
}

/* One that was begun was approved, and half of it helps nobody: whoever may run the command ends it. */
static apr_status_t hold_rename(anshin_call_t *call, const char *from, const char *to, anshin_rename_state_t state)
{
    if (state != ANSHIN_RENAME_BEGUN) {
        return anshin_hold_contract(call, from, to);
    }
    anshin_many_approved(call);
    return APR_SUCCESS;
}

static apr_status_t contract_rename(anshin_call_t *call)
{
    const char *from = call->operands[0], *to = call->operands[1];
    shown_t shown = {.percent = -1};
    anshin_rename_t rename = {.from = from, .progress = isatty(STDERR_FILENO) ? show : NULL, .baton = &shown};
    anshin_holdings_t holdings;
    apr_status_t status = choose(call, to);

    if (status != APR_SUCCESS ||
        (status = anshin_contract_rename_check(&call->op, from, &rename.seen)) != APR_SUCCESS ||
        (status = anshin_holdings_count(&call->op, from, &holdings)) != APR_SUCCESS) {
        return status;
    }
    shown.all = holdings.records;
    call->result = json_object();
    anshin_result_text(call->result, "contract", from, call->pool);
    anshin_result_text(call->result, "new_name", to, call->pool);
    if (anshin_call_value(call, "dry-run") != NULL) {
        put_holdings(call, &holdings);
        return APR_SUCCESS;
    }
    if (rename.seen != ANSHIN_RENAME_DONE) {
        status = agree(call, &holdings, apr_psprintf(call->pool, "contract rename %s %s", from, to));
        status = status == APR_SUCCESS ? hold_rename(call, from, to, rename.seen) : status;
    }
    return status == APR_SUCCESS ? do_rename(call, &rename) : status;
}

/* --- remove ------------------------------------------------------------------------------------------------------ */

typedef struct outside_t {
    anshin_call_t *call;
    int files;
} outside_t;

static apr_status_t remove_mail(void *baton, const anshin_erased_t *erased)
{
    outside_t *outside = baton;
    anshin_op_t *op = &outside->call->op;

    return anshin_spool_erase(anshin_config_spool(op->env->config, op->pool), erased, &outside->files, &op->error,
                              op->pool);
}

/* What is removed comes back from a backup alone. */
static apr_status_t check_backup(anshin_call_t *call)
{
    anshin_backed_up_t backup;
    apr_status_t status = anshin_backed_up_get(&call->op, &backup);

    if (status != APR_SUCCESS || anshin_call_value(call, "without-backup") != NULL ||
        (backup.at != 0 && backup.at > call->op.now - BACKUP_AGE)) {
        return status;
    }
    return anshin_fail(&call->op.error, ANSHIN_EDENIED, "AN1923",
                       "nothing brings back what is removed, and no backup is younger than a day: make one with "
                       "htanshin backup, or say --without-backup");
}

static apr_status_t do_remove(anshin_call_t *call, anshin_removal_t *removal)
{
    outside_t outside = {call, 0};
    anshin_erased_t erased;
    apr_status_t status;

    removal->outside = remove_mail;
    removal->baton = &outside;
    status = anshin_contract_remove(&call->op, removal, &erased);
    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_result_text(call->result, "done", removal->erase ? "erased" : "removed", call->pool);
    anshin_result_number(call->result, "records", erased.records);
    anshin_result_number(call->result, "certificates", erased.certificates);
    anshin_result_number(call->result, "messages_in_spool", outside.files);
    if (erased.kept > 0) {
        anshin_result_number(call->result, "persons_readable", erased.kept);
    }
    anshin_result_text(
        call->result, "stays",
        erased.kept > 0  ? "the audit trail, in which some can be read still: persons under a former name that "
                           "another contract has now, which has, or had, users of the same IDs; and the serial "
                           "numbers of revoked certificates; log files, backups and mail that has left are not ours"
        : removal->erase ? "the audit trail, in which nobody can be read any more, and the serial numbers "
                           "of revoked certificates; log files, backups and mail that has left are not "
                           "ours"
                         : "the audit trail, and the serial numbers of revoked certificates; --erase makes "
                           "whom the trail is about unreadable",
        call->pool);
    anshin_call_tell_database(call);
    return APR_SUCCESS;
}

static apr_status_t contract_remove(anshin_call_t *call)
{
    anshin_removal_t removal = {.contract = call->operands[0], .erase = anshin_call_value(call, "erase") != NULL};
    anshin_holdings_t holdings;
    apr_status_t status = anshin_contract_remove_check(&call->op, &removal, &holdings);

    if (status != APR_SUCCESS) {
        return status;
    }
    call->result = json_object();
    anshin_result_text(call->result, "contract", removal.contract, call->pool);
    if (anshin_call_value(call, "dry-run") != NULL) {
        put_holdings(call, &holdings);
        return APR_SUCCESS;
    }
    status = check_backup(call);
    if (status == APR_SUCCESS) {
        status = agree(call, &holdings, apr_pstrcat(call->pool, "contract remove ", removal.contract, NULL));
    }
    status = status == APR_SUCCESS ? anshin_hold_contract(call, removal.contract, NULL) : status;
    return status == APR_SUCCESS ? do_remove(call, &removal) : status;
}

static const anshin_command_option_t rename_options[] = {
    {"dry-run", NULL, "Write nothing: tell whether it can be done, and what the contract has.", 0},
    {"yes", NULL, "Do not ask.", 0},
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t remove_options[] = {
    {"dry-run", NULL, "Write nothing: tell whether it can be done, and what the contract has.", 0},
    {"yes", NULL, "Do not ask.", 0},
    {"without-backup", NULL, "Also where no backup of the last day would bring it back.", 0},
    {"erase", NULL, "Destroy the keys of its persons in the audit trail as well, also of one removed before.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_contract[] = {
    {"contract", "rename", "OLD NEW", 2, 2, rename_options, ANSHIN_ACCESS_ALL, contract_rename,
     "Take all that there is of a contract over to its new name; the configuration is changed first. Said again, "
     "go on."},
    {"contract", "remove", "NAME", 1, 1, remove_options, ANSHIN_ACCESS_ALL, contract_remove,
     "Remove all that there is of a contract that is not declared any more; its certificates are revoked. Said "
     "again, go on."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
