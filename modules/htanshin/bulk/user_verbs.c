/*
 * What can be done to many users: see user_verbs.h. Each is the verb of core for one; before it the user is read, so
 * that what is so already is left alone, and what was is known for the way back.
 */
#include "htanshin/bulk/user_verbs.h"

#include <apr_strings.h>

#include "core/admin/erase.h"
#include "core/selfservice/method.h"
#include "htanshin/spool.h"
#include "htanshin/values.h"

const char *anshin_bulk_passwords(const apr_array_header_t *issues, apr_pool_t *pool)
{
    const char *text = NULL;

    for (int i = 0; i < issues->nelts; i++) {
        const anshin_method_issue_t *issue = &APR_ARRAY_IDX(issues, i, anshin_method_issue_t);

        text = apr_psprintf(pool, "%s%s%" APR_INT64_T_FMT ": %s", text != NULL ? text : "", text != NULL ? "; " : "",
                            issue->terminal, issue->download_password);
    }
    return text;
}

static apr_status_t leave(anshin_came_t *came, const char *detail)
{
    came->unchanged = 1;
    came->detail = detail;
    return APR_SUCCESS;
}

/* --- lock, unlock, disable --------------------------------------------------------------------------------------- */

/* The verb that leads back to a state; NULL: none of its own. */
static const char *way_back(const anshin_account_t *account)
{
    switch (account->state) {
    case ANSHIN_ACCOUNT_LOCKED:
        return account->locked_by == ANSHIN_LOCKED_BY_OPERATOR ? "lock" : NULL;
    case ANSHIN_ACCOUNT_DISABLED:
        return "disable";
    default:
        return "unlock";
    }
}

/* For who has no way back; nothing where no list was asked for. */
static const char *left_out(const anshin_call_t *call, const anshin_came_t *came)
{
    return came->undo == NULL && anshin_call_value(call, "undo") != NULL ? "; not in the list of --undo" : "";
}

/* It was so already. */
static apr_status_t left(const anshin_call_t *call, anshin_came_t *came, const anshin_account_t *account)
{
    came->undo = NULL;
    return leave(came, apr_psprintf(call->pool, "is %s", anshin_account_state_name(account->state)));
}

/* baton: the state (anshin_account_state_t). Who is disabled is locked out already, and stays so; but by the undo list
 * of disable he is locked, as he was. */
static apr_status_t shut(anshin_call_t *call, void *baton, const anshin_target_t *target, anshin_came_t *came)
{
    const anshin_account_state_t *state = baton;
    anshin_particulars_t found;
    apr_status_t status = anshin_particulars_get(&call->op, target->user, &found);

    if (status != APR_SUCCESS) {
        return status;
    }
    came->undo = found.lock.kinds == 0 ? way_back(&found.account) : NULL; /* unlock would clear the attempts as well */
    came->detail = apr_psprintf(call->pool, "was %s%s%s", anshin_account_state_name(found.account.state),
                                found.lock.kinds != 0 ? ", and locked by attempts" : "", left_out(call, came));
    status = target->undoes && *state == ANSHIN_ACCOUNT_LOCKED ? anshin_account_relock(&call->op, target->user)
                                                               : anshin_account_lock(&call->op, target->user, *state);
    if (status == APR_SUCCESS && !call->op.unchanged && !target->undoes && *state == ANSHIN_ACCOUNT_LOCKED &&
        found.account.state == ANSHIN_ACCOUNT_DISABLED) { /* it is kept that the operator has closed the account, too */
        came->undo = NULL;
        return leave(came, "is disabled, and stays so");
    }
    return status == APR_SUCCESS && call->op.unchanged ? left(call, came, &found.account) : status;
}

apr_status_t anshin_bulk_lock(anshin_call_t *call)
{
    static anshin_account_state_t state = ANSHIN_ACCOUNT_LOCKED;
    const anshin_bulk_t bulk = {.of = {.verb = "lock", .chooses = 1}, .done = "locked", .act = shut, .baton = &state};

    return anshin_bulk(call, &bulk);
}

apr_status_t anshin_bulk_disable(anshin_call_t *call)
{
    static anshin_account_state_t state = ANSHIN_ACCOUNT_DISABLED;
    const anshin_bulk_t bulk = {
        .of = {.verb = "disable", .chooses = 1}, .done = "disabled", .act = shut, .baton = &state};

    return anshin_bulk(call, &bulk);
}

static apr_status_t unlock(anshin_call_t *call, void *baton, const anshin_target_t *target, anshin_came_t *came)
{
    anshin_particulars_t found;
    int shut_state;
    apr_status_t status = anshin_particulars_get(&call->op, target->user, &found);

    (void)baton;
    if (status != APR_SUCCESS) {
        return status;
    }
    shut_state = found.account.state == ANSHIN_ACCOUNT_LOCKED || found.account.state == ANSHIN_ACCOUNT_DISABLED;
    if (!shut_state && found.locked == 0) {
        return leave(came, apr_psprintf(call->pool, "is %s", anshin_account_state_name(found.account.state)));
    }
    came->undo = shut_state ? way_back(&found.account) : NULL;
    came->detail = apr_psprintf(call->pool, "was %s%s",
                                shut_state ? anshin_account_state_name(found.account.state) : "locked by attempts",
                                left_out(call, came));
    return anshin_account_unlock(&call->op, target->user);
}

