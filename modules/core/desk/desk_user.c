/*
 * One user before an operator: see desk_user.h.
 *
 * SECURITY: who the operator is, is read anew for each order; on whom he may act is asked before it, and once more with
 * each act in the transaction of its change (staff.h).
 */
#include "core/desk/desk_user.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/admin/certificates.h"
#include "core/admin/operator.h"
#include "core/base/attribute.h"
#include "core/certificate/renewal.h"
#include "core/certificate/revocation.h"
#include "core/context/own.h"
#include "core/context/rehearsal.h"
#include "core/login/logout.h"

/* --- see --------------------------------------------------------------------------------------------------------- */

static apr_status_t keep_session(void *baton, const char *key, const anshin_session_t *session)
{
    anshin_desk_facts_t *facts = baton;

    (void)key;
    APR_ARRAY_PUSH(facts->sessions, anshin_session_t) = *session;
    return APR_SUCCESS;
}

/* Failures of one counter; none is no failure. */
static apr_status_t add_failures(anshin_op_t *op, anshin_txn_t *txn, const char *subject, const anshin_word_t *kind,
                                 anshin_desk_facts_t *facts)
{
    const char *key = apr_pstrcat(op->pool, op->contract->name, "/", subject, "/", kind->name, NULL);
    anshin_counter_t counter;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_counter, key, &counter);

    if (status == APR_SUCCESS && kind->value < (apr_int64_t)(sizeof(facts->failures) / sizeof(facts->failures[0]))) {
        facts->failures[kind->value] += counter.failures;
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* Each device has a counter of its own. */
static apr_status_t read_downloads(anshin_op_t *op, anshin_txn_t *txn, const anshin_word_t *kind,
                                   anshin_desk_facts_t *facts)
{
    const apr_array_header_t *terminals = facts->user.terminals;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_facts_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_facts_t);

        facts->locked |= terminal->has_download ? terminal->download_lock.kinds : 0;
        status = add_failures(op, txn, anshin_download_subject(op, facts->user.account.user, terminal->terminal.number),
                              kind, facts);
    }
    return status;
}

static apr_status_t read_failures(anshin_op_t *op, anshin_txn_t *txn, anshin_desk_facts_t *facts)
{
    const char *user = facts->user.account.user;
    apr_status_t status = APR_SUCCESS;

    memset(facts->failures, 0, sizeof(facts->failures));
    facts->locked = 0;
    for (const anshin_word_t *kind = anshin_counter_words; status == APR_SUCCESS && kind->name != NULL; kind++) {
        anshin_lock_t lock = {.kinds = 0};

        if (kind->value == ANSHIN_COUNTER_DOWNLOAD) {
            status = read_downloads(op, txn, kind, facts);
            continue;
        }
        status = add_failures(op, txn, user, kind, facts);
        if (status == APR_SUCCESS) {
            status = anshin_lock_get(op, txn, (anshin_counter_kind_t)kind->value, user, &lock);
        }
        facts->locked |= lock.kinds;
        if (kind->value == ANSHIN_COUNTER_LOST_DEVICE) {
            facts->lost_device = lock;
        }
    }
    return status;
}

/* What came behind the account itself: by the account's own number alone (IDN-1). */
static apr_status_t read_rest(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_desk_facts_t *facts = baton;
    const anshin_account_t *account = &facts->user.account;
    anshin_history_walk_t walk = {account->user, 0, -1};
    apr_int64_t count = 0;
    apr_status_t status;

    facts->sessions = apr_array_make(op->pool, 4, sizeof(anshin_session_t));
    facts->history = apr_array_make(op->pool, 16, sizeof(const anshin_history_t *));
    if ((status = read_failures(op, txn, facts)) != APR_SUCCESS ||
        (status = anshin_sessions_each(op, txn, account, keep_session, facts)) != APR_SUCCESS ||
        (status = anshin_history_count(op, txn, account, op->now - op->contract->policy.history_retention, &count)) !=
            APR_SUCCESS) {
        return status;
    }
    count = count < ANSHIN_DESK_HISTORY ? count : ANSHIN_DESK_HISTORY;
    return count > 0 ? anshin_history_read(op, txn, &walk, count, anshin_history_keep, facts->history) : APR_SUCCESS;
}

static int is_newer(const void *a, const void *b)
{
    const anshin_mail_t *first = a;
    const anshin_mail_t *second = b;

    return first->created_at < second->created_at ? 1 : first->created_at > second->created_at ? -1 : 0;
}

