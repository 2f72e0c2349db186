/*
 * What waits for a second operator, at the help desk: see pending.h.
 *
 * SECURITY: who has asked is read anew in the transaction that approves: whoever has lost the account or the role since
 * gets nothing done by another one. What is done to each user is allowed by staff.h alone, of both.
 */
#include "core/desk/pending.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/context/bulk_order.h"
#include "core/context/own.h"
#include "core/desk/approve.h"

static int same(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static int is_of_staff(const anshin_staff_t *staff, const anshin_approval_t *approval)
{
    return approval->by == ANSHIN_ACTOR_STAFF && same(approval->contract, staff->contract->name) &&
           anshin_role_may(staff->role, ANSHIN_DESK_LIST) &&
           (staff->role != ANSHIN_ROLE_ORGANISATION ||
            (approval->role == ANSHIN_ROLE_ORGANISATION && staff->organisation != NULL &&
             *staff->organisation != '\0' && same(approval->organisation, staff->organisation)));
}

static void fill(const anshin_op_t *op, const anshin_staff_t *staff, const char *id, const anshin_approval_t *approval,
                 anshin_pending_t *waiting)
{
    const anshin_actor_t actor = {
        .kind = ANSHIN_ACTOR_STAFF,
        .name = apr_pstrcat(op->pool, staff->contract->name, "/", staff->user, NULL),
        .number = staff->number,
    };

    *waiting =
        (anshin_pending_t){.id = id,
                           .approval = *approval,
                           .state = anshin_approval_state(op, approval),
                           .verb = (anshin_desk_verb_t)anshin_word_value(
                               anshin_desk_verb_words, approval->verb != NULL ? approval->verb : "", ANSHIN_DESK_VERBS),
                           .mine = anshin_approval_is_asker(&actor, approval)};
    waiting->may = !anshin_approval_is_own(&actor, approval) && anshin_role_may(staff->role, waiting->verb);
}

/* How far what was approved has come. */
static apr_status_t read_order(anshin_op_t *op, const anshin_staff_t *staff, anshin_pending_t *waiting)
{
    anshin_desk_bulk_t order;
    apr_status_t status = ANSHIN_ENOTFOUND;

    if (waiting->state == ANSHIN_APPROVAL_APPROVED) {
        status = anshin_op_get(op, &anshin_record_desk_bulk, waiting->id, &order);
    }
    if (status == APR_SUCCESS) {
        waiting->broken = anshin_bulk_broken(op, &order);
        waiting->answer = anshin_desk_bulk_answers(staff, &order);
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* --- looking ----------------------------------------------------------------------------------------------------- */

typedef struct looking_t {
    const anshin_op_t *op;
    const anshin_staff_t *staff;
    apr_array_header_t *list;
} looking_t;

static apr_array_header_t *copy_texts(const apr_array_header_t *texts, apr_pool_t *pool)
{
    apr_array_header_t *copy = apr_array_make(pool, texts != NULL ? texts->nelts : 1, sizeof(const char *));

    for (int i = 0; texts != NULL && i < texts->nelts; i++) {
        APR_ARRAY_PUSH(copy, const char *) = apr_pstrdup(pool, APR_ARRAY_IDX(texts, i, const char *));
    }
    return copy;
}

/* The record of a walk is gone with the next one. */
static apr_status_t keep(void *baton, const char *key, const void *record)
{
    const looking_t *looking = baton;
    apr_pool_t *pool = looking->op->pool;
    anshin_approval_t copy = *(const anshin_approval_t *)record;

    if (!is_of_staff(looking->staff, &copy)) {
        return APR_SUCCESS;
    }
    copy.contract = apr_pstrdup(pool, copy.contract);
    copy.name = apr_pstrdup(pool, copy.name);
    copy.number = apr_pstrdup(pool, copy.number);
    copy.organisation = apr_pstrdup(pool, copy.organisation);
    copy.verb = apr_pstrdup(pool, copy.verb);
    copy.list = apr_pstrdup(pool, copy.list);
    copy.whom = copy_texts(copy.whom, pool);
    copy.why = apr_pstrdup(pool, copy.why);
    copy.second = apr_pstrdup(pool, copy.second);
    fill(looking->op, looking->staff, apr_pstrdup(pool, key), &copy, &APR_ARRAY_PUSH(looking->list, anshin_pending_t));
    return APR_SUCCESS;
}

static int is_open(const anshin_pending_t *waiting)
{
    return waiting->state == ANSHIN_APPROVAL_WAITING || waiting->broken;
}

static int order_of(const void *a, const void *b)
{
    const anshin_pending_t *first = a;
    const anshin_pending_t *second = b;
    const int open = is_open(second) - is_open(first);

    if (open != 0) {
        return open;
    }
    if (first->approval.at != second->approval.at) {
        return first->approval.at < second->approval.at ? 1 : -1;
    }
    return strcmp(first->id, second->id);
}

apr_status_t anshin_pending_list(anshin_op_t *op, const anshin_staff_t *staff, apr_array_header_t **list)
{
    looking_t looking = {op, staff, apr_array_make(op->pool, 8, sizeof(anshin_pending_t))};
    apr_status_t status = anshin_own_each(op, &anshin_record_approval, "", keep, &looking);

    for (int i = 0; status == APR_SUCCESS && i < looking.list->nelts; i++) {
        status = read_order(op, staff, &APR_ARRAY_IDX(looking.list, i, anshin_pending_t));
    }
    if (looking.list->nelts > 1) {
        qsort(looking.list->elts, (size_t)looking.list->nelts, sizeof(anshin_pending_t), order_of);
    }
    if (looking.list->nelts > ANSHIN_PENDING_MAX) {
        looking.list->nelts = ANSHIN_PENDING_MAX;
    }
    *list = looking.list;
    return status;
}

apr_status_t anshin_pending_find(anshin_op_t *op, const anshin_staff_t *staff, const char *id,
                                 anshin_pending_t *waiting)
{
    anshin_approval_t approval;
    apr_status_t status =
        anshin_bulk_id_valid(id) ? anshin_own_find(op, &anshin_record_approval, id, &approval) : ANSHIN_ENOTFOUND;

    if (status != APR_SUCCESS || !is_of_staff(staff, &approval)) {
        return status != APR_SUCCESS ? status : ANSHIN_ENOTFOUND;
    }
    fill(op, staff, id, &approval, waiting);
    return read_order(op, staff, waiting);
}

static apr_status_t see(anshin_op_t *op, const anshin_staff_t *staff, const anshin_desk_whom_t *whom, int *seen)
{
    const anshin_contract_t *contract = anshin_config_contract(op->env->config, whom->contract);
    anshin_op_t other = *op;
    anshin_account_t account;
    apr_status_t status = ANSHIN_ENOTFOUND;

    *seen = 0;
    if (contract != NULL && whom->number != NULL) {
        other.contract = contract;
        status = anshin_op_get(&other, &anshin_record_account, anshin_account_key(&other, whom->user), &account);
        op->error = other.error;
    }
    *seen = status == APR_SUCCESS && anshin_staff_means(whom->number, &account) &&
            anshin_staff_may(staff, ANSHIN_DESK_SEE, contract, &account);
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* One with two devices is one. */
static int is_among(const apr_array_header_t *users, const anshin_desk_whom_t *whom)
{
    for (int i = 0; i < users->nelts; i++) {
        const anshin_desk_whom_t *other = &APR_ARRAY_IDX(users, i, anshin_desk_whom_t);

        if (same(other->contract, whom->contract) && same(other->user, whom->user) &&
            same(other->number, whom->number)) {
            return 1;
        }
    }
    return 0;
}

apr_status_t anshin_pending_users(anshin_op_t *op, const anshin_staff_t *staff, const anshin_pending_t *waiting,
                                  int most, apr_array_header_t **users, int *left)
{
    const apr_array_header_t *whom = waiting->approval.whom;
    apr_status_t status = APR_SUCCESS;

    *users = apr_array_make(op->pool, 16, sizeof(anshin_desk_whom_t));
    *left = 0;
    for (int i = 0; status == APR_SUCCESS && whom != NULL && i < whom->nelts && (*users)->nelts + *left < most; i++) {
        anshin_bulk_target_t target;
        int seen;

        anshin_desk_bulk_target(APR_ARRAY_IDX(whom, i, const char *), &target, op->pool);
        if (target.whom.number == NULL || is_among(*users, &target.whom)) {
            continue;
        }
        status = see(op, staff, &target.whom, &seen);
        if (status == APR_SUCCESS && seen) {
            APR_ARRAY_PUSH(*users, anshin_desk_whom_t) = target.whom;
        } else {
            *left += 1;
        }
    }
    return status;
}

/* --- deciding ---------------------------------------------------------------------------------------------------- */

typedef struct deciding_t {
    const char *id;
    anshin_approval_state_t how;
    const char *digest;          /* of what was looked at */
    const anshin_staff_t *staff; /* who decides */
    const anshin_approval_t *seen;
    anshin_approval_t approval;
    anshin_staff_t asker; /* of what is approved */
    anshin_desk_bulk_t order;
    const char *error;
} deciding_t;

/* What is done, as its record. It is of who has asked, in the role of then. */
static anshin_desk_bulk_t order_to_do(const anshin_op_t *op, const deciding_t *deciding)
{
    const anshin_approval_t *approval = &deciding->approval;
    const int count = approval->whom != NULL ? approval->whom->nelts : 0;

    return (anshin_desk_bulk_t){.contract = approval->contract,
                                .user = deciding->asker.user,
                                .account = deciding->asker.number,
                                .verb = approval->verb,
                                .list = approval->list,
                                .whom = approval->whom,
                                .came = apr_array_make(op->pool, count > 0 ? count : 1, sizeof(const char *)),
                                .at = op->now,
                                .role = approval->role,
                                .organisation = approval->organisation,
                                .second = deciding->staff->number,
                                .worked_at = op->now};
}

/* Whoever has asked must still be one who may. */
static apr_status_t find_asker(anshin_op_t *op, anshin_txn_t *txn, deciding_t *deciding, anshin_desk_verb_t verb)
{
    const anshin_approval_t *approval = &deciding->approval;
    const char *user = approval->name != NULL ? strchr(approval->name, '/') : NULL;
    apr_status_t status =
        user != NULL ? anshin_staff_known(op, txn, user + 1, approval->number, &deciding->asker) : ANSHIN_EDENIED;

    if (status == ANSHIN_EDENIED || (status == APR_SUCCESS && !anshin_role_may(deciding->asker.role, verb))) {
        deciding->error = "desk_waiting.asker_may_not";
        return APR_SUCCESS;
    }
    return status;
}

static apr_status_t decide(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    deciding_t *deciding = baton;
    apr_status_t status = APR_SUCCESS;

    deciding->error = NULL;
    deciding->approval = *deciding->seen;
    if (deciding->how == ANSHIN_APPROVAL_APPROVED) {
        status = find_asker(
            op, txn, deciding,
            (anshin_desk_verb_t)anshin_word_value(anshin_desk_verb_words, deciding->approval.verb, ANSHIN_DESK_VERBS));
    }
    if (status != APR_SUCCESS || deciding->error != NULL) {
        return status;
    }
    status = anshin_approval_settle_in(op, txn, deciding->id, deciding->how, deciding->digest, &deciding->approval);
    if (status == ANSHIN_ECONFLICT) { /* nothing is written */
        deciding->error = anshin_approval_state(op, &deciding->approval) == ANSHIN_APPROVAL_WAITING
                              ? "desk_waiting.changed"
                              : "desk_waiting.over";
        return APR_SUCCESS;
    }
    if (status != APR_SUCCESS || deciding->how != ANSHIN_APPROVAL_APPROVED) {
        return status;
    }
    deciding->order = order_to_do(op, deciding);
    return anshin_bulk_begin_in(op, txn, deciding->id, &deciding->order);
}

static apr_status_t carry_out(anshin_op_t *op, const anshin_member_t *member, deciding_t *deciding,
                              anshin_desk_verb_t verb)
{
    const apr_array_header_t *whom = deciding->order.whom;
    apr_array_header_t *targets = apr_array_make(op->pool, 16, sizeof(anshin_bulk_target_t));
    const anshin_bulk_new_t order = {.member = member,
                                     .id = deciding->id,
                                     .verb = verb,
                                     .targets = targets,
                                     .why = deciding->approval.why,
                                     .asker = &deciding->asker};

    for (int i = 0; whom != NULL && i < whom->nelts; i++) {
        anshin_desk_bulk_target(APR_ARRAY_IDX(whom, i, const char *), &APR_ARRAY_PUSH(targets, anshin_bulk_target_t),
                                op->pool);
    }
    return anshin_desk_bulk_run(op, &order, &deciding->order);
}

static apr_status_t find_fresh(anshin_op_t *op, const anshin_member_t *member, const char *id, anshin_staff_t *staff,
                               anshin_pending_t *waiting)
{
    apr_status_t status = anshin_staff_find(op, member, staff);

    if (status == APR_SUCCESS && !anshin_member_fresh(op, member)) {
        status = ANSHIN_EDENIED;
    }
    return status == APR_SUCCESS ? anshin_pending_find(op, staff, id, waiting) : status;
}

apr_status_t anshin_pending_decide(anshin_op_t *op, const anshin_member_t *member, const char *id,
                                   anshin_approval_state_t how, const char *seen, const char **error)
{
    anshin_staff_t staff;
    anshin_pending_t waiting;
    deciding_t deciding = {.id = id, .how = how, .digest = seen, .staff = &staff, .seen = &waiting.approval};
    anshin_permit_t permit;
    anshin_op_t own;
    apr_status_t status = find_fresh(op, member, id, &staff, &waiting);

    *error = NULL;
    if (status != APR_SUCCESS) {
        return status;
    }
    if (waiting.state != ANSHIN_APPROVAL_WAITING) {
        *error = "desk_waiting.over";
        return APR_SUCCESS;
    }
    if (how == ANSHIN_APPROVAL_WITHDRAWN ? !waiting.mine : !waiting.may) {
        return ANSHIN_EDENIED;
    }
    anshin_approval_op(&own, op, &staff, waiting.approval.why, &permit);
    status = anshin_op_write(&own, ANSHIN_DURABLE, decide, &deciding);
    if (status == APR_SUCCESS && deciding.error == NULL && how != ANSHIN_APPROVAL_WITHDRAWN) {
        (void)anshin_approval_tell_second(&own, &deciding.approval); /* the edge logs its cause */
    }
    op->jobs_queued |= own.jobs_queued;
    op->error = own.error;
    *error = deciding.error;
    if (status != APR_SUCCESS || *error != NULL || how != ANSHIN_APPROVAL_APPROVED) {
        return status;
    }
    return carry_out(op, member, &deciding, waiting.verb);
}

static apr_status_t go_on(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    deciding_t *deciding = baton;
    apr_status_t status;

    deciding->error = NULL;
    deciding->approval = *deciding->seen;
    status = find_asker(
        op, txn, deciding,
        (anshin_desk_verb_t)anshin_word_value(anshin_desk_verb_words, deciding->approval.verb, ANSHIN_DESK_VERBS));
    if (status != APR_SUCCESS || deciding->error != NULL) {
        deciding->error = status == APR_SUCCESS ? "desk_waiting.asker_gone" : NULL;
        return status;
    }
    status = anshin_bulk_go_on_in(op, txn, deciding->id, deciding->staff->number, &deciding->order);
    if (status == ANSHIN_ECONFLICT || status == ANSHIN_ENOTFOUND) { /* nothing is written */
        deciding->error = "desk_waiting.over";
        return APR_SUCCESS;
    }
    if (status == APR_SUCCESS && deciding->order.came == NULL) {
        deciding->order.came = apr_array_make(op->pool, 16, sizeof(const char *));
    }
    return status == APR_SUCCESS ? anshin_approval_tell_go_on_in(op, txn, &deciding->approval) : status;
}

apr_status_t anshin_pending_go_on(anshin_op_t *op, const anshin_member_t *member, const char *id, const char **error)
{
    anshin_staff_t staff;
    anshin_pending_t waiting;
    deciding_t deciding = {.id = id, .staff = &staff, .seen = &waiting.approval};
    anshin_permit_t permit;
    anshin_op_t own;
    apr_status_t status = find_fresh(op, member, id, &staff, &waiting);

    *error = NULL;
    if (status != APR_SUCCESS || !waiting.may) {
        return status != APR_SUCCESS ? status : ANSHIN_EDENIED;
    }
    if (!waiting.broken) {
        *error = "desk_waiting.over";
        return APR_SUCCESS;
    }
    anshin_approval_op(&own, op, &staff, waiting.approval.why, &permit);
    status = anshin_op_write(&own, ANSHIN_DURABLE, go_on, &deciding);
    op->jobs_queued |= own.jobs_queued;
    op->error = own.error;
    *error = deciding.error;
    return status == APR_SUCCESS && *error == NULL ? carry_out(op, member, &deciding, waiting.verb) : status;
}
