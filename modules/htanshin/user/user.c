/*
 * htanshin user: accounts, by the operator (REG-1, LCK-2). What it shows never holds a secret.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/account/account.h"
#include "core/admin/erase.h"
#include "core/admin/operator.h"
#include "core/admin/particulars.h"
#include "core/selfservice/reissue.h"
#include "htanshin/approval/hold.h"
#include "htanshin/bulk/user_verbs.h"
#include "htanshin/call.h"
#include "htanshin/command.h"
#include "htanshin/list.h"
#include "htanshin/print.h"
#include "htanshin/result.h"
#include "htanshin/spool.h"
#include "htanshin/user/user_attributes.h"
#include "htanshin/user/user_change.h"
#include "htanshin/user/user_list.h"
#include "htanshin/user/user_show.h"
#include "htanshin/values.h"

#define LINE_SIZE 512 /* of a line that names a user, with NUL: ID and address have 64 and 254 at most */

/* Make one user; spec is filled but for the ID, which is as it was typed. */
static apr_status_t add_one(anshin_call_t *call, const char *typed, anshin_account_new_t *spec, json_t **result)
{
    anshin_invitation_t invitation = {0};
    const char *user;
    apr_status_t status = anshin_call_user(call, typed, &user);

    if (status != APR_SUCCESS) {
        return status;
    }
    spec->user = user;
    status = anshin_account_create(&call->op, spec, &invitation);
    if (status == APR_SUCCESS) {
        call->done = apr_psprintf(
            call->pool, "user %s is created all the same: htanshin user invite %s gives a new pair", user, user);
        *result = anshin_user_invitation(call, user, &invitation);
    }
    return status;
}

/* The next line of the standard input without its end. NULL: there is none. *whole: 0 when it is longer than the buffer
 * or has a NUL, and only its beginning is there. */
static const char *next_line(char *line, size_t size, int *whole)
{
    size_t length = 0;
    int character = getchar();

    if (character == EOF) {
        return NULL;
    }
    *whole = 1;
    for (; character != EOF && character != '\n'; character = getchar()) {
        if (character == '\0' || length + 1 >= size) {
            *whole = 0;
        } else {
            line[length++] = (char)character;
        }
    }
    length -= length > 0 && line[length - 1] == '\r';
    line[length] = '\0';
    return ferror(stdin) ? NULL : line; /* half a line may look like a whole one */
}

/* "USER<TAB or comma>ADDRESS": a user in a transaction of its own. */
static apr_status_t add_line(anshin_call_t *call, const char *line, int whole, anshin_account_new_t *spec,
                             json_t **result)
{
    size_t length = strcspn(line, "\t,");

    if (!whole || line[length] == '\0') {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1187", "%s: write USER, a tab or a comma, ADDRESS",
                           whole ? "ADDRESS: is missing" : "is too long, or has a NUL");
    }
    spec->address = line + length + 1;
    return add_one(call, apr_pstrmemdup(call->pool, line, length), spec, result);
}

static apr_status_t broken(anshin_call_t *call, const char *text)
{
    return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1189", "%s", text);
}

/* What came of a line is written before the next is read: a code is shown once only. A bad line is told of and passed
 * over; where the store is busy or broken, or nothing can be written, all ends. */
static apr_status_t settle_line(anshin_call_t *call, int number, apr_status_t status, json_t *row,
                                anshin_print_list_t *list, apr_pool_t *pool)
{
    json_t *rows = json_array();
    int written;

    if (status != APR_SUCCESS) {
        json_decref(rows);
        if (status == ANSHIN_EINVALID || status == ANSHIN_ECONFLICT) {
            call->verdict = ANSHIN_EXIT_REFUSED;
            anshin_call_tell_of(call, status, anshin_call_line(call, number, call->pool));
            return APR_SUCCESS;
        }
        call->where = anshin_call_line(call, number, pool);
        return status;
    }
    json_array_append_new(rows, row);
    written = anshin_print_part(stdout, list, rows, pool) == 0 && fflush(stdout) == 0;
    json_decref(rows);
    return written ? APR_SUCCESS
                   : broken(call, apr_psprintf(call->pool, "line %d: the answer could not be written; %s", number,
                                               call->done));
}