/* Of this account, not of who had the ID before. The text of a mail stays sealed. */
static apr_status_t keep_mail(void *baton, const char *key, const void *record)
{
    anshin_desk_facts_t *facts = baton;
    const anshin_account_t *account = &facts->user.account;
    const anshin_mail_t *mail = record;
    apr_pool_t *pool = facts->mails->pool;

    (void)key;
    if (mail->user != NULL && strcmp(mail->user, account->user) == 0 &&
        anshin_account_owns(account, mail->account, mail->created_at)) {
        APR_ARRAY_PUSH(facts->mails, anshin_mail_t) =
            (anshin_mail_t){.kind = apr_pstrdup(pool, mail->kind),
                            .state = mail->state,
                            .created_at = mail->created_at,
                            .sent_at = mail->sent_at,
                            .tries = mail->tries,
                            .last_error = apr_pstrdup(pool, mail->last_error)};
    }
    return APR_SUCCESS;
}

/* Of the records that the user's list names; ANSHIN_ENOTFOUND: there are no lists yet. */
static apr_status_t read_listed(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_desk_facts_t *facts = baton;
    apr_array_header_t *ids;
    apr_status_t status = anshin_mail_list_get(op, txn, facts->user.account.user, &ids);

    for (int i = 0; status == APR_SUCCESS && i < ids->nelts; i++) {
        const char *id = APR_ARRAY_IDX(ids, i, const char *);
        anshin_mail_t mail;

        status = anshin_own_get(op, txn, &anshin_record_mail, id, &mail);
        if (status == APR_SUCCESS) {
            status = keep_mail(facts, id, &mail);
        } else if (status == ANSHIN_ENOTFOUND) {
            status = APR_SUCCESS; /* its time is over */
        }
    }
    return status;
}

/* An operation that looks at a contract; its failures are those of op. */
static anshin_op_t looking_at(const anshin_op_t *op, const anshin_contract_t *contract)
{
    anshin_op_t other = *op;

    other.contract = contract;
    other.cache = NULL;
    other.flow = NULL;
    return other;
}

/* The account, where the operator may see it. */
static apr_status_t open_account(anshin_op_t *op, const anshin_staff_t *staff, const anshin_desk_whom_t *whom,
                                 anshin_desk_facts_t *facts)
{
    const anshin_contract_t *contract = anshin_config_contract(op->env->config, whom->contract);
    anshin_op_t other = looking_at(op, contract);
    apr_status_t status;

    *facts = (anshin_desk_facts_t){.contract = contract};
    if (contract == NULL || !anshin_staff_may(staff, ANSHIN_DESK_SEE, contract, NULL)) {
        return ANSHIN_ENOTFOUND;
    }
    status = anshin_particulars_get(&other, whom->user, &facts->user);
    if (status == APR_SUCCESS && !(anshin_staff_means(whom->number, &facts->user.account) &&
                                   anshin_staff_may(staff, ANSHIN_DESK_SEE, contract, &facts->user.account))) {
        status = ANSHIN_ENOTFOUND;
    }
    op->error = other.error;
    return status;
}

apr_status_t anshin_desk_see(anshin_op_t *op, const anshin_staff_t *staff, const anshin_desk_whom_t *whom,
                             anshin_desk_facts_t *facts)
{
    apr_status_t status = open_account(op, staff, whom, facts);

    if (status == APR_SUCCESS) {
        anshin_op_t other = looking_at(op, facts->contract);

        facts->renewal_window = anshin_renewal_window(&other);
        status = anshin_op_read(&other, read_rest, facts);
        op->error = other.error;
    }
    return status;
}

apr_status_t anshin_desk_see_mails(anshin_op_t *op, anshin_desk_facts_t *facts)
{
    anshin_op_t other = looking_at(op, facts->contract);
    apr_status_t status;

    facts->mails = apr_array_make(op->pool, 16, sizeof(anshin_mail_t));
    status = anshin_op_read(&other, read_listed, facts);
    if (status == ANSHIN_ENOTFOUND) {
        status = anshin_own_each(&other, &anshin_record_mail, "", keep_mail, facts);
    }
    op->error = other.error;
    if (facts->mails->nelts > 1) {
        qsort(facts->mails->elts, (size_t)facts->mails->nelts, sizeof(anshin_mail_t), is_newer);
    }
    if (facts->mails->nelts > ANSHIN_DESK_MAILS) {
        facts->mails->nelts = ANSHIN_DESK_MAILS;
    }
    return status;
}

/* --- act --------------------------------------------------------------------------------------------------------- */

/* What is done to whom: answers of core's verbs; *error as of anshin_desk_do(). */
typedef apr_status_t act_fn(anshin_op_t *op, const anshin_desk_order_t *order, const char **error);

/* A conflict has a text of its own. */
static apr_status_t told(apr_status_t status, const char *key, const char **error)
{
    *error = status == ANSHIN_ECONFLICT ? key : NULL;
    return status == ANSHIN_ECONFLICT ? APR_SUCCESS : status;
}

static apr_status_t unlock(anshin_op_t *op, const anshin_desk_order_t *order, const char **error)
{
    return told(anshin_account_unlock(op, order->whom.user), "desk.not_yours", error);
}

