/*
 * A contract gets another name: see rename.h.
 *
 * SECURITY: a password hash of another system is sealed for its contract; it is opened and sealed again here, and the
 * clear text wiped.
 */
#include "core/keeping/rename.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/address_index.h"
#include "core/account/history.h"
#include "core/account/imported.h"
#include "core/context/expiry.h"
#include "core/context/former.h"
#include "core/context/renaming.h"
#include "core/context/secret.h"
#include "core/keeping/late.h"
#include "core/mail/event.h"

#define ROUNDS 5 /* what httpd's last processes of before wrote meanwhile is found in the next */

typedef struct renaming_t {
    const char *from;
    const char *to;
    const anshin_rename_t *rename;
    anshin_renamed_t *renamed;
} renaming_t;

/* --- whether it can be done --------------------------------------------------------------------------------------- */

typedef struct looking_t {
    const char *contract;
    int has_users; /* or had */
} looking_t;

static apr_status_t see_account(void *baton, const char *key, const void *record)
{
    looking_t *looking = baton;

    (void)record;
    looking->has_users |= anshin_is_of_contract(key, looking->contract);
    return looking->has_users ? APR_EOF : APR_SUCCESS;
}

/* The history of a user who was deleted; that of unknown users is nobody's. */
static apr_status_t see_series(void *baton, const char *key, const void *record)
{
    looking_t *looking = baton;

    looking->has_users |=
        anshin_belongs(&anshin_record_sequence, key, record, looking->contract) && key[strlen(key) - 1] != '/';
    return looking->has_users ? APR_EOF : APR_SUCCESS;
}

static apr_status_t check_names(anshin_op_t *op, const char *from)
{
    if (!anshin_contract_name_valid(from)) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1910", "contract %s: no contract can be called so", from);
    }
    if (strcmp(from, op->contract->name) == 0) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1911", "contract %s: old and new name are the same", from);
    }
    if (anshin_config_contract(op->env->config, from) != NULL) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1912",
                           "contract %s: is declared still; give its <AnshinContract> the new name, and AnshinUse too, "
                           "reload httpd, and repeat the command",
                           from);
    }
    return APR_SUCCESS;
}

/* What the store tells of both names. */
typedef struct found_t {
    const char *from;
    int begun;   /* it is under way */
    int returns; /* it is the way back of one that is */
    int was_so;  /* the contract was called so */
} found_t;

static int has_name(const apr_array_header_t *names, const char *wanted)
{
    for (int i = 0; i < names->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(names, i, const char *), wanted) == 0) {
            return 1;
        }
    }
    return 0;
}

/* A mark is written with the name of before (begin()): one alone tells of nothing that was agreed to. */
static apr_status_t check_mark(anshin_op_t *op, anshin_txn_t *txn, const anshin_renaming_t *mark)
{
    apr_array_header_t *names;
    apr_status_t status = anshin_former_get(op, txn, mark->to, &names);

    return status != APR_SUCCESS || has_name(names, mark->from)
               ? status
               : anshin_fail(&op->error, ANSHIN_EFAULT, "AN1893",
                             "contract %s: the store says that %s is being renamed to it, but not that it was called "
                             "so: a part of the store is missing, or something else has written it. Nothing is done; "
                             "see htanshin store check, and restore a backup",
                             mark->to, mark->from);
}

/* Any other renaming that has one of the names is to end first. */
static apr_status_t find_marks(anshin_op_t *op, anshin_txn_t *txn, found_t *found)
{
    const char *from = found->from, *to = op->contract->name;
    apr_array_header_t *marks;
    apr_status_t status = anshin_renamings_in(op, txn, &marks);

    for (int i = 0; status == APR_SUCCESS && i < marks->nelts; i++) {
        const anshin_renaming_t *mark = &APR_ARRAY_IDX(marks, i, anshin_renaming_t);
        const int same = strcmp(mark->from, from) == 0 && strcmp(mark->to, to) == 0;
        const int back = strcmp(mark->from, to) == 0 && strcmp(mark->to, from) == 0;

        found->begun |= same;
        found->returns |= back;
        if (same || back) {
            status = check_mark(op, txn, mark);
        } else if (strcmp(mark->from, from) == 0 || strcmp(mark->from, to) == 0 || strcmp(mark->to, from) == 0 ||
                   strcmp(mark->to, to) == 0) {
            return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1913",
                               "contract %s: contract %s is being renamed to %s; end that first, by htanshin contract "
                               "rename %s %s",
                               to, mark->from, mark->to, mark->from, mark->to);
        }
    }
    return status;
}

