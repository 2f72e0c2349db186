/*
 * A contract is removed: see remove.h.
 */
#include "core/keeping/remove.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/former_series.h"
#include "core/audit/series.h"
#include "core/context/former.h"
#include "core/context/keys_part.h"
#include "core/context/renaming.h"
#include "core/mail/event.h"

#define PART 20000 /* series at a time */
#define ROUNDS 5   /* what httpd's last processes of before wrote meanwhile is found in the next */

static apr_status_t check_name(anshin_op_t *op, const char *name)
{
    if (!anshin_contract_name_valid(name)) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1917", "contract %s: no contract can be called so", name);
    }
    if (anshin_config_contract(op->env->config, name) != NULL) {
        return anshin_fail(&op->error, ANSHIN_EINVALID, "AN1918",
                           "contract %s: is declared still; take its <AnshinContract> and every AnshinUse of it out of "
                           "the configuration, reload httpd, and repeat the command",
                           name);
    }
    return APR_SUCCESS;
}

/* --- series of the trail ------------------------------------------------------------------------------------------ */

/* One whose key is there still: the series counts on without it. */
static int has_secret(void *baton, const char *key, const void *record)
{
    const char *contract = baton;

    return anshin_is_of_contract(key, contract) && key[strlen(contract)] == '/' &&
           ((const anshin_audit_series_t *)record)->secret != NULL;
}

typedef struct forgetting_t {
    const char *contract; /* of today */
    anshin_series_name_t name;
    const apr_array_header_t *keys;
    int from;
    apr_array_header_t *ours; /* of this batch: keys */
    int kept;                 /* of this batch: that may be another's */
} forgetting_t;

/* Not what is another contract's, or may be. */
static apr_status_t look_at_one(forgetting_t *forgetting, anshin_op_t *op, anshin_txn_t *txn, const char *key)
{
    const anshin_series_name_t *name = &forgetting->name;
    anshin_whose_series_t whose = ANSHIN_SERIES_EITHER;
    anshin_audit_series_t series;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_audit_series, key, &series);

    if (status == APR_SUCCESS) {
        status = anshin_former_series_whose(op, txn, name, key + strlen(name->name) + 1,
                                            anshin_series_user(op, key, &series, op->pool), &whose);
    }
    if (status == APR_SUCCESS && whose == ANSHIN_SERIES_OURS) {
        APR_ARRAY_PUSH(forgetting->ours, const char *) = key;
    }
    forgetting->kept += status == APR_SUCCESS && whose == ANSHIN_SERIES_EITHER;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

static apr_status_t read_name(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    forgetting_t *forgetting = baton;

    return anshin_series_name_read(op, txn, forgetting->contract, forgetting->name.name, &forgetting->name);
}

static apr_status_t look_at_batch(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    forgetting_t *forgetting = baton;
    apr_status_t status = APR_SUCCESS;

    forgetting->ours = apr_array_make(op->pool, ANSHIN_GROUP, sizeof(const char *));
    forgetting->kept = 0;
    for (int i = forgetting->from;
         status == APR_SUCCESS && i < forgetting->keys->nelts && i < forgetting->from + ANSHIN_GROUP; i++) {
        status = look_at_one(forgetting, op, txn, APR_ARRAY_IDX(forgetting->keys, i, const char *));
    }
    return status;
}

static apr_status_t forget_batch(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const forgetting_t *forgetting = baton;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < forgetting->ours->nelts; i++) {
        status = anshin_series_forget(op, txn, APR_ARRAY_IDX(forgetting->ours, i, const char *));
    }
    return status;
}

/* 1: somebody of a contract of that name can be read in the trail still. */
static apr_status_t look_for_series(anshin_op_t *op, const char *name, int *is_there)
{
    const anshin_keys_part_t part = {&anshin_record_audit_series, "", NULL, 1, has_secret, (void *)(apr_uintptr_t)name};
    const apr_array_header_t *keys;
    apr_status_t status = anshin_keys_part(op, &part, &keys);

    *is_there = keys->nelts > 0;
    return status;
}