static apr_status_t lock(anshin_op_t *op, const anshin_desk_order_t *order, const char **error)
{
    return told(anshin_account_lock(op, order->whom.user, ANSHIN_ACCOUNT_LOCKED), "desk.not_active", error);
}

static apr_status_t disable(anshin_op_t *op, const anshin_desk_order_t *order, const char **error)
{
    (void)error;
    return anshin_account_lock(op, order->whom.user, ANSHIN_ACCOUNT_DISABLED);
}

static apr_status_t log_out(anshin_op_t *op, const anshin_desk_order_t *order, const char **error)
{
    static const anshin_session_match_t every = {0};

    (void)error;
    return anshin_sessions_end(op, order->whom.user, &every, NULL, NULL);
}

static apr_status_t must_change(anshin_op_t *op, const anshin_desk_order_t *order, const char **error)
{
    return told(anshin_account_must_change(op, order->whom.user), "desk.no_password", error);
}

/* The user is there, or it would not have come so far: what there is none of is a certificate. */
static apr_status_t revoke_all(anshin_op_t *op, const anshin_desk_order_t *order, const char **error)
{
    apr_array_header_t *serials;
    apr_status_t status = anshin_certificates_revoke(op, order->whom.user, ANSHIN_REASON_UNSPECIFIED, &serials);

    *error = status == ANSHIN_ENOTFOUND ? "desk.no_certificate" : NULL;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

typedef struct renewing_t {
    const anshin_desk_order_t *order;
    const char *error;
} renewing_t;

static apr_status_t renew_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    renewing_t *renewing = baton;
    const anshin_desk_order_t *order = renewing->order;
    anshin_account_t account;
    anshin_terminal_t terminal;
    anshin_terminal_parts_t parts;
    const char *password; /* the user's pages show it */
    int room = 0;
    apr_status_t status = anshin_account_get(op, txn, order->whom.user, &account);

    renewing->error = NULL;
    status =
        status == APR_SUCCESS ? anshin_terminal_get(op, txn, order->whom.user, order->terminal, &terminal) : status;
    status = status == APR_SUCCESS ? anshin_terminal_parts(op, txn, &terminal, &parts) : status;
    status = status == APR_SUCCESS ? anshin_renewal_room(op, txn, &account, &room) : status;
    if (status != APR_SUCCESS) {
        return status;
    }
    if (anshin_account_standing(&account, op->now) != ANSHIN_ACCOUNT_ACTIVE) {
        renewing->error = "desk.not_active";
    } else if (!anshin_certificate_renewable(op, &parts)) {
        renewing->error = "desk.not_renewable";
    } else if (!room) {
        renewing->error = "errors.renewals";
    }
    return renewing->error == NULL ? anshin_renewal_begin_in(op, txn, &account, &terminal, &password) : APR_SUCCESS;
}

static apr_status_t renew(anshin_op_t *op, const anshin_desk_order_t *order, const char **error)
{
    renewing_t renewing = {order, NULL};
    apr_status_t status = anshin_op_write_rehearsed(op, ANSHIN_DURABLE, renew_in, &renewing);

    *error = renewing.error;
    return status;
}

/* The passwords are for paper: without it nobody would know them. */
static apr_status_t reissue(anshin_op_t *op, const anshin_desk_order_t *order, const char **error)
{
    const anshin_holder_t holder = {.user = order->whom.user, .terminal = order->terminal, .printed = 1};
    anshin_holder_done_t done;
    apr_status_t status = told(anshin_holder_reissue(op, &holder, &done), "desk.not_reissuable", error);

    if (status == APR_SUCCESS && *error == NULL && done.issues->nelts > 0) {
        order->handout->password = APR_ARRAY_IDX(done.issues, 0, anshin_method_issue_t).download_password;
    }
    return status;
}

static apr_status_t reinvite(anshin_op_t *op, const anshin_desk_order_t *order, const char **error)
{
    anshin_invitation_t made;
    apr_status_t status;

    if (order->handout == NULL) {
        return anshin_account_invite_mailed(op, order->whom.user, error);
    }
    status = anshin_account_invite_printed(op, order->whom.user, &made);
    *error = made.refused;
    order->handout->url = made.url;
    order->handout->code = made.code;
    order->handout->expires_at = made.expires_at;
    return status;
}

