/*
 * One verb for many users: see bulk.h.
 *
 * SECURITY: nothing is allowed here. Each user goes through anshin_desk_do() by itself, which asks who the operator is,
 * what the role may and on whom, before the act and within its transaction.
 */
#include "core/desk/bulk.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/attribute.h"
#include "core/context/bulk_order.h"
#include "core/context/own.h"
#include "core/desk/approve.h"

#define NOTE_TRIES 5

static const char *entry_of(const anshin_bulk_target_t *target, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s/%s/%s/%" APR_INT64_T_FMT, target->whom.contract, target->whom.user,
                        target->whom.number, target->terminal);
}

void anshin_desk_bulk_target(const char *entry, anshin_bulk_target_t *target, apr_pool_t *pool)
{
    char *parts[4] = {apr_pstrdup(pool, entry), NULL, NULL, NULL};

    for (int i = 1; i < 4 && parts[i - 1] != NULL; i++) {
        parts[i] = strchr(parts[i - 1], '/');
        if (parts[i] != NULL) {
            *parts[i]++ = '\0';
        }
    }
    *target = (anshin_bulk_target_t){.whom = {"", "", NULL}};
    if (parts[3] != NULL) {
        *target = (anshin_bulk_target_t){{parts[0], parts[1], parts[2]}, apr_strtoi64(parts[3], NULL, 10)};
    }
}

const char *anshin_bulk_why_error(anshin_op_t *op, const apr_array_header_t *targets, const char *typed)
{
    for (int i = 0; i < targets->nelts; i++) {
        const anshin_contract_t *contract =
            anshin_config_contract(op->env->config, APR_ARRAY_IDX(targets, i, anshin_bulk_target_t).whom.contract);
        const char *error = contract != NULL ? anshin_desk_why_error(contract, typed, op->pool) : NULL;

        if (error != NULL) {
            return error;
        }
    }
    return NULL;
}

/* The key of what came of one; *status: whether to go on. */
static const char *do_one(anshin_op_t *op, const anshin_bulk_new_t *bulk, const anshin_bulk_target_t *target,
                          apr_status_t *status)
{
    const anshin_desk_order_t order = {.member = bulk->member,
                                       .asker = bulk->asker,
                                       .verb = bulk->verb,
                                       .whom = target->whom,
                                       .terminal = target->terminal,
                                       .why = bulk->why};
    anshin_op_t one = *op;
    const char *error;

    apr_pool_create(&one.pool, op->pool);
    *status = anshin_desk_do(&one, &order, &error);
    apr_pool_destroy(one.pool);
    op->jobs_queued |= one.jobs_queued;
    if (*status == ANSHIN_ENOTFOUND) { /* gone, or none of the operator's any more: the others are as they were */
        *status = APR_SUCCESS;
        return "desk_bulk.gone";
    }
    if (*status != APR_SUCCESS) {
        op->error = one.error;
        return "desk_bulk.failed";
    }
    return error != NULL ? error : ANSHIN_BULK_DONE;
}

/* One after the other. Where one cannot be done for a reason that is not its own, the rest is left as it is. */
static void do_all(anshin_op_t *op, const anshin_bulk_new_t *bulk, apr_array_header_t *came)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < bulk->targets->nelts; i++) {
        APR_ARRAY_PUSH(came, const char *) =
            status == APR_SUCCESS ? do_one(op, bulk, &APR_ARRAY_IDX(bulk->targets, i, anshin_bulk_target_t), &status)
                                  : "desk_bulk.not_tried";
    }
}

static apr_status_t note(anshin_op_t *op, const anshin_bulk_new_t *bulk, const anshin_desk_bulk_t *record)
{
    apr_status_t status = anshin_bulk_note(op, bulk->id, record);

    for (int tries = 1; status == ANSHIN_EBUSY && tries < NOTE_TRIES; tries++) {
        anshin_error_clear(&op->error);
        status = anshin_bulk_note(op, bulk->id, record);
    }
    return status;
}

/* What was approved: those without a result. Each has one before it is tried, which says that it is not known: what is
 * killed in between is not done a second time. Where one cannot be done for a reason that is not its own, it is broken
 * off, and can be gone on with at once. */