/* A batch in a pool of its own: the trail may be of millions. */
static apr_status_t forget_part(anshin_op_t *op, forgetting_t *forgetting, anshin_erased_t *erased)
{
    anshin_op_t batch = *op;
    apr_status_t status = APR_SUCCESS;

    apr_pool_create(&batch.pool, op->pool);
    for (forgetting->from = 0; status == APR_SUCCESS && forgetting->from < forgetting->keys->nelts;
         forgetting->from += ANSHIN_GROUP) {
        apr_pool_clear(batch.pool);
        status = anshin_op_read(&batch, look_at_batch, forgetting);
        status = status == APR_SUCCESS ? anshin_op_write(&batch, ANSHIN_DURABLE, forget_batch, forgetting) : status;
        erased->kept += status == APR_SUCCESS ? forgetting->kept : 0;
    }
    op->error = batch.error;
    apr_pool_destroy(batch.pool);
    return status;
}

static apr_status_t forget_series(anshin_op_t *op, const char *contract, const char *name, anshin_erased_t *erased)
{
    anshin_keys_part_t part = {&anshin_record_audit_series, "", NULL, PART, has_secret, (void *)(apr_uintptr_t)name};
    forgetting_t forgetting = {.contract = contract, .name = {.name = name}};
    apr_status_t status = anshin_op_read(op, read_name, &forgetting);
    int full = status == APR_SUCCESS;

    while (status == APR_SUCCESS && full) {
        anshin_op_t own = *op;

        apr_pool_create(&own.pool, op->pool);
        status = anshin_keys_part(&own, &part, &forgetting.keys);
        status = status == APR_SUCCESS ? forget_part(&own, &forgetting, erased) : status;
        full = forgetting.keys->nelts == PART;
        part.after = full ? apr_pstrdup(op->pool, APR_ARRAY_IDX(forgetting.keys, PART - 1, const char *)) : NULL;
        op->error = own.error;
        apr_pool_destroy(own.pool);
    }
    return status;
}

/* Under the names that it had before, and where another contract had its own, under that: while its accounts are there,
 * which tell whose it is. */
static apr_status_t forget_former(anshin_op_t *op, const char *contract, const apr_array_header_t *former,
                                  int was_others, anshin_erased_t *erased)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < former->nelts; i++) {
        status = forget_series(op, contract, APR_ARRAY_IDX(former, i, const char *), erased);
    }
    return status == APR_SUCCESS && was_others ? forget_series(op, contract, contract, erased) : status;
}

/* --- records ------------------------------------------------------------------------------------------------------ */

typedef struct removing_t {
    const anshin_removal_t *removal;
    anshin_erased_t *erased;
    apr_array_header_t *former; /* names */
    int is_marked;              /* mark_of() is there */
    int was_others;             /* another contract was called so, and is called otherwise now */
    const char *rename_from;    /* on its way from or to this name; NULL: nothing is */
    const char *rename_to;
} removing_t;

typedef struct group_t {
    const removing_t *removing;
    const anshin_record_type_t *type;
    const char *const *keys;
    int count;
    anshin_erased_t before; /* what was removed before it */
} group_t;

/* Whom another contract's operator has ordered something for: those of this contract keep their places, without a name.
 * 1: others are left. */
static int take_out(const char *contract, apr_array_header_t *whom)
{
    int left = 0;

    for (int i = 0; whom != NULL && i < whom->nelts; i++) {
        const char **entry = &APR_ARRAY_IDX(whom, i, const char *);

        *entry = anshin_is_of_contract(*entry, contract) ? "" : *entry;
        left |= **entry != '\0';
    }
    return left;
}

/* 1: of what was ordered or asked for by others something is left; *record is so then. */
static int is_left(const char *contract, const anshin_record_type_t *type, void *record)
{
    const char *own = anshin_record_text(type, record, "contract");
    anshin_approval_t *approval = record;

    if (own == NULL || strcmp(own, contract) == 0) {
        return 0;
    }
    if (type == &anshin_record_desk_bulk) {
        return take_out(contract, ((anshin_desk_bulk_t *)record)->whom);
    }
    if (anshin_belonging_by_staff(approval)) {
        approval->second = anshin_is_user_of(approval->second, contract) ? NULL : approval->second;
        if (anshin_is_user_of(approval->name, contract)) {
            return 0;
        }
    }
    return take_out(contract, approval->whom);
}

static apr_status_t remove_one(const removing_t *removing, anshin_op_t *op, anshin_txn_t *txn,
                               const anshin_record_type_t *type, const char *key)
{
    void *record = apr_palloc(op->pool, type->size);
    apr_status_t status;

    if (anshin_belonging_of(type) != ANSHIN_BELONGS_ORDER) {
        return anshin_erase_record(op, txn, type, key, removing->erased);
    }
    status = anshin_txn_get(txn, type, key, record);
    if (status != APR_SUCCESS || !is_left(removing->removal->contract, type, record)) {
        return status == APR_SUCCESS || status == ANSHIN_ENOTFOUND
                   ? anshin_erase_record(op, txn, type, key, removing->erased)
                   : status;
    }
    removing->erased->records++;
    return anshin_txn_put(txn, type, key, record);
}