static apr_status_t find(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    found_t *found = baton;
    apr_array_header_t *names;
    apr_status_t status;

    found->begun = found->returns = found->was_so = 0;
    status = find_marks(op, txn, found);
    if (status == APR_SUCCESS && (status = anshin_former_get(op, txn, op->contract->name, &names)) == APR_SUCCESS) {
        found->was_so = has_name(names, found->from);
    }
    return status;
}

/* A contract that has users, or had some, takes none over. Users who are there under a name of before are others: that
 * name was given anew. */
static apr_status_t check_users(const found_t *found, anshin_op_t *op, anshin_txn_t *txn)
{
    looking_t looking = {.contract = op->contract->name};
    looking_t of_before = {.contract = found->from};
    apr_status_t status = APR_SUCCESS;

    if (found->was_so) {
        status = anshin_txn_each(txn, &anshin_record_account, "", see_account, &of_before);
        if (status != APR_SUCCESS || !of_before.has_users) {
            return status;
        }
    }
    status = anshin_txn_each(txn, &anshin_record_account, "", see_account, &looking);
    status = status == APR_SUCCESS ? anshin_txn_each(txn, &anshin_record_sequence, "", see_series, &looking) : status;
    if (status == APR_SUCCESS && looking.has_users) {
        return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1914",
                           "contract %s: has users of its own, or had some; only a contract that has nothing of any "
                           "can take those of %s. If they are not wanted, take <AnshinContract %s> out of the "
                           "configuration, reload httpd, htanshin contract remove %s, and put it in again",
                           op->contract->name, found->from, op->contract->name, op->contract->name);
    }
    return status;
}

static apr_status_t check_users_now(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return check_users(baton, op, txn);
}

/* *state: how far it is. Said again where all is done, there is nothing to do; and where something was written under
 * the old name afterwards, that comes over as well. */
static apr_status_t check(anshin_op_t *op, found_t *found, anshin_rename_state_t *state)
{
    anshin_holdings_t holdings;
    apr_status_t status = check_names(op, found->from);

    status = status == APR_SUCCESS ? anshin_op_read(op, find, found) : status;
    *state = found->begun ? ANSHIN_RENAME_BEGUN : ANSHIN_RENAME_NEW;
    if (status != APR_SUCCESS || found->begun || found->returns ||
        (status = anshin_holdings_count(op, found->from, &holdings)) != APR_SUCCESS) {
        return status;
    }
    if (holdings.records == 0) {
        *state = ANSHIN_RENAME_DONE;
        return found->was_so ? APR_SUCCESS
                             : anshin_fail(&op->error, ANSHIN_ENOTFOUND, "AN1915",
                                           "contract %s: the store has nothing of it", found->from);
    }
    return anshin_op_read(op, check_users_now, found);
}

apr_status_t anshin_contract_rename_check(anshin_op_t *op, const char *from, anshin_rename_state_t *state)
{
    found_t found = {.from = from};

    return check(op, &found, state);
}

/* --- one record --------------------------------------------------------------------------------------------------- */

/* A text of the old name, or one that begins with it and a slash, under the new one. */
static const char *renamed_text(const renaming_t *renaming, const char *text, apr_pool_t *pool)
{
    return anshin_is_of_contract(text, renaming->from)
               ? apr_pstrcat(pool, renaming->to, text + strlen(renaming->from), NULL)
               : text;
}

/* CONTRACT/ID; what has no slash is an account of the machine. */
static const char *renamed_user(const renaming_t *renaming, const char *text, apr_pool_t *pool)
{
    return anshin_is_user_of(text, renaming->from) ? renamed_text(renaming, text, pool) : text;
}

/* The same of a key that has the name behind its first word. */
static const char *renamed_behind(const renaming_t *renaming, const char *key, apr_pool_t *pool)
{
    const char *slash = strchr(key, '/');

    return slash != NULL ? apr_pstrcat(pool, apr_pstrmemdup(pool, key, (apr_size_t)(slash + 1 - key)),
                                       renamed_text(renaming, slash + 1, pool), NULL)
                         : key;
}