static apr_status_t add_lines(anshin_call_t *call, const anshin_account_new_t *common)
{
    anshin_print_list_t list = {.json = call->json};
    apr_pool_t *pool = call->pool;
    apr_status_t status = APR_SUCCESS;
    char buffer[LINE_SIZE];
    const char *line;
    int whole;

    apr_pool_create(&call->pool, pool);
    call->op.pool = call->pool;
    for (int number = 1; status == APR_SUCCESS && (line = next_line(buffer, sizeof(buffer), &whole)) != NULL;
         number++) {
        anshin_account_new_t spec = *common;
        json_t *row = NULL;

        if (line[0] == '\0' && whole) {
            continue;
        }
        apr_pool_clear(call->pool);
        anshin_error_clear(&call->op.error);
        call->op.now = call->env.now(call->env.now_baton);
        status = add_line(call, line, whole, &spec, &row);
        status = settle_line(call, number, status, row, &list, pool);
    }
    call->done = NULL;
    apr_pool_destroy(call->pool);
    call->pool = call->op.pool = pool;
    anshin_print_end(stdout, &list);
    if (status == APR_SUCCESS && ferror(stdin)) {
        status = broken(call, "the standard input could not be read");
    }
    return status;
}

/* Whom the lines name that can be taken, each once; the standard input is read to its end. */
static apr_array_header_t *users_of_lines(anshin_call_t *call)
{
    apr_array_header_t *users = apr_array_make(call->pool, 64, sizeof(const char *));
    apr_hash_t *seen = apr_hash_make(call->pool);
    char buffer[LINE_SIZE];
    const char *line;
    int whole;

    while ((line = next_line(buffer, sizeof(buffer), &whole)) != NULL) {
        const apr_size_t length = strcspn(line, "\t,");
        const char *user = anshin_user_canonical(apr_pstrmemdup(call->pool, line, length), call->pool);

        if (whole && line[length] != '\0' && user != NULL && apr_hash_get(seen, user, APR_HASH_KEY_STRING) == NULL) {
            apr_hash_set(seen, user, APR_HASH_KEY_STRING, user);
            APR_ARRAY_PUSH(users, const char *) = user;
        }
    }
    return users;
}

static apr_status_t hold_lines(anshin_call_t *call)
{
    apr_status_t status = anshin_hold_role(call, NULL);

    if (status != APR_SUCCESS || !anshin_hold_reads(call)) {
        return status;
    }
    status = anshin_hold_keep(call, STDIN_FILENO);
    status = status == APR_SUCCESS ? anshin_hold_input(call, STDIN_FILENO, 0, users_of_lines(call)) : status;
    rewind(stdin);
    return status;
}

static apr_status_t hold_added(anshin_call_t *call, int lines)
{
    const char *user = NULL;
    apr_status_t status = lines ? hold_lines(call) : anshin_call_user(call, call->operands[0], &user);

    return status == APR_SUCCESS && !lines ? anshin_hold_role(call, user) : status;
}

static apr_status_t user_add(anshin_call_t *call)
{
    anshin_attributes_t attributes;
    anshin_account_new_t spec = {.address = anshin_call_value(call, "address"),
                                 .language = anshin_call_value(call, "language"),
                                 .label = anshin_call_value(call, "label"),
                                 .attributes = &attributes};
    int lines = strcmp(call->operands[0], "-") == 0;
    apr_status_t status = anshin_call_word(call, "method", anshin_method_words, -1, &spec.method);

    if (status == APR_SUCCESS) {
        status =
            anshin_call_word(call, "terminal", anshin_terminal_kind_words, ANSHIN_TERMINAL_PC, &spec.terminal_kind);
    }
    if (status == APR_SUCCESS) {
        status = anshin_user_attributes(call, &attributes);
    }
    if (status == APR_SUCCESS && lines && (spec.address != NULL || attributes.name != NULL)) {
        status = anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1188",
                             spec.address != NULL ? "--address: must not be given with -, where each line has its own"
                                                  : "--name: must not be given with -, where there are several users");
    }
    if (status == APR_SUCCESS) {
        status = hold_added(call, lines);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    return lines ? add_lines(call, &spec) : add_one(call, call->operands[0], &spec, &call->result);
}