static apr_status_t do_rest(anshin_op_t *op, const anshin_bulk_new_t *bulk, anshin_desk_bulk_t *record)
{
    apr_status_t status = APR_SUCCESS;
    apr_status_t noted = APR_SUCCESS;

    for (int i = record->came->nelts; status == APR_SUCCESS && i < bulk->targets->nelts; i++) {
        const char *came;

        APR_ARRAY_PUSH(record->came, const char *) = "desk_bulk.unknown";
        record->worked_at = op->env->now(op->env->now_baton);
        record->ended_at = 0;
        noted = note(op, bulk, record);
        if (noted != APR_SUCCESS) {
            return noted;
        }
        came = do_one(op, bulk, &APR_ARRAY_IDX(bulk->targets, i, anshin_bulk_target_t), &status);
        if (status == APR_SUCCESS || status == ANSHIN_EFAULT) { /* not known, and not to be met again */
            APR_ARRAY_IDX(record->came, i, const char *) = came;
        } else {
            record->came->nelts--;
        }
    }
    record->worked_at = status == APR_SUCCESS ? op->env->now(op->env->now_baton) : 0;
    record->ended_at = record->came->nelts == bulk->targets->nelts ? op->now : 0;
    return note(op, bulk, record);
}

static int is_sound(const anshin_op_t *op, const anshin_staff_t *staff, const anshin_bulk_new_t *bulk)
{
    return anshin_member_fresh(op, bulk->member) && anshin_role_may(staff->role, ANSHIN_DESK_LIST) &&
           anshin_desk_list_takes(bulk->list, bulk->verb) && anshin_role_may(staff->role, bulk->verb) &&
           bulk->targets->nelts > 0 && bulk->targets->nelts <= ANSHIN_BULK_MAX && anshin_bulk_id_valid(bulk->id);
}

static apr_array_header_t *entries_of(const anshin_op_t *op, const apr_array_header_t *targets)
{
    apr_array_header_t *entries = apr_array_make(op->pool, targets->nelts, sizeof(const char *));

    for (int i = 0; i < targets->nelts; i++) {
        APR_ARRAY_PUSH(entries, const char *) = entry_of(&APR_ARRAY_IDX(targets, i, anshin_bulk_target_t), op->pool);
    }
    return entries;
}

static anshin_desk_bulk_t record_of(const anshin_op_t *op, const anshin_staff_t *staff, const anshin_bulk_new_t *bulk)
{
    return (anshin_desk_bulk_t){.contract = staff->contract->name,
                                .user = staff->user,
                                .account = staff->number,
                                .verb = anshin_word_name(anshin_desk_verb_words, bulk->verb, ""),
                                .list = anshin_word_name(anshin_desk_list_words, bulk->list, ""),
                                .whom = entries_of(op, bulk->targets),
                                .came = apr_array_make(op->pool, bulk->targets->nelts, sizeof(const char *)),
                                .at = op->now,
                                .role = staff->role,
                                .organisation = staff->organisation};
}

int anshin_desk_bulk_users(const anshin_op_t *op, const apr_array_header_t *targets)
{
    return anshin_bulk_users(entries_of(op, targets), NULL);
}

/* What a second operator is wanted for, and for how long it waits. A user with two devices is one. */
static anshin_eyes_t eyes_of(const anshin_op_t *op, const anshin_bulk_new_t *bulk, apr_interval_time_t *lifetime)
{
    const apr_array_header_t *entries = entries_of(op, bulk->targets);
    anshin_eyes_t eyes = ANSHIN_EYES_NONE;

    *lifetime = 0;
    for (int i = 0; i < bulk->targets->nelts; i++) {
        const anshin_contract_t *contract = anshin_config_contract(
            op->env->config, APR_ARRAY_IDX(bulk->targets, i, anshin_bulk_target_t).whom.contract);
        const anshin_eyes_t of = contract != NULL
                                     ? anshin_approval_of_many(contract, anshin_bulk_users(entries, contract->name),
                                                               bulk->verb == ANSHIN_DESK_REVOKE)
                                     : ANSHIN_EYES_NONE;

        if (of != ANSHIN_EYES_NONE) {
            eyes = of;
            *lifetime = *lifetime == 0 || contract->policy.four_eyes_lifetime < *lifetime
                            ? contract->policy.four_eyes_lifetime
                            : *lifetime;
        }
    }
    return eyes;
}

int anshin_desk_bulk_waits(const anshin_op_t *op, const anshin_bulk_new_t *order)
{
    apr_interval_time_t lifetime;

    return eyes_of(op, order, &lifetime) != ANSHIN_EYES_NONE;
}

/* --- it waits ----------------------------------------------------------------------------------------------------- */