/* What the user waits for: before the registration that is the invitation. */
static apr_status_t resend(anshin_op_t *op, const anshin_desk_order_t *order, const char **error)
{
    static const char *const refusals[] = {[ANSHIN_RESEND_SENT] = NULL,
                                           [ANSHIN_RESEND_PAUSED] = "desk.resend_paused",
                                           [ANSHIN_RESEND_FULL] = "desk.resend_full",
                                           [ANSHIN_RESEND_MAKING] = "desk.resend_making",
                                           [ANSHIN_RESEND_NOTHING] = "desk.resend_nothing"};
    const anshin_holder_t holder = {.user = order->whom.user};
    anshin_resend_outcome_t why;
    anshin_holder_done_t done;
    apr_status_t status = anshin_account_invite_mailed(op, order->whom.user, error);

    if (status != APR_SUCCESS || *error == NULL || strcmp(*error, "desk.registered") != 0) {
        return status;
    }
    status = told(anshin_holder_resend(op, &holder, &why, &done), "desk.not_reissuable", error);
    if (status == APR_SUCCESS && *error == NULL && done.done == 0) {
        *error = refusals[why];
    }
    return status;
}

static act_fn *const acts[ANSHIN_DESK_VERBS] = {
    [ANSHIN_DESK_UNLOCK] = unlock,
    [ANSHIN_DESK_LOCK] = lock,
    [ANSHIN_DESK_DISABLE] = disable,
    [ANSHIN_DESK_LOGOUT] = log_out,
    [ANSHIN_DESK_MUST_CHANGE] = must_change,
    [ANSHIN_DESK_REVOKE] = revoke_all,
    [ANSHIN_DESK_RENEW] = renew,
    [ANSHIN_DESK_REISSUE] = reissue,
    [ANSHIN_DESK_RESEND] = resend,
    [ANSHIN_DESK_REINVITE] = reinvite,
};

/* *why: in normal form. NULL: it is good, or none is asked for; else the key of what is wrong. */
static const char *check_why(const anshin_contract_t *contract, const char *typed, const char **why, apr_pool_t *pool)
{
    *why = NULL;
    if (!contract->policy.staff_reason) {
        return NULL;
    }
    *why = anshin_attribute_typed(typed != NULL ? typed : "", pool);
    if (*why != NULL && **why == '\0') {
        return "errors.why_missing";
    }
    return anshin_attribute_advice(*why, ANSHIN_WHY_MAX, pool) == NULL ? NULL : "errors.why_wrong";
}

const char *anshin_desk_why_error(const anshin_contract_t *contract, const char *typed, apr_pool_t *pool)
{
    const char *why;

    return check_why(contract, typed, &why, pool);
}

/* On paper, where the contract says so, and once; *error as of anshin_desk_do(). */
static apr_status_t begin_handout(anshin_op_t *op, const anshin_staff_t *staff, const anshin_contract_t *contract,
                                  const anshin_desk_order_t *order, const char **error)
{
    int print;
    apr_status_t status = APR_SUCCESS;

    *error = anshin_handout_way(order->verb, contract, order->handout != NULL ? "print" : "mail", &print);
    if (*error == NULL && print) {
        *order->handout = (anshin_handout_t){.url = NULL};
        status = told(anshin_handout_begin(op, staff, order->verb, order->id), "desk.printed", error);
    }
    return status;
}

static apr_status_t act(anshin_op_t *op, const anshin_staff_t *staff, const anshin_desk_order_t *order,
                        const char **error)
{
    anshin_staff_deed_t deed = {
        .staff = staff, .asker = order->asker, .verb = order->verb, .number = order->whom.number};
    anshin_desk_facts_t facts;
    anshin_op_t other;
    apr_status_t status = open_account(op, staff, &order->whom, &facts);

    if (status != APR_SUCCESS || !anshin_staff_may(staff, order->verb, facts.contract, &facts.user.account) ||
        (order->asker != NULL && !anshin_staff_may(order->asker, order->verb, facts.contract, &facts.user.account))) {
        return status != APR_SUCCESS ? status : ANSHIN_ENOTFOUND;
    }
    *error = check_why(facts.contract, order->why, &deed.why, op->pool);
    status = *error == NULL ? begin_handout(op, staff, facts.contract, order, error) : APR_SUCCESS;
    if (status != APR_SUCCESS || *error != NULL) {
        return status;
    }
    anshin_staff_op(&other, op, facts.contract, &deed);
    status = acts[order->verb](&other, order, error);
    op->jobs_queued |= other.jobs_queued;
    op->error = other.error;
    return status == ANSHIN_EDENIED ? ANSHIN_ENOTFOUND
                                    : status; /* the account has changed its organisation meanwhile */
}

apr_status_t anshin_desk_do(anshin_op_t *op, const anshin_desk_order_t *order, const char **error)
{
    anshin_staff_t staff;
    apr_status_t status = anshin_staff_find(op, order->member, &staff);

    *error = NULL;
    if (status != APR_SUCCESS) {
        return status;
    }
    if (!anshin_member_fresh(op, order->member) || !anshin_desk_verb_changes(order->verb) ||
        !anshin_role_may(staff.role, order->verb) || acts[order->verb] == NULL) {
        return ANSHIN_EDENIED;
    }
    return act(op, &staff, order, error);
}
