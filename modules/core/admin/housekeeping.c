/*
 * Housekeeping: see housekeeping.h.
 *
 * What may be over is taken when it is due, looked at in the same write transaction, and removed, or filed under the
 * time when it will be over. Each has a transaction of its own, since logins wait for it and for its user.
 */
#include "core/admin/housekeeping.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/account/history.h"
#include "core/account/lockout_expiry.h"
#include "core/account/session.h"
#include "core/account/token.h"
#include "core/account/toll.h"
#include "core/certificate/download_expiry.h"
#include "core/certificate/reminder.h"
#include "core/context/approval.h"
#include "core/context/bulk_order.h"
#include "core/context/daily.h"
#include "core/context/flow.h"
#include "core/login/help_number.h"
#include "core/mail/mail.h"
#include "core/mail/mail_list.h"
#include "core/mail/password_reminder.h"

#define SHARE 50                    /* looks at records of one type in a step, so that each type has its turn */
#define ROUND apr_time_from_sec(20) /* longest time for the series of one step; what is left has its turn in a minute */
#define MINUTE apr_time_from_sec(60)
#define HOUR apr_time_from_sec(3600)

/* --- what is over ----------------------------------------------------------------------------------------------- */

const anshin_expiry_rule_t *const anshin_expiry_rules[] = {
    &anshin_download_expiry,    &anshin_token_expiry,    &anshin_session_expiry,
    &anshin_counter_expiry,     &anshin_mail_expiry,     &anshin_mail_list_expiry,
    &anshin_fact_expiry,        &anshin_progress_expiry, &anshin_history_expiry,
    &anshin_certificate_expiry, &anshin_password_expiry, &anshin_help_expiry,
    &anshin_bulk_expiry,        &anshin_approval_expiry, NULL,
};

/* One look. */
typedef struct look_t {
    const anshin_expiry_rule_t *rule;
    const char *key;
    int removed;
    int more; /* its series has more to drop than one transaction does */
} look_t;

static apr_status_t look_at(look_t *look, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_expiry_rule_t *rule = look->rule;
    void *record = apr_palloc(op->pool, rule->type->size);
    apr_time_t again;
    apr_status_t status = anshin_txn_get(txn, rule->type, look->key, record);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    again = rule->over(op, look->key, record);
    if (again != 0) {
        return anshin_expiry_file(op, txn, rule->type, look->key, again);
    }
    status = anshin_txn_delete(txn, rule->type, look->key);
    if (status == APR_SUCCESS && rule->remove != NULL) {
        status = rule->remove(op, txn, look->key, record);
    }
    look->removed = 1;
    return status;
}

/* --- what is done, and series ----------------------------------------------------------------------------------- */

/* *again: when to look again; 0: never. */
static apr_status_t act_part(look_t *look, anshin_op_t *op, anshin_txn_t *txn, apr_time_t *again)
{
    apr_status_t status = look->rule->act(op, txn, look->key, &look->removed, again);

    look->more = look->removed == ANSHIN_EXPIRY_PART;
    return status;
}

/* And file it again, where there will be more to do. */
static apr_status_t act(look_t *look, anshin_op_t *op, anshin_txn_t *txn)
{
    apr_time_t again;
    apr_status_t status = act_part(look, op, txn, &again);

    return status == APR_SUCCESS && again != 0 ? anshin_expiry_file(op, txn, look->rule->type, look->key, again)
                                               : status;
}

static apr_status_t act_more(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    apr_time_t filed;

    return act_part(baton, op, txn, &filed);
}

/* A long series goes on in transactions of its own, in a pool of their own, until it is within its retention or the
 * round's time is over: however fast it grows, it is dropped faster. */