static apr_status_t user_invite(anshin_call_t *call)
{
    anshin_invitation_t invitation = {0};
    const char *user;
    apr_status_t status = anshin_call_user(call, call->operands[0], &user);

    if (status == APR_SUCCESS) {
        status = anshin_account_invite(&call->op, user, &invitation);
    }
    if (status == APR_SUCCESS) {
        call->done = "the former pair has ended all the same: the same command gives another one";
        call->result = anshin_user_invitation(call, user, &invitation);
    }
    return anshin_call_missing(call, status, "user", user);
}

/* What the help desk reads to a caller whose identity it has made sure of (AnshinReissueProof factor,
 * AnshinReissueGap). */
static apr_status_t user_code(anshin_call_t *call)
{
    const char *user;
    const char *code;
    apr_time_t expires_at;
    apr_status_t status = anshin_call_user(call, call->operands[0], &user);

    if (status == APR_SUCCESS) {
        status = anshin_reissue_code(&call->op, user, &code, &expires_at);
    }
    if (status == APR_SUCCESS) {
        call->result = json_object();
        anshin_result_text(call->result, "user", user, call->pool);
        anshin_result_text(call->result, "reissue_code", code, call->pool);
        anshin_result_time(call->result, "valid_until", expires_at, call->pool);
    }
    return anshin_call_missing(call, status, "user", user);
}

static apr_status_t user_show(anshin_call_t *call)
{
    const char *user;
    apr_status_t status = anshin_call_user(call, call->operands[0], &user);

    if (status == APR_SUCCESS) {
        status = anshin_user_show(call, user, &call->result);
    }
    return anshin_call_missing(call, status, "user", user);
}

/* What the operator does to an account, and what is said then. */
static apr_status_t user_act(anshin_call_t *call, apr_status_t (*act)(anshin_op_t *op, const char *user),
                             const char *done)
{
    const char *user;
    apr_status_t status = anshin_call_user(call, call->operands[0], &user);

    if (status == APR_SUCCESS) {
        status = act(&call->op, user);
    }
    if (status == APR_SUCCESS) {
        call->result = json_object();
        anshin_result_text(call->result, "user", user, call->pool);
        anshin_result_text(call->result, "done", call->op.unchanged ? "unchanged" : done, call->pool);
    }
    return anshin_call_missing(call, status, "user", user);
}

static apr_status_t lock(anshin_op_t *op, const char *user)
{
    return anshin_account_lock(op, user, ANSHIN_ACCOUNT_LOCKED);
}

static apr_status_t disable(anshin_op_t *op, const char *user)
{
    return anshin_account_lock(op, user, ANSHIN_ACCOUNT_DISABLED);
}

/* Who is disabled stays so, whoever has done it: "locked" would promise that unlock opens him. */
static apr_status_t user_lock(anshin_call_t *call)
{
    anshin_particulars_t found;
    apr_status_t status;

    if (anshin_bulk_wanted(call)) {
        return anshin_bulk_lock(call);
    }
    status = user_act(call, lock, "locked");
    if (status == APR_SUCCESS && !call->op.unchanged &&
        anshin_particulars_get(&call->op, json_string_value(json_object_get(call->result, "user")), &found) ==
            APR_SUCCESS &&
        found.account.state == ANSHIN_ACCOUNT_DISABLED) {
        anshin_result_text(call->result, "done", "is disabled, and stays so", call->pool);
    }
    return status;
}

