/*
 * A contract is removed: see remove.h.
 */
#include "core/keeping/remove.h"

#include <string.h>

#include <apr_strings.h>

#include "core/audit/series.h"
#include "core/context/former.h"
#include "core/context/keys_part.h"
#include "core/mail/event.h"

#define PART 20000 /* series at a time */

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
    const apr_array_header_t *keys;
    int from;
} forgetting_t;

static apr_status_t forget_batch(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const forgetting_t *forgetting = baton;
    apr_status_t status = APR_SUCCESS;

    for (int i = forgetting->from;
         status == APR_SUCCESS && i < forgetting->keys->nelts && i < forgetting->from + ANSHIN_GROUP; i++) {
        status = anshin_series_forget(op, txn, APR_ARRAY_IDX(forgetting->keys, i, const char *));
    }
    return status;
}

/* 1: somebody of the contract can be read in the trail still. */
static apr_status_t look_for_series(anshin_op_t *op, const char *contract, int *is_there)
{
    const anshin_keys_part_t part = {&anshin_record_audit_series,    "", NULL, 1, has_secret,
                                     (void *)(apr_uintptr_t)contract};
    const apr_array_header_t *keys;
    apr_status_t status = anshin_keys_part(op, &part, &keys);

    *is_there = keys->nelts > 0;
    return status;
}

static apr_status_t forget_series(anshin_op_t *op, const char *contract)
{
    const anshin_keys_part_t part = {&anshin_record_audit_series,    "", NULL, PART, has_secret,
                                     (void *)(apr_uintptr_t)contract};
    forgetting_t forgetting;
    apr_status_t status;

    do {
        status = anshin_keys_part(op, &part, &forgetting.keys);
        for (forgetting.from = 0; status == APR_SUCCESS && forgetting.from < forgetting.keys->nelts;
             forgetting.from += ANSHIN_GROUP) {
            status = anshin_op_write(op, ANSHIN_DURABLE, forget_batch, &forgetting);
        }
    } while (status == APR_SUCCESS && forgetting.keys->nelts == PART);
    return status;
}

/* Under this name, and under those that it had before, unless another contract has such a name now. */
static apr_status_t forget_all_series(anshin_op_t *op, const char *contract, const apr_array_header_t *former)
{
    apr_status_t status = forget_series(op, contract);

    for (int i = 0; status == APR_SUCCESS && i < former->nelts; i++) {
        const char *name = APR_ARRAY_IDX(former, i, const char *);

        status = anshin_config_contract(op->env->config, name) == NULL ? forget_series(op, name) : APR_SUCCESS;
    }
    return status;
}

/* --- records ------------------------------------------------------------------------------------------------------ */

typedef struct removing_t {
    const anshin_removal_t *removal;
    anshin_erased_t *erased;
    apr_array_header_t *former; /* names */
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
    approval->second = anshin_is_of_contract(approval->second, contract) ? NULL : approval->second;
    return !anshin_is_of_contract(approval->name, contract) && take_out(contract, approval->whom);
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
static apr_status_t remove_all(removing_t *removing, anshin_op_t *op)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && anshin_record_types[i] != NULL; i++) {
        if (anshin_belonging_of(anshin_record_types[i]) != ANSHIN_BELONGS_NEVER) {
            status = anshin_belonging_each(op, anshin_record_types[i], removing->removal->contract, visit, removing);
        }
    }
    return status;
}

/* --- the verb ----------------------------------------------------------------------------------------------------- */

static apr_status_t read_former(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    removing_t *removing = baton;

    return anshin_former_get(op, txn, removing->removal->contract, &removing->former);
}

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

static apr_status_t tell(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const removing_t *removing = baton;
    const anshin_event_t event = {.act = ANSHIN_ACT_CONTRACT_REMOVED,
                                  .before = removing->removal->contract,
                                  .reason = removing->removal->erase ? "erased" : NULL};

    return anshin_event(op, txn, &event);
}

static apr_status_t finish(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const removing_t *removing = baton;

    return anshin_former_forget(op, txn, removing->removal->contract);
}

apr_status_t anshin_contract_remove_check(anshin_op_t *op, const anshin_removal_t *removal, anshin_holdings_t *holdings)
{
    int is_in_trail = 0;
    apr_status_t status = check_name(op, removal->contract);

    status = status == APR_SUCCESS ? anshin_holdings_count(op, removal->contract, holdings) : status;
    if (status == APR_SUCCESS && removal->erase) {
        status = look_for_series(op, removal->contract, &is_in_trail);
    }
    return status == APR_SUCCESS && holdings->records == 0 && !is_in_trail
               ? anshin_fail(&op->error, ANSHIN_ENOTFOUND, "AN1919", "contract %s: the store has nothing of it",
                             removal->contract)
               : status;
}

apr_status_t anshin_contract_remove(anshin_op_t *op, const anshin_removal_t *removal, anshin_erased_t *erased)
{
    removing_t removing = {.removal = removal, .erased = erased};
    anshin_holdings_t holdings;
    anshin_op_t own = *op;
    apr_status_t status = anshin_contract_remove_check(op, removal, &holdings);

    memset(erased, 0, sizeof(*erased));
    erased->addresses = apr_array_make(op->pool, 1, sizeof(const char *));
    if (status != APR_SUCCESS || (status = anshin_op_read(op, read_former, &removing)) != APR_SUCCESS ||
        (status = anshin_op_write(op, ANSHIN_DURABLE, tell, &removing)) != APR_SUCCESS) {
        return status;
    }
    erased->mails = holdings.mails;
    status = removal->outside(removal->baton, erased);
    if (status == APR_SUCCESS && (status = open_own(op, removal->contract, &own)) == APR_SUCCESS) {
        status = remove_all(&removing, &own);
    }
    if (status == APR_SUCCESS && removal->erase) {
        status = forget_all_series(&own, removal->contract, removing.former);
    }
    op->jobs_queued |= own.jobs_queued;
    if (status != APR_SUCCESS) {
        op->error = op->error.text[0] == '\0' ? own.error : op->error;
        return status;
    }
    status = anshin_op_write(op, ANSHIN_DURABLE, finish, &removing);
    return status == APR_SUCCESS && removal->erase ? anshin_store_scrub(op->env->store, &op->error) : status;
}