static apr_status_t act_on(anshin_op_t *op, look_t *look, apr_time_t deadline, int *removed)
{
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS && look->more && op->env->now(op->env->now_baton) < deadline) {
        anshin_op_t part = *op;

        apr_pool_create(&part.pool, op->pool);
        status = anshin_op_write(&part, ANSHIN_LAZY, act_more, look);
        *removed += status == APR_SUCCESS ? look->removed : 0;
        op->error = part.error;
        apr_pool_destroy(part.pool);
    }
    return status;
}

/* --- what is due ------------------------------------------------------------------------------------------------ */

static apr_status_t look_once(void *baton, anshin_op_t *op, anshin_txn_t *txn, const char *key)
{
    look_t *look = baton;

    *look = (look_t){.rule = look->rule, .key = key};
    return look->rule->act != NULL ? act(look, op, txn) : look_at(look, op, txn);
}

/* ANSHIN_ENOTFOUND: nothing more of this type is due. */
static apr_status_t remove_share(anshin_op_t *op, const anshin_expiry_rule_t *rule, apr_time_t deadline, int *removed)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < SHARE; i++) {
        look_t look = {.rule = rule};

        status = anshin_expiry_take(op, rule->type, look_once, &look);
        *removed += status == APR_SUCCESS ? look.removed : 0;
        status = status == APR_SUCCESS ? act_on(op, &look, deadline, removed) : status;
    }
    return status;
}