static apr_status_t remove_group(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const group_t *group = baton;
    apr_status_t status = APR_SUCCESS;

    *group->removing->erased = group->before;
    for (int i = 0; status == APR_SUCCESS && i < group->count; i++) {
        status = remove_one(group->removing, op, txn, group->type, group->keys[i]);
    }
    return status;
}

static apr_status_t visit(void *baton, anshin_op_t *op, const anshin_record_type_t *type, const char *const *keys,
                          int count)
{
    const removing_t *removing = baton;
    group_t group = {removing, type, keys, count, *removing->erased};

    return anshin_op_write(op, ANSHIN_LAZY, remove_group, &group);
}

/* Sessions and accounts first, by the order of the types: what is left then is nobody's. */
static apr_status_t remove_round(removing_t *removing, anshin_op_t *op)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && anshin_record_types[i] != NULL; i++) {
        if (anshin_belonging_of(anshin_record_types[i]) != ANSHIN_BELONGS_NEVER) {
            status = anshin_belonging_each(op, anshin_record_types[i], removing->removal->contract, visit, removing);
        }
    }
    return status;
}

/* Until a round finds nothing. */
static apr_status_t remove_all(removing_t *removing, anshin_op_t *op)
{
    const anshin_erased_t *erased = removing->erased;
    apr_status_t status;

    for (int round = 0; round < ROUNDS; round++) {
        const int before = erased->records + erased->certificates;

        if ((status = remove_round(removing, op)) != APR_SUCCESS || erased->records + erased->certificates == before) {
            return status;
        }
    }
    return anshin_fail(&op->error, ANSHIN_EBUSY, "AN1926",
                       "contract %s: something of it is written still, by processes of httpd that have the "
                       "configuration of before; wait until they have ended, and repeat the command",
                       removing->removal->contract);
}

/* --- what is known of it ------------------------------------------------------------------------------------------ */

/* That its persons are being erased: until the files of the store have nothing of them. */
static const char *mark_of(const anshin_op_t *op, const anshin_removal_t *removal)
{
    return apr_pstrcat(op->pool, "removing/", removal->contract, NULL);
}

