/*
 * Reminders of a password that will expire: see password_reminder.h.
 */
#include "core/mail/password_reminder.h"

#include <apr_strings.h>

#include "core/account/account.h"
#include "core/context/own.h"
#include "core/context/reminder.h"
#include "core/mail/event.h"
#include "core/mail/mail.h"
#include "core/mail/mail_way.h"

static anshin_reminders_t reminders_of(const anshin_op_t *op, const anshin_account_t *account)
{
    const anshin_policy_t *policy = &op->contract->policy;
    int has_end = policy->password_age != 0 && policy->password_reminders != NULL && account->password_hash != NULL;

    return (anshin_reminders_t){.before = policy->password_reminders,
                                .since = account->password_set_at,
                                .end = has_end ? account->password_set_at + policy->password_age : 0,
                                .mark = account->password_reminded_at};
}

apr_time_t anshin_password_look(const anshin_op_t *op, const anshin_account_t *account)
{
    const anshin_reminders_t reminders = reminders_of(op, account);

    return anshin_reminder_look(&reminders, op->now);
}

apr_status_t anshin_password_file(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account)
{
    apr_time_t when = anshin_password_look(op, account);

    return when != 0 ? anshin_expiry_file(op, txn, &anshin_record_account, anshin_account_key(op, account->user), when)
                     : APR_SUCCESS;
}

/* --- the mail --------------------------------------------------------------------------------------------------- */

static apr_status_t queue(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                          const anshin_terminal_t *terminal)
{
    const apr_time_t end = reminders_of(op, account).end;
    int has_page = ANSHIN_HAS(op->contract->policy.functions, ANSHIN_FUNCTION_PASSWORD);
    json_t *data = json_pack("{s:I, s:i}", "expires_text", anshin_mail_moment(end), "days",
                             anshin_reminder_days_mailed(op, end));
    const anshin_mail_new_t mail = {
        "password-ends", account, terminal->address, anshin_mail_bound_of(terminal), data, 1, NULL};
    apr_status_t status;

    if (data == NULL || (has_page && !anshin_mail_way_page(op, data, "url", "/password"))) {
        json_decref(data);
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1202", "reminder of a password: out of memory");
    }
    status = anshin_mail_add(op, txn, &mail);
    json_decref(data);
    return status;
}

/* One that must be changed at the next login anyway has no end to tell of. An account that the operator has locked may
 * be unlocked soon. */
static int is_in_use(const anshin_op_t *op, const anshin_account_t *account)
{
    const apr_int64_t state = anshin_account_standing(account, op->now);

    return !account->password_must_change && (state == ANSHIN_ACCOUNT_ACTIVE || state == ANSHIN_ACCOUNT_LOCKED);
}

static apr_status_t tell(void *baton, anshin_op_t *op, anshin_txn_t *txn, apr_time_t due)
{
    anshin_account_t *account = baton;
    const anshin_event_t event = {.act = ANSHIN_ACT_PASSWORD_REMINDED, .account = account};
    apr_array_header_t *terminals;
    apr_status_t status = anshin_account_terminals(op, txn, account, &terminals);

    if (status != APR_SUCCESS || !is_in_use(op, account) || terminals->nelts == 0 ||
        APR_ARRAY_IDX(terminals, 0, anshin_terminal_t).address == NULL) {
        return status;
    }
    status = queue(op, txn, account, &APR_ARRAY_IDX(terminals, 0, anshin_terminal_t));
    if (status != APR_SUCCESS) {
        return status;
    }
    account->password_reminded_at = due;
    status = anshin_account_put(op, txn, account);
    return status == APR_SUCCESS ? anshin_event(op, txn, &event) : status;
}

/* --- keeping house ---------------------------------------------------------------------------------------------- */

static apr_status_t remind(void *baton, anshin_op_t *op, anshin_txn_t *txn, void *record)
{
    const anshin_reminders_t reminders = reminders_of(op, record);

    return anshin_reminder_act(op, txn, &reminders, tell, record, baton);
}

/* One of a contract that is not declared is filed anew when that is (core/admin/refile.h). */
static apr_status_t act(anshin_op_t *op, anshin_txn_t *txn, const char *key, int *dropped, apr_time_t *again)
{
    apr_status_t status;

    *dropped = 0;
    *again = 0;
    status = anshin_own_do(op, txn, &anshin_record_account, key, remind, again);
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

const anshin_expiry_rule_t anshin_password_expiry = {&anshin_record_account, NULL, NULL, act};
