/*
 * Events: see event.h.
 */
#include "core/mail/event.h"

#include "core/account/history.h"
#include "core/mail/notice.h"

/* What is told of an act. */
static const struct row_t {
    anshin_history_result_t history;
    anshin_notice_t notice;
    const char *template;
} rows[] = {
#define ACT(member, name, history, notice, template) \
    [ANSHIN_ACT_##member] = {ANSHIN_HISTORY_##history, ANSHIN_NOTICE_##notice, (template)},
#include "core/audit/act.def"
#undef ACT
};

static apr_status_t add_history(anshin_op_t *op, anshin_txn_t *txn, const anshin_event_t *event,
                                const anshin_act_facts_t *facts)
{
    const anshin_history_t entry = {.result = rows[event->act].history,
                                    .terminal = facts->terminal,
                                    .method = event->account != NULL ? event->account->method : 0,
                                    .user = facts->typed,
                                    .serial = facts->serial,
                                    .account = facts->account};

    return anshin_history_add(op, txn, facts->user, &entry);
}

static apr_status_t add_notice(anshin_op_t *op, anshin_txn_t *txn, const anshin_event_t *event)
{
    const anshin_notice_facts_t notice = {rows[event->act].notice, rows[event->act].template, event->account,
                                          event->former, event->data};

    return event->account != NULL ? anshin_notice_add(op, txn, &notice)
                                  : anshin_fail(&op->error, ANSHIN_EFAULT, "AN1175", "event %s: no account to tell",
                                                anshin_act_name(event->act));
}

/* The acts of the help desk that may be about nobody, a request of who is gone by now for instance: they must name
 * nobody either. */
static int is_about_nobody(const anshin_event_t *event)
{
    return (event->act == ANSHIN_ACT_LIST_EXPORTED || event->act == ANSHIN_ACT_APPROVAL_REFUSED) &&
           event->account == NULL && event->user == NULL && event->typed == NULL;
}

/* What one at the help desk does is about somebody on whom the role may act, or it is not done (ROL-3); and what a
 * command does, about those of whom its permit knows (ROL-4). account NULL: nobody was found. */
static apr_status_t check_admitted(anshin_op_t *op, const anshin_event_t *event, const anshin_account_t *account)
{
    const anshin_account_t named = {.user = event->user};
    const anshin_permit_t *permit = op->actor.permit;

    if (op->actor.kind == ANSHIN_ACTOR_STAFF) {
        return permit != NULL && (account != NULL) != is_about_nobody(event) &&
                       permit->admits(permit->baton, op, account)
                   ? APR_SUCCESS
                   : anshin_fail(&op->error, ANSHIN_EDENIED, "AN1505", "help desk: %s may not do %s",
                                 op->actor.name != NULL ? op->actor.name : "nobody", anshin_act_name(event->act));
    }
    account = account != NULL || event->user == NULL ? account : &named;
    return op->actor.kind != ANSHIN_ACTOR_OPERATOR || permit == NULL || permit->admits(permit->baton, op, account)
               ? APR_SUCCESS
               : anshin_fail(&op->error, ANSHIN_EDENIED, "AN1853",
                             "AnshinFourEyes of contract %s: user %s is one more than this command may do %s to "
                             "without a second operator",
                             op->contract->name, account->user, anshin_act_name(event->act));
}

static int has_history(const anshin_op_t *op, const anshin_event_t *event)
{
    return rows[event->act].history != ANSHIN_HISTORY_NONE && !event->erases &&
           (event->act != ANSHIN_ACT_CERTIFICATE_REVOKED || op->actor.kind == ANSHIN_ACTOR_OPERATOR ||
            op->actor.kind == ANSHIN_ACTOR_STAFF);
}

static apr_status_t tell(anshin_op_t *op, anshin_txn_t *txn, const anshin_event_t *event)
{
    const anshin_account_t *account = event->account;
    const anshin_act_facts_t facts = {.act = event->act,
                                      .user = account != NULL ? account->user : event->user,
                                      .account = account != NULL ? account->number : event->number,
                                      .typed = event->typed,
                                      .terminal = event->terminal,
                                      .serial = event->serial,
                                      .mail = event->mail,
                                      .reason = event->reason,
                                      .before = event->before,
                                      .after = event->after};
    apr_status_t status = APR_SUCCESS;

    if (has_history(op, event)) {
        status = add_history(op, txn, event, &facts);
    }
    if (status == APR_SUCCESS && rows[event->act].notice != ANSHIN_NOTICE_NONE && !event->quietly) {
        status = add_notice(op, txn, event);
    }
    if (status == APR_SUCCESS && op->env->audit != NULL) {
        status = op->env->audit->add(op->env->audit->ctx, op, txn, &facts);
    }
    return status;
}

apr_status_t anshin_event(anshin_op_t *op, anshin_txn_t *txn, const anshin_event_t *event)
{
    const int is_staff = op->actor.kind == ANSHIN_ACTOR_STAFF;
    anshin_event_t full = *event;
    anshin_account_t account = {.user = NULL};
    apr_status_t status = ANSHIN_ENOTFOUND;

    if (event->account == NULL && event->user != NULL && (event->number == NULL || is_staff)) {
        status = anshin_account_get(op, txn, event->user, &account);
        if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
            return status;
        }
    }
    if (event->number == NULL && status == APR_SUCCESS) {
        full.account = &account;
    }
    status = check_admitted(op, event,
                            event->account != NULL  ? event->account
                            : status == APR_SUCCESS ? &account
                                                    : NULL);
    return status == APR_SUCCESS ? tell(op, txn, &full) : status;
}