static apr_status_t read_state(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    removing_t *removing = baton;
    const char *name = removing->removal->contract;
    apr_array_header_t *marks, *bearers;
    anshin_fact_t mark;
    apr_status_t status = anshin_former_get(op, txn, name, &removing->former);

    removing->rename_from = NULL;
    status = status == APR_SUCCESS ? anshin_renamings_in(op, txn, &marks) : status;
    for (int i = 0; status == APR_SUCCESS && i < marks->nelts; i++) {
        const anshin_renaming_t *renaming = &APR_ARRAY_IDX(marks, i, anshin_renaming_t);

        if (strcmp(renaming->from, name) == 0 || strcmp(renaming->to, name) == 0) {
            removing->rename_from = renaming->from;
            removing->rename_to = renaming->to;
        }
    }
    status = status == APR_SUCCESS ? anshin_former_bearers(op, txn, name, NULL, &bearers) : status;
    if (status == APR_SUCCESS) {
        removing->was_others = bearers->nelts > 0;
        status = anshin_txn_get(txn, &anshin_record_fact, mark_of(op, removing->removal), &mark);
        removing->is_marked = status == APR_SUCCESS;
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* *is_there: the trail, or a file of the store, may have somebody of it who was to be erased. A former name that
 * another contract has now counts as well: whose the series are is seen when they are forgotten. */
static apr_status_t look_for_persons(const removing_t *removing, anshin_op_t *op, int *is_there)
{
    apr_status_t status = APR_SUCCESS;

    *is_there = removing->is_marked;
    if (!*is_there) {
        status = look_for_series(op, removing->removal->contract, is_there);
    }
    for (int i = 0; status == APR_SUCCESS && !*is_there && i < removing->former->nelts; i++) {
        status = look_for_series(op, APR_ARRAY_IDX(removing->former, i, const char *), is_there);
    }
    return status;
}

static apr_status_t check(removing_t *removing, anshin_op_t *op, anshin_holdings_t *holdings)
{
    const char *name = removing->removal->contract;
    int is_there = 0;
    apr_status_t status = check_name(op, name);

    status = status == APR_SUCCESS ? anshin_op_read(op, read_state, removing) : status;
    if (status == APR_SUCCESS && removing->rename_from != NULL) {
        return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1924",
                           "contract %s: is in the midst of htanshin contract rename %s %s; repeat that command, which "
                           "goes on, with the new name declared",
                           name, removing->rename_from, removing->rename_to);
    }
    status = status == APR_SUCCESS ? anshin_holdings_count(op, name, holdings) : status;
    if (status == APR_SUCCESS && removing->removal->erase) {
        status = look_for_persons(removing, op, &is_there);
    }
    return status == APR_SUCCESS && holdings->records == 0 && !is_there
               ? anshin_fail(&op->error, ANSHIN_ENOTFOUND, "AN1919", "contract %s: the store has nothing of it", name)
               : status;
}

apr_status_t anshin_contract_remove_check(anshin_op_t *op, const anshin_removal_t *removal, anshin_holdings_t *holdings)
{
    removing_t removing = {.removal = removal};

    return check(&removing, op, holdings);
}

/* --- the verb ----------------------------------------------------------------------------------------------------- */

/* An operation of the contract, of which nothing but the name is known: with the defaults of a preset nobody is told by
 * mail. */
static apr_status_t open_own(const anshin_op_t *op, const char *name, anshin_op_t *own)
{
    anshin_contract_t *contract;
    apr_status_t status;

    *own = *op;
    status = anshin_contract_create(&contract, name, ANSHIN_PRESET_CLASSIC, &own->error, op->pool);
    own->contract = contract;
    return status;
}

static apr_status_t begin(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_removal_t *removal = ((const removing_t *)baton)->removal;
    const anshin_fact_t mark = {.value = "erase", .at = op->now};
    const anshin_event_t event = {
        .act = ANSHIN_ACT_CONTRACT_REMOVED, .before = removal->contract, .reason = removal->erase ? "erased" : NULL};
    apr_status_t status =
        removal->erase ? anshin_txn_put(txn, &anshin_record_fact, mark_of(op, removal), &mark) : APR_SUCCESS;

    return status == APR_SUCCESS ? anshin_event(op, txn, &event) : status;
}

static apr_status_t forget_names(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_former_forget(op, txn, ((const removing_t *)baton)->removal->contract);
}

static apr_status_t unmark(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_txn_delete(txn, &anshin_record_fact, mark_of(op, ((const removing_t *)baton)->removal));
}

/* By operations of the contract's own: what the store has of it, and who can be read in the trail. */
static apr_status_t empty(removing_t *removing, anshin_op_t *op)
{
    const anshin_removal_t *removal = removing->removal;
    anshin_op_t own;
    apr_status_t status = open_own(op, removal->contract, &own);

    if (status == APR_SUCCESS && removal->erase) {
        status = forget_former(&own, removal->contract, removing->former, removing->was_others, removing->erased);
    }
    status = status == APR_SUCCESS ? remove_all(removing, &own) : status;
    if (status == APR_SUCCESS && removal->erase && !removing->was_others) {
        status = forget_series(&own, removal->contract, removal->contract, removing->erased);
    }
    op->jobs_queued |= own.jobs_queued;
    op->error = status != APR_SUCCESS ? own.error : op->error;
    return status;
}

/* The former names are known until nobody is under them, and the mark until no file has anybody. */
static apr_status_t end_erasing(removing_t *removing, anshin_op_t *op)
{
    apr_status_t status = anshin_op_write(op, ANSHIN_DURABLE, forget_names, removing);

    status = status == APR_SUCCESS ? anshin_store_scrub(op->env->store, &op->error) : status;
    return status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_DURABLE, unmark, removing) : status;
}

apr_status_t anshin_contract_remove(anshin_op_t *op, const anshin_removal_t *removal, anshin_erased_t *erased)
{
    removing_t removing = {.removal = removal, .erased = erased};
    anshin_holdings_t holdings;
    apr_status_t status = check(&removing, op, &holdings);

    memset(erased, 0, sizeof(*erased));
    erased->addresses = apr_array_make(op->pool, 1, sizeof(const char *));
    if (status != APR_SUCCESS || (status = anshin_op_write(op, ANSHIN_DURABLE, begin, &removing)) != APR_SUCCESS) {
        return status;
    }
    erased->mails = holdings.mails;
    status = removal->outside(removal->baton, erased);
    status = status == APR_SUCCESS ? empty(&removing, op) : status;
    return status == APR_SUCCESS && removal->erase ? end_erasing(&removing, op) : status;
}