static apr_status_t user_disable(anshin_call_t *call)
{
    if (anshin_bulk_wanted(call)) {
        return anshin_bulk_disable(call);
    }
    return user_act(call, disable, "disabled");
}

static apr_status_t user_unlock(anshin_call_t *call)
{
    if (anshin_bulk_wanted(call)) {
        return anshin_bulk_unlock(call);
    }
    return user_act(call, anshin_account_unlock, "unlocked");
}

typedef struct outside_t {
    anshin_call_t *call;
    int files;
} outside_t;

static apr_status_t erase_mail(void *baton, const anshin_erased_t *erased)
{
    outside_t *outside = baton;
    anshin_op_t *op = &outside->call->op;

    return anshin_spool_erase(anshin_config_spool(op->env->config, op->pool), erased, &outside->files, &op->error,
                              op->pool);
}

/* All that tells of a person goes (IDN-2); what must remain is told. */
static apr_status_t user_erase(anshin_call_t *call, const char *user)
{
    outside_t outside = {call, 0};
    anshin_erased_t erased;
    apr_status_t status = anshin_account_erase(&call->op, user, erase_mail, &outside, &erased);

    if (status != APR_SUCCESS) {
        return anshin_call_missing(call, status, "user", user);
    }
    call->result = json_object();
    anshin_result_text(call->result, "user", user, call->pool);
    anshin_result_text(call->result, "done", "erased", call->pool);
    anshin_result_number(call->result, "records", erased.records);
    anshin_result_number(call->result, "messages_in_spool", outside.files);
    if (erased.kept > 0) {
        anshin_result_number(call->result, "readable_in_trail", erased.kept);
        anshin_result_text(call->result, "note",
                           "under a former name of the contract the trail has this ID of an account that may be of the "
                           "contract which has that name now; that one can be read still",
                           call->pool);
    }
    anshin_result_text(call->result, "stays",
                       erased.certificates > 0
                           ? apr_psprintf(call->pool,
                                          "the serial numbers of %d revoked certificates, without a name, for CRL and "
                                          "OCSP; log files, backups and mail that has left are not ours",
                                          erased.certificates)
                           : "log files, backups and mail that has left are not ours",
                       call->pool);
    anshin_call_tell_database(call);
    return APR_SUCCESS;
}

/* By the ids alone: another user may have the same mailbox. */
static apr_status_t forget_mail(void *baton, const anshin_erased_t *erased)
{
    outside_t *outside = baton;
    anshin_erased_t mails = *erased;

    mails.addresses = apr_array_make(outside->call->pool, 1, sizeof(const char *));
    return erase_mail(outside, &mails);
}

static apr_status_t user_forget(anshin_call_t *call, const char *user)
{
    outside_t outside = {call, 0};
    anshin_erased_t erased;
    apr_status_t status = anshin_account_forget(&call->op, user, forget_mail, &outside, &erased);

    if (status != APR_SUCCESS) {
        return anshin_call_missing(call, status, "user", user);
    }
    call->result = json_object();
    anshin_result_text(call->result, "user", user, call->pool);
    anshin_result_text(call->result, "done", "deleted", call->pool);
    anshin_result_number(call->result, "messages_in_spool", outside.files);
    anshin_result_text(call->result, "stays",
                       "the history until AnshinHistoryRetention is over, and the revoked certificates; nobody who "
                       "gets the ID sees them. Mail that has not left is gone. --erase removes all of it",
                       call->pool);
    return APR_SUCCESS;
}

static apr_status_t user_delete(anshin_call_t *call)
{
    const char *user;
    apr_status_t status;

    if (anshin_bulk_wanted(call)) {
        return anshin_bulk_delete(call);
    }
    status = anshin_call_user(call, call->operands[0], &user);
    if (status == APR_SUCCESS && anshin_call_value(call, "erase") != NULL) {
        return user_erase(call, user);
    }
    return status == APR_SUCCESS ? user_forget(call, user) : status;
}