/* Of a job only where its lane has the contract. */
static const char *new_key(const renaming_t *renaming, const anshin_record_type_t *type, const char *key,
                           apr_pool_t *pool)
{
    switch (anshin_belonging_of(type)) {
    case ANSHIN_BELONGS_KEY:
        return renamed_text(renaming, key, pool);
    case ANSHIN_BELONGS_SERIES:
    case ANSHIN_BELONGS_FACT:
        return renamed_behind(renaming, key, pool);
    default:
        return type == &anshin_record_job ? renamed_behind(renaming, key, pool) : key;
    }
}

static void rename_list(const renaming_t *renaming, apr_array_header_t *texts, apr_pool_t *pool)
{
    for (int i = 0; texts != NULL && i < texts->nelts; i++) {
        const char **text = &APR_ARRAY_IDX(texts, i, const char *);

        *text = renamed_text(renaming, *text, pool);
    }
}

/* The member that names the contract, and the lists that have the keys of users. */
static void rename_members(const renaming_t *renaming, const anshin_record_type_t *type, void *record, apr_pool_t *pool)
{
    for (apr_size_t i = 0; i < type->field_count; i++) {
        const anshin_field_t *field = &type->fields[i];
        const char *text;

        if (field->kind == ANSHIN_FIELD_TEXT && strcmp(field->name, "contract") == 0) {
            memcpy(&text, (char *)record + field->offset, sizeof(text));
            text = renamed_text(renaming, text, pool);
            memcpy((char *)record + field->offset, &text, sizeof(text));
        }
    }
    if (type == &anshin_record_places) {
        rename_list(renaming, ((anshin_places_t *)record)->networks, pool);
    }
    if (type == &anshin_record_desk_bulk) {
        rename_list(renaming, ((anshin_desk_bulk_t *)record)->whom, pool);
    }
    if (type == &anshin_record_approval) {
        anshin_approval_t *approval = record;

        rename_list(renaming, approval->whom, pool);
        if (anshin_belonging_by_staff(approval)) {
            approval->name = renamed_user(renaming, approval->name, pool);
            approval->second = renamed_user(renaming, approval->second, pool);
        }
    }
}

/* An operation of the old contract, of which nothing but the name is known. */
static anshin_op_t of_old(const renaming_t *renaming, const anshin_op_t *op)
{
    anshin_contract_t *contract = apr_pcalloc(op->pool, sizeof(*contract));
    anshin_op_t old = *op;

    contract->name = renaming->from;
    old.contract = contract;
    return old;
}

/* One that no key opens stays as it is. */
static apr_status_t seal_again(const renaming_t *renaming, anshin_op_t *op, const char **stored)
{
    anshin_op_t old = of_old(renaming, op);
    anshin_imported_t imported;
    const char *text;
    apr_status_t status;

    if (!anshin_imported_tells(*stored, &imported) || anshin_imported_open(&old, &text, *stored) != APR_SUCCESS) {
        return APR_SUCCESS;
    }
    imported.text = text;
    status = anshin_imported_seal(op, stored, &imported);
    anshin_secret_wipe(op, text);
    return status;
}

static apr_status_t seal_passwords(const renaming_t *renaming, anshin_op_t *op, anshin_account_t *account)
{
    apr_status_t status =
        account->password_hash != NULL ? seal_again(renaming, op, &account->password_hash) : APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && account->password_history != NULL && i < account->password_history->nelts;
         i++) {
        status = seal_again(renaming, op, &APR_ARRAY_IDX(account->password_history, i, const char *));
    }
    return status;
}

/* What hangs on a record, behind the locks of its user. */
static apr_status_t index_address(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type,
                                  const void *record)
{
    const anshin_terminal_t *terminal = record;

    return type == &anshin_record_terminal
               ? anshin_address_index_add(op, txn, terminal->address, terminal->user, terminal->number)
               : APR_SUCCESS;
}

static int is_of_a_user(const char *fact)
{
    int is_users;

    return anshin_belonging_fact(fact, &is_users) && is_users;
}

/* Not while a worker has it in hand, nor before its next try. */
static apr_time_t due_of(const anshin_op_t *op, const anshin_job_t *job)
{
    apr_time_t due =
        job->claimed_by != NULL && job->claimed_until > job->not_before ? job->claimed_until : job->not_before;

    return due > op->now ? due : op->now - op->now % apr_time_from_sec(1);
}