/* Removed things count as far as they were committed. *more: go on at once. */
static apr_status_t remove_due(anshin_op_t *op, int *removed, int *more)
{
    apr_status_t status = APR_SUCCESS;
    apr_time_t deadline = op->env->now(op->env->now_baton) + ROUND;

    *more = 0;
    for (int i = 0; status == APR_SUCCESS && anshin_expiry_rules[i] != NULL; i++) {
        status = remove_share(op, anshin_expiry_rules[i], deadline, removed);
        *more |= status == APR_SUCCESS;
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}

/* --- blobs ------------------------------------------------------------------------------------------------------ */

#define MOMENT apr_time_from_sec(1) /* of a transaction */

typedef struct orphans_t {
    anshin_op_t *op;
    apr_hash_t *names; /* of old blobs; what a record names is taken out */
} orphans_t;

static apr_status_t collect_blob(void *baton, const char *name, apr_time_t written_at)
{
    orphans_t *orphans = baton;

    if (written_at + ANSHIN_KEEP_ORPHAN <= orphans->op->now) {
        name = apr_pstrdup(orphans->op->pool, name);
        apr_hash_set(orphans->names, name, APR_HASH_KEY_STRING, name);
    }
    return APR_SUCCESS;
}

typedef struct namer_t {
    const orphans_t *orphans;
    const anshin_record_type_t *type;
} namer_t;

/* A field of a newer version may name a blob. */
static void spare_mentioned(const namer_t *namer, const void *record)
{
    apr_pool_t *pool = apr_hash_pool_get(namer->orphans->names);

    for (apr_hash_index_t *at = apr_hash_first(pool, namer->orphans->names); at != NULL; at = apr_hash_next(at)) {
        const char *name = apr_hash_this_key(at);

        if (anshin_record_mentions(namer->type, record, name)) {
            apr_hash_set(namer->orphans->names, name, APR_HASH_KEY_STRING, NULL);
        }
    }
}

static apr_status_t take_out_named(void *baton, const char *key, const void *record)
{
    const namer_t *namer = baton;

    (void)key;
    if (anshin_record_mentions(namer->type, record, "")) {
        spare_mentioned(namer, record);
    }
    for (apr_size_t i = 0; i < namer->type->field_count; i++) {
        const anshin_field_t *field = &namer->type->fields[i];
        const char *name = NULL;

        if (anshin_field_names_blob(field)) {
            memcpy(&name, (const char *)record + field->offset, sizeof(name));
        }
        if (name != NULL) {
            apr_hash_set(namer->orphans->names, name, APR_HASH_KEY_STRING, NULL);
        }
    }
    return APR_SUCCESS;
}

static int type_names_blobs(const anshin_record_type_t *type)
{
    for (apr_size_t i = 0; i < type->field_count; i++) {
        if (anshin_field_names_blob(&type->fields[i])) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t take_out_all_named(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const orphans_t *orphans = baton;
    apr_status_t status = APR_SUCCESS;

    (void)op;
    for (int i = 0; status == APR_SUCCESS && anshin_record_types[i] != NULL; i++) {
        namer_t namer = {orphans, anshin_record_types[i]};

        if (type_names_blobs(namer.type)) {
            status = anshin_txn_each(txn, namer.type, "", take_out_named, &namer);
        }
    }
    return status;
}

/* A blob is written moments before the record that names it: what is old and has no name will get none. A clock that
 * was put forward makes old what is on its way: so what has no name is looked for once more, such a moment later. */
static apr_status_t wipe_orphans(anshin_op_t *op, int *removed)
{
    orphans_t orphans = {op, apr_hash_make(op->pool)};
    apr_status_t status = anshin_blob_each(op->env->store, collect_blob, &orphans, &op->error, op->pool);

    if (status != APR_SUCCESS || apr_hash_count(orphans.names) == 0) {
        return status;
    }
    status = anshin_op_read(op, take_out_all_named, &orphans);
    if (status == APR_SUCCESS && apr_hash_count(orphans.names) > 0) {
        apr_sleep(MOMENT);
        status = anshin_op_read(op, take_out_all_named, &orphans);
    }
    for (apr_hash_index_t *at = apr_hash_first(op->pool, orphans.names); status == APR_SUCCESS && at != NULL;
         at = apr_hash_next(at)) {
        status = anshin_blob_wipe(op->env->store, apr_hash_this_key(at), &op->error);
        (*removed)++;
    }
    return status;
}

/* --- steps ------------------------------------------------------------------------------------------------------ */

enum { TASK_TIME, TASK_BLOBS, TASK_TOLL };

static const struct {
    const char *name;
    apr_interval_time_t interval;
} tasks[ANSHIN_HOUSEKEEPING_TASKS] = {[TASK_TIME] = {"records whose time is over", MINUTE},
                                      [TASK_BLOBS] = {"blobs", 6 * HOUR},
                                      [TASK_TOLL] = {"what imported password hashes cost", HOUR}};

static int next_task(const anshin_housekeeping_t *state)
{
    int next = 0;

    for (int task = 1; task < ANSHIN_HOUSEKEEPING_TASKS; task++) {
        next = state->due[task] < state->due[next] ? task : next;
    }
    return next;
}

static apr_status_t do_task(anshin_op_t *op, int task, int *removed, int *more)
{
    switch (task) {
    case TASK_TIME:
        return remove_due(op, removed, more);
    case TASK_BLOBS:
        return wipe_orphans(op, removed);
    default:
        return anshin_toll_review(op, removed);
    }
}

apr_status_t anshin_housekeeping_step(anshin_op_t *op, anshin_housekeeping_t *state, const char **task, int *removed)
{
    int next = next_task(state);
    int more = 0;
    apr_time_t now = op->now;
    apr_status_t status;

    *removed = 0;
    *task = tasks[next].name;
    /* One further off than its interval was due by a clock that has been set back since. */
    if (state->due[next] > now && state->due[next] <= now + tasks[next].interval) {
        return ANSHIN_ENOTFOUND;
    }
    status = anshin_agreed_time(op, &state->agreed);
    if (status != APR_SUCCESS || state->agreed.by < 0) {
        /* Of a clock that was put back, what is young by it may be over, and what is over young: all of it waits. */
        state->due[next] = now + tasks[next].interval;
        return status;
    }
    op->now = state->agreed.time;
    status = do_task(op, next, removed, &more);
    /* A step that was cut short by its limit goes on at once. */
    state->due[next] = more ? now : now + tasks[next].interval;
    return status;
}