apr_status_t anshin_bulk_unlock(anshin_call_t *call)
{
    static const anshin_bulk_t bulk = {.of = {.verb = "unlock", .chooses = 1}, .done = "unlocked", .act = unlock};

    return anshin_bulk(call, &bulk);
}

/* --- a new password, a new beginning ----------------------------------------------------------------------------- */

static apr_status_t must_change(anshin_call_t *call, void *baton, const anshin_target_t *target, anshin_came_t *came)
{
    anshin_account_t account;
    apr_array_header_t *terminals;
    apr_status_t status = anshin_account_read(&call->op, target->user, &account, &terminals);

    (void)baton;
    if (status == APR_SUCCESS && account.password_must_change) {
        return leave(came, "must change it already");
    }
    return status == APR_SUCCESS ? anshin_account_must_change(&call->op, target->user) : status;
}

apr_status_t anshin_bulk_must_change(anshin_call_t *call)
{
    static const anshin_bulk_t bulk = {
        .of = {.verb = "must-change", .chooses = 1}, .done = "asked", .act = must_change};

    return anshin_bulk(call, &bulk);
}

static apr_status_t reset(anshin_call_t *call, void *baton, const anshin_target_t *target, anshin_came_t *came)
{
    (void)baton;
    return anshin_account_reset(&call->op, target->user, &came->invitation);
}

apr_status_t anshin_bulk_reset(anshin_call_t *call)
{
    static const anshin_bulk_t bulk = {.of = {.verb = "reset", .chooses = 1},
                                       .done = "reset",
                                       .invites = 1,
                                       .revokes = 1,
                                       .done_twice = "those who are reset get yet another pair",
                                       .act = reset};

    return anshin_bulk(call, &bulk);
}

static apr_status_t reinvite(anshin_call_t *call, void *baton, const anshin_target_t *target, anshin_came_t *came)
{
    (void)baton;
    return anshin_account_invite(&call->op, target->user, &came->invitation);
}

apr_status_t anshin_bulk_reinvite(anshin_call_t *call)
{
    static const anshin_bulk_t bulk = {.of = {.verb = "reinvite", .chooses = 1},
                                       .done = "invited",
                                       .invites = 1,
                                       .done_twice = "those who are invited get yet another pair",
                                       .act = reinvite};

    return anshin_bulk(call, &bulk);
}

/* --- change, delete ---------------------------------------------------------------------------------------------- */

static apr_status_t set(anshin_call_t *call, void *baton, const anshin_target_t *target, anshin_came_t *came)
{
    anshin_amend_t amend = *(const anshin_amend_t *)baton;
    anshin_amended_t amended;
    apr_status_t status;

    amend.user = target->user;
    status = anshin_account_amend(&call->op, &amend, &amended);
    if (status == APR_SUCCESS) {
        came->unchanged = amended.what->nelts == 0;
        came->detail = came->unchanged ? NULL : apr_array_pstrcat(call->pool, amended.what, ',');
        came->passwords = anshin_bulk_passwords(amended.issues, call->pool);
    }
    return status;
}

apr_status_t anshin_bulk_set(anshin_call_t *call, const anshin_amend_t *amend)
{
    anshin_amend_t own = *amend;
    const anshin_bulk_t bulk = {.of = {.verb = "set"},
                                .done = "changed",
                                .issues = own.method >= 0,
                                .revokes = own.method >= 0,
                                .act = set,
                                .baton = &own};

    return anshin_bulk(call, &bulk);
}

/* Mail that lies outside of the store. */
static apr_status_t forget_mail(void *baton, const anshin_erased_t *erased)
{
    anshin_call_t *call = baton;
    anshin_erased_t mails = *erased;
    int files = 0;

    mails.addresses = apr_array_make(call->pool, 1, sizeof(const char *)); /* another user may have the mailbox */
    return anshin_spool_erase(anshin_config_spool(call->op.env->config, call->pool), &mails, &files, &call->op.error,
                              call->pool);
}

/* What follows the deletion cannot be rehearsed, since it asks that the user is gone. */
static apr_status_t forget(anshin_call_t *call, void *baton, const anshin_target_t *target, anshin_came_t *came)
{
    anshin_erased_t erased;

    (void)baton;
    (void)came;
    return call->op.dry ? anshin_account_delete(&call->op, target->user)
                        : anshin_account_forget(&call->op, target->user, forget_mail, call, &erased);
}

apr_status_t anshin_bulk_delete(anshin_call_t *call)
{
    static const anshin_bulk_t bulk = {
        .of = {.verb = "delete", .chooses = 1}, .done = "deleted", .revokes = 1, .act = forget};

    if (anshin_call_value(call, "erase") != NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1353",
                           "--erase: is for one user at a time, since the whole store is gone through for each");
    }
    return anshin_bulk(call, &bulk);
}
