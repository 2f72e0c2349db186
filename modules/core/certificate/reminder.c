/*
 * Reminders of a certificate's end: see reminder.h.
 */
#include "core/certificate/reminder.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/account.h"
#include "core/base/label.h"
#include "core/certificate/certificate.h"
#include "core/context/own.h"
#include "core/context/reminder.h"
#include "core/mail/event.h"
#include "core/mail/mail.h"
#include "core/mail/mail_way.h"

static anshin_reminders_t reminders_of(const anshin_op_t *op, const anshin_certificate_t *certificate)
{
    return (anshin_reminders_t){.before = op->contract->policy.certificate_reminders,
                                .since = certificate->issued_at,
                                .end = certificate->not_after,
                                .mark = certificate->reminded_at};
}

apr_time_t anshin_certificate_kept_until(const anshin_contract_t *contract, const anshin_certificate_t *certificate)
{
    apr_interval_time_t keep = ANSHIN_KEEP_CERTIFICATE;

    if (contract != NULL) {
        const anshin_policy_t *policy = &contract->policy;

        keep =
            policy->certificate_retention > policy->renew_after ? policy->certificate_retention : policy->renew_after;
    }
    return certificate->not_after + keep;
}

apr_time_t anshin_certificate_look(const anshin_op_t *op, const anshin_certificate_t *certificate)
{
    const anshin_reminders_t reminders = reminders_of(op, certificate);
    apr_time_t look = certificate->state == ANSHIN_CERTIFICATE_ACTIVE ? anshin_reminder_look(&reminders, op->now) : 0;

    if (look == 0) {
        look = anshin_certificate_kept_until(op->contract, certificate);
    }
    return look > op->now ? look : op->now;
}

apr_status_t anshin_certificate_file(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *certificate)
{
    return anshin_expiry_file(op, txn, &anshin_record_certificate, certificate->serial,
                              anshin_certificate_look(op, certificate));
}