static apr_status_t ask(anshin_op_t *op, const anshin_staff_t *staff, const anshin_bulk_new_t *bulk,
                        const anshin_desk_bulk_t *record, anshin_eyes_t eyes, apr_interval_time_t lifetime,
                        const char **error)
{
    const char *typed = bulk->why != NULL ? anshin_attribute_typed(bulk->why, op->pool) : NULL;
    const char *why = typed != NULL && anshin_attribute_advice(typed, ANSHIN_WHY_MAX, op->pool) == NULL ? typed : NULL;
    const anshin_approval_t facts = {.eyes = eyes,
                                     .role = staff->role,
                                     .organisation = staff->organisation,
                                     .verb = record->verb,
                                     .list = record->list,
                                     .whom = record->whom,
                                     .why = why};
    anshin_permit_t permit;
    anshin_op_t own;
    int full;
    apr_status_t status;

    anshin_approval_op(&own, op, staff, why, &permit);
    status = anshin_approval_ask(&own, bulk->id, &facts, lifetime, ANSHIN_BULK_WAITING, &full);
    *error = status == APR_SUCCESS && full ? "desk_waiting.too_many" : NULL;
    op->jobs_queued |= own.jobs_queued;
    op->error = own.error;
    return status == ANSHIN_ECONFLICT ? APR_SUCCESS : status;
}

apr_status_t anshin_desk_bulk_run(anshin_op_t *op, const anshin_bulk_new_t *bulk, anshin_desk_bulk_t *record)
{
    apr_status_t status;

    if (bulk->asker != NULL) {
        status = do_rest(op, bulk, record);
    } else {
        do_all(op, bulk, record->came);
        record->ended_at = op->now;
        status = anshin_bulk_note(op, bulk->id, record);
    }
    return status == ANSHIN_ENOTFOUND || status == ANSHIN_ECONFLICT ? APR_SUCCESS : status;
}

apr_status_t anshin_desk_bulk_do(anshin_op_t *op, const anshin_bulk_new_t *bulk, const char **error, int *waits)
{
    anshin_staff_t staff;
    anshin_desk_bulk_t record;
    apr_interval_time_t lifetime;
    anshin_eyes_t eyes;
    apr_status_t status = anshin_staff_find(op, bulk->member, &staff);

    *error = NULL;
    *waits = 0;
    if (status != APR_SUCCESS || !is_sound(op, &staff, bulk)) {
        return status != APR_SUCCESS ? status : ANSHIN_EDENIED;
    }
    *error = anshin_bulk_why_error(op, bulk->targets, bulk->why);
    if (*error != NULL) {
        return APR_SUCCESS;
    }
    record = record_of(op, &staff, bulk);
    eyes = eyes_of(op, bulk, &lifetime);
    if (eyes != ANSHIN_EYES_NONE) {
        status = ask(op, &staff, bulk, &record, eyes, lifetime, error);
        *waits = status == APR_SUCCESS && *error == NULL;
        return status;
    }
    status = anshin_bulk_begin(op, bulk->id, &record);
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ECONFLICT ? APR_SUCCESS : status;
    }
    return anshin_desk_bulk_run(op, bulk, &record);
}

static int is_same(const char *kept, const char *now)
{
    return strcmp(kept != NULL ? kept : "", now != NULL ? now : "") == 0;
}

/* Who has another role by now, or another organisation, is somebody else: the answer names users (ROL-3). */
static int is_own(const anshin_staff_t *staff, const anshin_desk_bulk_t *order)
{
    return order->user != NULL && staff->number != NULL && is_same(order->contract, staff->contract->name) &&
           is_same(order->user, staff->user) && is_same(order->account, staff->number) &&
           order->role == (apr_int64_t)staff->role && is_same(order->organisation, staff->organisation);
}

static int is_number(const char *kept, const char *number)
{
    return kept != NULL && *kept != '\0' && number != NULL && strcmp(kept, number) == 0;
}

/* Who has approved it, or gone on with it. */
static int is_second(const anshin_staff_t *staff, const anshin_desk_bulk_t *order)
{
    return (is_number(order->second, staff->number) || is_number(order->third, staff->number)) &&
           is_same(order->contract, staff->contract->name) &&
           (staff->role != ANSHIN_ROLE_ORGANISATION ||
            (order->role == ANSHIN_ROLE_ORGANISATION && is_same(order->organisation, staff->organisation)));
}

int anshin_desk_bulk_answers(const anshin_staff_t *staff, const anshin_desk_bulk_t *order)
{
    return is_own(staff, order) || is_second(staff, order);
}

apr_status_t anshin_desk_bulk_find(anshin_op_t *op, const anshin_staff_t *staff, const char *id,
                                   anshin_desk_bulk_t *order)
{
    apr_status_t status =
        anshin_bulk_id_valid(id) ? anshin_op_get(op, &anshin_record_desk_bulk, id, order) : ANSHIN_ENOTFOUND;

    return status == APR_SUCCESS && !anshin_desk_bulk_answers(staff, order) ? ANSHIN_ENOTFOUND : status;
}
