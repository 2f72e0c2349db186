/*
 * To ask for what a second operator must approve, and to decide about it: see approve.h.
 *
 * SECURITY: that it still waits, and that who decides is another person than who has asked, is asked in the transaction
 * that decides.
 */
#include "core/desk/approve.h"

#include <string.h>

#include <apr_strings.h>

#include "core/context/bulk_order.h"
#include "core/context/own.h"
#include "core/mail/event.h"

/* About operators of its own contract alone, or a request that nobody there has made. */
static int admits(const void *baton, const anshin_op_t *op, const anshin_account_t *account)
{
    const anshin_contract_t *contract = baton;

    return op->contract == contract &&
           (account == NULL || (account->contract != NULL && strcmp(account->contract, contract->name) == 0));
}

void anshin_approval_op(anshin_op_t *own, const anshin_op_t *op, const anshin_staff_t *staff, const char *why,
                        anshin_permit_t *permit)
{
    const anshin_actor_t actor = {.kind = ANSHIN_ACTOR_STAFF,
                                  .name = apr_pstrcat(op->pool, staff->contract->name, "/", staff->user, NULL),
                                  .number = staff->number,
                                  .why = why,
                                  .customer = staff->role == ANSHIN_ROLE_ORGANISATION,
                                  .permit = permit,
                                  .address = op->actor.address,
                                  .client = op->actor.client};

    *permit = (anshin_permit_t){staff->contract, admits, NULL};
    anshin_op_init(own, op->env, staff->contract, &actor, op->pool);
    own->now = op->now;
}

/* --- events ------------------------------------------------------------------------------------------------------ */

/* What the mail about it names: {"asked": true, "is_revoke": true, "count": 12, "by": "staff/ope01"}. */
static json_t *mail_data(const anshin_approval_t *approval, const char *step, apr_pool_t *pool)
{
    const char *verb = approval->verb != NULL ? approval->verb : "";

    return json_pack("{s:b, s:b, s:I, s:s, s:s}", step, 1, apr_pstrcat(pool, "is_", verb, NULL), 1, "count",
                     (json_int_t)anshin_bulk_users(approval->whom, NULL), "asked_by", approval->name, "decided_by",
                     approval->second != NULL ? approval->second : "");
}

/* How many users, or what else it is about. */
static int count_of(const anshin_approval_t *approval)
{
    return approval->by == ANSHIN_ACTOR_OPERATOR ? (int)approval->count : anshin_bulk_users(approval->whom, NULL);
}

static apr_status_t tell_one(anshin_op_t *op, anshin_txn_t *txn, anshin_act_t act, const anshin_account_t *account,
                             const anshin_approval_t *approval, const char *step)
{
    const char *what = apr_psprintf(op->pool, "%s: %s, %d", anshin_word_name(anshin_eyes_words, approval->eyes, "?"),
                                    approval->verb, count_of(approval));
    anshin_event_t event = {.act = act, .account = account, .quietly = account == NULL, .after = what};
    apr_status_t status;

    event.data = account != NULL ? mail_data(approval, step, op->pool) : NULL;
    if (account != NULL && event.data == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1301", "what waits for a second operator: out of memory");
    }
    status = anshin_event(op, txn, &event);
    json_decref(event.data);
    return status;
}

/* ANSHIN_ENOTFOUND: none that is still the one of that number. name: CONTRACT/ID. */
static apr_status_t account_of(anshin_op_t *op, anshin_txn_t *txn, const char *name, const char *number,
                               anshin_account_t *account)
{
    const char *user = name != NULL ? strchr(name, '/') : NULL;
    apr_status_t status = user != NULL ? anshin_account_get(op, txn, user + 1, account) : ANSHIN_ENOTFOUND;

    return status == APR_SUCCESS && !anshin_staff_means(number, account) ? ANSHIN_ENOTFOUND : status;
}