/* Due soon: whoever looks then files it as it should be. */
static apr_status_t file(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                         const void *record)
{
    switch (type->due) {
    case ANSHIN_DUE_LOOK:
        return type != &anshin_record_fact || is_of_a_user(key) ? anshin_expiry_file(op, txn, type, key, op->now)
                                                                : APR_SUCCESS;
    case ANSHIN_DUE_QUEUE:
        return anshin_txn_due(txn, type, key, due_of(op, record)); /* a job: of others none is a contract's */
    default:
        return APR_SUCCESS;
    }
}

static apr_status_t take_over(const renaming_t *renaming, anshin_op_t *op, anshin_txn_t *txn,
                              const anshin_record_type_t *type, const char *key, void *record)
{
    const char *fresh = new_key(renaming, type, key, op->pool);
    const int moves = strcmp(fresh, key) != 0;
    int merged = 0;
    apr_status_t status;

    rename_members(renaming, type, record, op->pool);
    status = moves ? anshin_late_merge(op, txn, type, key, fresh, record, &merged) : APR_SUCCESS;
    if (merged) {
        return status;
    }
    if (status == APR_SUCCESS && moves) {
        status = anshin_txn_delete(txn, type, key);
    }
    if (status == APR_SUCCESS && type == &anshin_record_account) {
        status = seal_passwords(renaming, op, record);
    }
    status = status == APR_SUCCESS ? anshin_txn_put(txn, type, fresh, record) : status;
    status = status == APR_SUCCESS ? index_address(op, txn, type, record) : status;
    op->jobs_queued |= type == &anshin_record_job;
    return status == APR_SUCCESS ? file(op, txn, type, fresh, record) : status;
}

/* Behind what unknown users did under the new name. */
static apr_status_t append_unknown(anshin_op_t *op, anshin_txn_t *txn, const char *key, const void *record)
{
    apr_status_t status = anshin_history_append(op, txn, NULL, record);

    return status == APR_SUCCESS ? anshin_txn_delete(txn, &anshin_record_history, key) : status;
}

static int is_of_unknown(const renaming_t *renaming, const char *key)
{
    return strncmp(key + strlen(renaming->from), "//", 2) == 0;
}

/* What counts for nothing under another name. */
static int ends(const anshin_record_type_t *type, const char *key)
{
    const char *last = key + strlen(key) - 1;

    if (type == &anshin_record_sequence) {
        return *last == '/'; /* of unknown users, whose entries are in the other one now */
    }
    if (type == &anshin_record_token) {
        return strchr(key, '/') != NULL; /* a code, bound to the name; links have a MAC for a key */
    }
    if (type == &anshin_record_fact) {
        return !is_of_a_user(key) && strncmp(key, "imported/", 9) != 0;
    }
    return type == &anshin_record_session || type == &anshin_record_session_list || type == &anshin_record_progress ||
           type == &anshin_record_address_index || type == &anshin_record_due;
}

static apr_status_t take_one(const renaming_t *renaming, anshin_op_t *op, anshin_txn_t *txn,
                             const anshin_record_type_t *type, const char *key)
{
    anshin_renamed_t *renamed = renaming->renamed;
    void *record = apr_palloc(op->pool, type->size);
    apr_status_t status = anshin_txn_get(txn, type, key, record);

    if (status != APR_SUCCESS || !anshin_belongs(type, key, record, renaming->from)) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    if (ends(type, key)) {
        renamed->ended++;
        return anshin_txn_delete(txn, type, key);
    }
    renamed->records++;
    renamed->users += type == &anshin_record_account;
    return type == &anshin_record_history && is_of_unknown(renaming, key)
               ? append_unknown(op, txn, key, record)
               : take_over(renaming, op, txn, type, key, record);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

typedef struct group_t {
    const renaming_t *renaming;
    const anshin_record_type_t *type;
    const char *const *keys;
    int count;
    anshin_renamed_t before; /* what was done before it */
} group_t;

static apr_status_t take_group(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const group_t *group = baton;
    apr_status_t status = APR_SUCCESS;

    anshin_txn_moves(txn);
    *group->renaming->renamed = group->before;
    for (int i = 0; status == APR_SUCCESS && i < group->count; i++) {
        status = take_one(group->renaming, op, txn, group->type, group->keys[i]);
    }
    return status;
}

static apr_status_t visit(void *baton, anshin_op_t *op, const anshin_record_type_t *type, const char *const *keys,
                          int count)
{
    const renaming_t *renaming = baton;
    group_t group = {renaming, type, keys, count, *renaming->renamed};
    apr_status_t status = anshin_op_write(op, ANSHIN_LAZY, take_group, &group);

    if (status == APR_SUCCESS && renaming->rename->progress != NULL) {
        renaming->rename->progress(renaming->rename->baton, renaming->renamed->records + renaming->renamed->ended);
    }
    return status;
}

/* The accounts last: who is there can log in, and has everything. */
static apr_status_t take_round(renaming_t *renaming, anshin_op_t *op)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && anshin_record_types[i] != NULL; i++) {
        if (anshin_record_types[i] != &anshin_record_account &&
            anshin_belonging_of(anshin_record_types[i]) != ANSHIN_BELONGS_NEVER) {
            status = anshin_belonging_each(op, anshin_record_types[i], renaming->from, visit, renaming);
        }
    }
    return status == APR_SUCCESS ? anshin_belonging_each(op, &anshin_record_account, renaming->from, visit, renaming)
                                 : status;
}