static const anshin_command_option_t add_options[] = {
    {"address", "MAIL", "Mail address of the first device; not with -, where each line has its own.", 1},
    {"method", "METHOD", "password, otp or certificate; the contract's AnshinDefaultLoginMethod when not given.", 0},
    {"terminal", "KIND", "pc, mobile or smartphone; pc when not given.", 0},
    {"label", "LABEL", "What the first device is called, at most 32 characters; the user may change it.", 0},
    {"language", "LANGUAGE", "ja or en, of mail, until the user chooses one; when not given, that of the browser.", 0},
    ANSHIN_ATTRIBUTE_OPTIONS,
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t delete_options[] = {
    {"erase", NULL, "Remove history, mail and every other trace of the person as well, also of one deleted before.", 0},
    ANSHIN_BULK_OPTIONS,
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t bulk_options[] = {ANSHIN_BULK_OPTIONS, {NULL, NULL, NULL, 0}};
static const anshin_command_option_t undo_options[] = {ANSHIN_BULK_OPTIONS, ANSHIN_BULK_UNDO, {NULL, NULL, NULL, 0}};

const anshin_command_t anshin_commands_user[] = {
    {"user", "add", "USER|-", 1, 1, add_options, ANSHIN_ACCESS_STORE, user_add,
     "Create a user; prints the registration URL and the registration code, to be handed out by two ways. With - one "
     "for each line of the standard input (USER, tab or comma, ADDRESS)."},
    {"user", "invite", "USER", 1, 1, NULL, ANSHIN_ACCESS_STORE, user_invite,
     "Give a user who has not registered yet a new URL and code; the old ones end."},
    {"user", "reinvite", "[USER]", 0, 1, bulk_options, ANSHIN_ACCESS_FILES, anshin_bulk_reinvite,
     "Give many who have not registered yet new URLs and codes; what came of each is a row with them."},
    {"user", "show", "USER", 1, 1, NULL, ANSHIN_ACCESS_STORE, user_show,
     "Show state, method, devices, certificates, locks and last login of a user."},
    {"user", "list", "", 0, 0, anshin_user_list_options, ANSHIN_ACCESS_STORE, anshin_user_list,
     "List the contract's users, in the order of their IDs."},
    {"user", "set", "[USER]", 0, 1, anshin_user_set_options, ANSHIN_ACCESS_FILES, anshin_user_set,
     "Change what is given of a user; what follows from it follows, as where users change it themselves."},
    {"user", "reset", "[USER]", 0, 1, bulk_options, ANSHIN_ACCESS_FILES, anshin_user_reset,
     "Let a user who has lost everything register anew: passwords, answer and app are gone, certificates revoked, "
     "sessions ended; prints a new registration URL and code."},
    {"user", "must-change", "[USER]", 0, 1, bulk_options, ANSHIN_ACCESS_FILES, anshin_user_must_change,
     "Ask a user for a new password at the next login."},
    {"user", "lock", "[USER]", 0, 1, undo_options, ANSHIN_ACCESS_FILES, user_lock,
     "Lock a user and end the user's sessions."},
    {"user", "unlock", "[USER]", 0, 1, undo_options, ANSHIN_ACCESS_FILES, user_unlock,
     "Undo lock, disable and the lock of too many attempts; every counter starts again."},
    {"user", "disable", "[USER]", 0, 1, undo_options, ANSHIN_ACCESS_FILES, user_disable,
     "Lock a user who will not come back; listed apart from those who will."},
    {"user", "code", "USER", 1, 1, NULL, ANSHIN_ACCESS_HASH, user_code,
     "Give out a code for the reissue of a password; it proves the user (AnshinReissueProof factor), or opens "
     "AnshinReissueGap."},
    {"user", "delete", "[USER]", 0, 1, delete_options, ANSHIN_ACCESS_FILES, user_delete,
     "Delete a user, and revoke the certificates; devices, sessions, links and waiting mail go, the history stays."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