/* A user is locked before what waits (core/store/owner.h). */
static apr_status_t lock_asker(anshin_op_t *op, anshin_txn_t *txn, const anshin_approval_t *approval)
{
    anshin_account_t account;
    apr_status_t status = approval->by == ANSHIN_ACTOR_STAFF
                              ? account_of(op, txn, approval->name, approval->number, &account)
                              : APR_SUCCESS;

    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* About who has asked; about nobody where that is no user, or none any more. */
static apr_status_t tell_asker(anshin_op_t *op, anshin_txn_t *txn, anshin_act_t act, const anshin_approval_t *approval,
                               const char *step)
{
    anshin_account_t account;
    apr_status_t status = approval->by == ANSHIN_ACTOR_STAFF
                              ? account_of(op, txn, approval->name, approval->number, &account)
                              : ANSHIN_ENOTFOUND;

    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    return tell_one(op, txn, act, status == APR_SUCCESS ? &account : NULL, approval, step);
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

typedef struct asking_t {
    const char *id;
    const anshin_approval_t *approval;
    const anshin_op_t *op;
    int most;
    int count;
    int full;
} asking_t;

static apr_status_t count_one(void *baton, const char *key, const void *record)
{
    asking_t *asking = baton;
    const anshin_approval_t *approval = record;

    (void)key;
    asking->count += anshin_own(asking->op, &anshin_record_approval, approval) &&
                     anshin_approval_state(asking->op, approval) == ANSHIN_APPROVAL_WAITING &&
                     anshin_approval_is_asker(&asking->op->actor, approval);
    return APR_SUCCESS;
}

/* Whoever asks for ever more would push what others ask for out of the list. Who asks is locked, so that of two at once
 * the second one counts the first. */
static apr_status_t check_room(anshin_op_t *op, anshin_txn_t *txn, asking_t *asking)
{
    apr_status_t status;

    asking->op = op;
    asking->count = 0;
    status = asking->most > 0 ? anshin_txn_each(txn, &anshin_record_approval, "", count_one, asking) : APR_SUCCESS;
    asking->full = status == APR_SUCCESS && asking->most > 0 && asking->count >= asking->most;
    return status;
}

static apr_status_t ask(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    asking_t *asking = baton;
    const anshin_approval_t *approval = asking->approval;
    anshin_approval_t there;
    apr_status_t status = lock_asker(op, txn, approval);

    asking->full = 0;
    status = status == APR_SUCCESS ? anshin_txn_get(txn, &anshin_record_approval, asking->id, &there) : status;
    if (status != ANSHIN_ENOTFOUND) {
        return status == APR_SUCCESS ? ANSHIN_ECONFLICT : status;
    }
    status = check_room(op, txn, asking);
    if (status != APR_SUCCESS || asking->full) {
        return status;
    }
    status = anshin_txn_put(txn, &anshin_record_approval, asking->id, approval);
    if (status == APR_SUCCESS) {
        status = anshin_expiry_file(op, txn, &anshin_record_approval, asking->id,
                                    approval->expires_at + ANSHIN_KEEP_APPROVAL);
    }
    return status == APR_SUCCESS ? tell_asker(op, txn, ANSHIN_ACT_APPROVAL_ASKED, approval, "asked") : status;
}

apr_status_t anshin_approval_ask(anshin_op_t *op, const char *id, const anshin_approval_t *facts,
                                 apr_interval_time_t lifetime, int most, int *full)
{
    const anshin_actor_t *actor = &op->actor;
    anshin_approval_t approval = *facts;
    asking_t asking = {.id = id, .approval = &approval, .most = most};
    apr_status_t status;

    approval.contract = op->contract->name;
    approval.state = ANSHIN_APPROVAL_WAITING;
    approval.at = op->now;
    approval.expires_at = op->now + lifetime;
    approval.by = actor->kind;
    approval.name = anshin_approval_name(actor);
    approval.number = actor->number;
    status = anshin_op_write(op, ANSHIN_DURABLE, ask, &asking);
    *full = asking.full;
    return status;
}

/* --- deciding ---------------------------------------------------------------------------------------------------- */

static apr_status_t check(anshin_op_t *op, const anshin_approval_t *approval, anshin_approval_state_t how)
{
    if (anshin_approval_state(op, approval) != ANSHIN_APPROVAL_WAITING) {
        return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1303", "it waits no more: it is %s",
                           anshin_word_name(anshin_approval_words, anshin_approval_state(op, approval), "unknown"));
    }
    if (how == ANSHIN_APPROVAL_APPROVED && anshin_approval_is_own(&op->actor, approval)) {
        return anshin_fail(&op->error, ANSHIN_EDENIED, "AN1304",
                           "%s has asked for it: another person must approve it, and this one is not known to be one",
                           approval->name != NULL ? approval->name : "nobody");
    }
    if (how == ANSHIN_APPROVAL_WITHDRAWN && !anshin_approval_is_asker(&op->actor, approval)) {
        return anshin_fail(&op->error, ANSHIN_EDENIED, "AN1305", "only %s, who has asked for it, can withdraw it",
                           approval->name != NULL ? approval->name : "nobody");
    }
    return APR_SUCCESS;
}

static apr_status_t tell(anshin_op_t *op, anshin_txn_t *txn, const anshin_approval_t *approval)
{
    static const struct {
        anshin_act_t act;
        const char *step;
    } steps[] = {[ANSHIN_APPROVAL_APPROVED] = {ANSHIN_ACT_APPROVAL_GIVEN, "given"},
                 [ANSHIN_APPROVAL_REFUSED] = {ANSHIN_ACT_APPROVAL_REFUSED, "refused"},
                 [ANSHIN_APPROVAL_WITHDRAWN] = {ANSHIN_ACT_APPROVAL_WITHDRAWN, "withdrawn"}};
    return tell_asker(op, txn, steps[approval->state].act, approval, steps[approval->state].step);
}

/* The page that was looked at was one about this. */
static apr_status_t check_seen(anshin_op_t *op, const anshin_approval_t *approval, const char *seen)
{
    const char *digest;
    apr_status_t status = anshin_approval_digest(op, approval, &digest);

    return status == APR_SUCCESS && strcmp(digest, seen) != 0
               ? anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1821", "it is another one than was looked at")
               : status;
}

apr_status_t anshin_approval_settle_in(anshin_op_t *op, anshin_txn_t *txn, const char *id, anshin_approval_state_t how,
                                       const char *seen, anshin_approval_t *approval)
{
    apr_status_t status = lock_asker(op, txn, approval);

    status = status == APR_SUCCESS ? anshin_own_get(op, txn, &anshin_record_approval, id, approval) : status;
    status = status == APR_SUCCESS ? check(op, approval, how) : status;
    status = status == APR_SUCCESS ? check_seen(op, approval, seen) : status;
    if (status != APR_SUCCESS) {
        return status;
    }
    approval->state = how;
    approval->second = anshin_approval_name(&op->actor);
    approval->decided_at = op->now;
    status = anshin_txn_put(txn, &anshin_record_approval, id, approval);
    return status == APR_SUCCESS ? tell(op, txn, approval) : status;
}

apr_status_t anshin_approval_tell_go_on_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_approval_t *approval)
{
    return tell_asker(op, txn, ANSHIN_ACT_APPROVAL_CONTINUED, approval, "");
}

static apr_status_t tell_second(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_approval_t *approval = baton;
    anshin_account_t account;
    apr_status_t status = account_of(op, txn, op->actor.name, op->actor.number, &account);

    return status == APR_SUCCESS
               ? tell_one(op, txn, ANSHIN_ACT_APPROVAL_DECIDED, &account, approval,
                          approval->state == ANSHIN_APPROVAL_APPROVED ? "you_approved" : "you_refused")
               : status;
}

apr_status_t anshin_approval_tell_second(anshin_op_t *op, anshin_approval_t *approval)
{
    apr_status_t status = anshin_op_write(op, ANSHIN_DURABLE, tell_second, approval);

    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}