static apr_status_t changed(anshin_op_t *op, const char *from)
{
    return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1894",
                       "contract %s: is not as it was looked at any more: somebody else has begun, ended or turned "
                       "back its renaming to %s meanwhile. Nothing is done; look again by --dry-run, and repeat the "
                       "command",
                       from, op->contract->name);
}

/* Whoever has agreed may have thought for long, and others run the same command. */
static apr_status_t begin(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const renaming_t *renaming = baton;
    const anshin_fact_t fact = {.value = renaming->from, .at = op->now};
    const anshin_event_t event = {.act = ANSHIN_ACT_CONTRACT_RENAMED, .before = renaming->from, .after = renaming->to};
    found_t found = {.from = renaming->from};
    apr_status_t status = find(&found, op, txn);

    if (status != APR_SUCCESS || found.begun != (renaming->rename->seen == ANSHIN_RENAME_BEGUN)) {
        return status != APR_SUCCESS ? status : changed(op, renaming->from);
    }
    if (found.begun) {
        return APR_SUCCESS;
    }
    status = found.returns ? APR_SUCCESS : check_users(&found, op, txn);
    status = status == APR_SUCCESS
                 ? anshin_txn_put(txn, &anshin_record_fact, anshin_renaming_key(op, op->contract->name), &fact)
                 : status;

    /* The way back ends the one that it goes back on. */
    status = status == APR_SUCCESS
                 ? anshin_txn_delete(txn, &anshin_record_fact, anshin_renaming_key(op, renaming->from))
                 : status;
    status = status == APR_SUCCESS ? anshin_former_move(op, txn, renaming->from, renaming->to) : status;
    return status == APR_SUCCESS ? anshin_event(op, txn, &event) : status;
}

static apr_status_t finish(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    (void)baton;
    return anshin_txn_delete(txn, &anshin_record_fact, anshin_renaming_key(op, op->contract->name));
}

/* Until a round finds nothing. */
static apr_status_t take_all(renaming_t *renaming, anshin_op_t *op)
{
    const anshin_renamed_t *renamed = renaming->renamed;
    apr_status_t status;

    for (int round = 0; round < ROUNDS; round++) {
        const apr_int64_t before = renamed->records + renamed->ended;

        if ((status = take_round(renaming, op)) != APR_SUCCESS || renamed->records + renamed->ended == before) {
            return status;
        }
    }
    return anshin_fail(&op->error, ANSHIN_EBUSY, "AN1925",
                       "contract %s: something is written under this name still, by processes of httpd that have the "
                       "configuration of before; wait until they have ended, and repeat the command, which goes on",
                       renaming->from);
}

apr_status_t anshin_contract_rename(anshin_op_t *op, const anshin_rename_t *rename, anshin_renamed_t *renamed)
{
    renaming_t renaming = {rename->from, op->contract->name, rename, renamed};
    found_t found = {.from = rename->from};
    apr_status_t status;

    memset(renamed, 0, sizeof(*renamed));
    status = check(op, &found, &renamed->state);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (renamed->state != rename->seen) {
        return changed(op, rename->from);
    }
    if (renamed->state == ANSHIN_RENAME_DONE) {
        return APR_SUCCESS;
    }
    status = anshin_op_write(op, ANSHIN_DURABLE, begin, &renaming);
    status = status == APR_SUCCESS ? take_all(&renaming, op) : status;
    return status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_DURABLE, finish, NULL) : status;
}