apr_status_t anshin_certificate_file_present(anshin_op_t *op, anshin_txn_t *txn, const char *ended)
{
    anshin_certificate_t record;
    anshin_terminal_t terminal;
    apr_status_t status = anshin_own_get(op, txn, &anshin_record_certificate, ended, &record);

    if (status == APR_SUCCESS) {
        status = anshin_terminal_get(op, txn, record.user, record.terminal, &terminal);
    }
    if (status == APR_SUCCESS) {
        status = terminal.certificate != NULL
                     ? anshin_own_get(op, txn, &anshin_record_certificate, terminal.certificate, &record)
                     : ANSHIN_ENOTFOUND;
    }
    /* Filed it is already; only what is overdue would wait for the next reminder. */
    if (status == APR_SUCCESS && anshin_certificate_look(op, &record) == op->now) {
        status = anshin_certificate_file(op, txn, &record);
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

int anshin_certificate_days_left(const anshin_op_t *op, const anshin_certificate_t *certificate)
{
    const anshin_reminders_t reminders = reminders_of(op, certificate);

    return certificate->state == ANSHIN_CERTIFICATE_ACTIVE && anshin_reminder_is_near(&reminders, op->now)
               ? anshin_reminder_days(certificate->not_after, op->now)
               : -1;
}

apr_status_t anshin_certificate_days_of(anshin_op_t *op, const anshin_session_t *session, int *days)
{
    anshin_certificate_t certificate;
    apr_status_t status = session->serial != NULL
                              ? anshin_own_find(op, &anshin_record_certificate, session->serial, &certificate)
                              : ANSHIN_ENOTFOUND;

    *days = status == APR_SUCCESS ? anshin_certificate_days_left(op, &certificate) : -1;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* --- the mail --------------------------------------------------------------------------------------------------- */

/* Who is to be told. */
typedef struct holder_t {
    anshin_account_t account;
    anshin_terminal_t terminal;
} holder_t;

/* ANSHIN_ENOTFOUND: nobody, for example while another one waits to follow (REN-2). An account that the operator has
 * locked may be unlocked soon. */
static apr_status_t find_holder(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *record,
                                holder_t *holder)
{
    const anshin_account_t *account = &holder->account;
    const anshin_terminal_t *terminal = &holder->terminal;
    apr_int64_t state;
    apr_status_t status =
        anshin_account_get_owner(op, txn, record->user, record->account, record->issued_at, &holder->account);

    if (status == APR_SUCCESS) {
        status = anshin_terminal_get(op, txn, record->user, record->terminal, &holder->terminal);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    state = anshin_account_standing(account, op->now);
    return (state == ANSHIN_ACCOUNT_ACTIVE || state == ANSHIN_ACCOUNT_LOCKED) &&
                   account->method == ANSHIN_METHOD_CERTIFICATE && terminal->address != NULL &&
                   terminal->certificate != NULL && strcmp(terminal->certificate, record->serial) == 0 &&
                   terminal->renewing == NULL
               ? APR_SUCCESS
               : ANSHIN_ENOTFOUND;
}

/* The pages that the contract has. 0: no memory. */
static int put_pages(const anshin_op_t *op, json_t *data)
{
    const int functions = op->contract->policy.functions;
    int account = ANSHIN_HAS(functions, ANSHIN_FUNCTION_ACCOUNT);
    int renewal = account && ANSHIN_HAS(functions, ANSHIN_FUNCTION_RENEWAL);
    int reissue = ANSHIN_HAS(functions, ANSHIN_FUNCTION_CERTIFICATE_REISSUE);

    return (!account || anshin_mail_way_page(op, data, "account_url", "/account")) &&
           (!renewal || anshin_mail_way_page(op, data, "renewal_url", "/account")) &&
           (!reissue || anshin_mail_way_page(op, data, "reissue_url", "/reissue/certificate"));
}

static apr_status_t queue(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *record,
                          const holder_t *holder)
{
    json_t *data = json_pack("{s:s, s:s, s:I, s:i}", "terminal",
                             anshin_label_title(record->terminal, holder->terminal.label, op->pool), "name",
                             record->name, "expires_text", anshin_mail_moment(record->not_after), "days",
                             anshin_reminder_days_mailed(op, record->not_after));
    const anshin_mail_new_t mail = {"certificate-ends",
                                    &holder->account,
                                    holder->terminal.address,
                                    anshin_mail_bound_of(&holder->terminal),
                                    data,
                                    1,
                                    NULL};
    apr_status_t status;

    if (data == NULL || !put_pages(op, data)) {
        json_decref(data);
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1201", "reminder of certificate %s: out of memory",
                           record->serial);
    }
    status = anshin_mail_add(op, txn, &mail);
    json_decref(data);
    return status;
}

static apr_status_t tell(void *baton, anshin_op_t *op, anshin_txn_t *txn, apr_time_t due)
{
    anshin_certificate_t *record = baton;
    holder_t holder;
    const anshin_event_t event = {.act = ANSHIN_ACT_CERTIFICATE_REMINDED,
                                  .account = &holder.account,
                                  .terminal = record->terminal,
                                  .serial = record->serial};
    apr_status_t status = find_holder(op, txn, record, &holder);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    status = queue(op, txn, record, &holder);
    if (status != APR_SUCCESS) {
        return status;
    }
    record->reminded_at = due;
    status = anshin_txn_put(txn, &anshin_record_certificate, record->serial, record);
    return status == APR_SUCCESS ? anshin_event(op, txn, &event) : status;
}

/* --- keeping house ---------------------------------------------------------------------------------------------- */

static apr_status_t remind(void *baton, anshin_op_t *op, anshin_txn_t *txn, void *record)
{
    anshin_certificate_t *certificate = record;
    const anshin_reminders_t reminders = reminders_of(op, certificate);

    return certificate->state == ANSHIN_CERTIFICATE_ACTIVE
               ? anshin_reminder_act(op, txn, &reminders, tell, certificate, baton)
               : APR_SUCCESS;
}

/* 1: it was that one. */
static int take_away(const char **serial, const char *ended)
{
    const int names = *serial != NULL && strcmp(*serial, ended) == 0;

    *serial = names ? NULL : *serial;
    return names;
}

/* Its terminal has none then, where it had no other since. */
static apr_status_t leave_terminal(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *certificate)
{
    anshin_terminal_t terminal;
    int left;
    apr_status_t status = certificate->user != NULL
                              ? anshin_terminal_get(op, txn, certificate->user, certificate->terminal, &terminal)
                              : ANSHIN_ENOTFOUND;

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    left = take_away(&terminal.certificate, certificate->serial);
    left += take_away(&terminal.renewing, certificate->serial);
    return left > 0 ? anshin_terminal_put(op, txn, &terminal) : APR_SUCCESS;
}

typedef struct keeping_t {
    apr_time_t again;
    int removed;
} keeping_t;

static apr_status_t keep_house(void *baton, anshin_op_t *op, anshin_txn_t *txn, void *record)
{
    const anshin_certificate_t *certificate = record;
    const apr_time_t until = anshin_certificate_kept_until(op->contract, certificate);
    keeping_t *keeping = baton;
    apr_status_t status = remind(&keeping->again, op, txn, record);

    if (status != APR_SUCCESS || keeping->again != 0) {
        return status;
    }
    if (until > op->now) {
        keeping->again = until;
        return APR_SUCCESS;
    }
    keeping->removed = 1;
    status = leave_terminal(op, txn, certificate);
    return status == APR_SUCCESS ? anshin_txn_delete(txn, &anshin_record_certificate, certificate->serial) : status;
}

/* Of a contract that is not declared: what has no holder any more goes in time (core/admin/erase.h, and of a contract
 * that was removed); all else is filed anew when the contract is declared (core/admin/refile.h). */
static apr_status_t keep_undeclared(anshin_op_t *op, anshin_txn_t *txn, const char *serial, keeping_t *keeping)
{
    anshin_certificate_t certificate;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_certificate, serial, &certificate);

    if (status != APR_SUCCESS || certificate.user != NULL) {
        return status;
    }
    keeping->again = anshin_certificate_kept_until(NULL, &certificate);
    if (keeping->again > op->now) {
        return APR_SUCCESS;
    }
    keeping->again = 0;
    keeping->removed = 1;
    return anshin_txn_delete(txn, &anshin_record_certificate, serial);
}

static apr_status_t act(anshin_op_t *op, anshin_txn_t *txn, const char *key, int *dropped, apr_time_t *again)
{
    keeping_t keeping = {0, 0};
    apr_status_t status = anshin_own_do(op, txn, &anshin_record_certificate, key, keep_house, &keeping);

    if (status == ANSHIN_ENOTFOUND) {
        status = keep_undeclared(op, txn, key, &keeping);
    }
    *dropped = status == APR_SUCCESS && keeping.removed;
    *again = keeping.again;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

const anshin_expiry_rule_t anshin_certificate_expiry = {&anshin_record_certificate, NULL, NULL, act};
