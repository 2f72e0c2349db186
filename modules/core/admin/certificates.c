/*
 * Certificates of a user, by an operator: see certificates.h.
 */
#include "core/admin/certificates.h"

#include <string.h>

#include "core/certificate/download.h"
#include "core/certificate/renewal.h"
#include "core/certificate/revocation.h"
#include "core/context/own.h"
#include "core/context/rehearsal.h"
#include "core/mail/event.h"

typedef struct work_t work_t;

/* What is done to a device. */
typedef apr_status_t device_fn(const work_t *work, anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                               const anshin_terminal_t *terminal);

struct work_t {
    const anshin_holder_t *holder;
    device_fn *fn;
    int issues; /* 1: only an account in force, whose method is the certificate, gets any */
    int reason;
    anshin_resend_outcome_t *why;
    anshin_holder_done_t *done;
};

/* --- whose ------------------------------------------------------------------------------------------------------- */

/* *number: of the device; 0: all. */
static apr_status_t find_account(anshin_op_t *op, anshin_txn_t *txn, const anshin_holder_t *holder,
                                 anshin_account_t *account, apr_int64_t *number)
{
    anshin_certificate_t record;
    apr_status_t status;

    *number = holder->terminal;
    if (holder->serial == NULL) {
        return anshin_account_get_typed(op, txn, holder->user, account);
    }
    status = anshin_own_get(op, txn, &anshin_record_certificate, holder->serial, &record);
    if (status == APR_SUCCESS && record.user == NULL) { /* of one who was erased */
        return ANSHIN_ENOTFOUND;
    }
    *number = status == APR_SUCCESS ? record.terminal : 0;
    return status == APR_SUCCESS
               ? anshin_account_get_owner(op, txn, record.user, record.account, record.issued_at, account)
               : status;
}

static apr_status_t check(anshin_op_t *op, const work_t *work, const anshin_account_t *account)
{
    const apr_int64_t state = anshin_account_standing(account, op->now);

    if (!work->issues || (state == ANSHIN_ACCOUNT_ACTIVE && account->method == ANSHIN_METHOD_CERTIFICATE)) {
        return APR_SUCCESS;
    }
    return state != ANSHIN_ACCOUNT_ACTIVE ? anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1339",
                                                        "user %s is %s: a certificate is made for active users alone",
                                                        account->user, anshin_account_state_name(state))
                                          : anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1340",
                                                        "user %s logs in without a certificate (method %s)",
                                                        account->user, anshin_method_name(account->method));
}

/* It counts for the device still: no certificate that another has followed speaks for it. */
static int is_meant(const anshin_holder_t *holder, apr_int64_t number, const anshin_terminal_t *terminal)
{
    return (number == 0 || terminal->number == number) &&
           (holder->serial == NULL || anshin_certificate_counts(terminal, holder->serial));
}

static apr_status_t do_devices(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const work_t *work = baton;
    anshin_holder_done_t *done = work->done;
    anshin_account_t account;
    apr_array_header_t *terminals;
    apr_int64_t number;
    int meant = 0;
    apr_status_t status = find_account(op, txn, work->holder, &account, &number);

    *done = (anshin_holder_done_t){.issues = apr_array_make(op->pool, 4, sizeof(anshin_method_issue_t))};
    status = status == APR_SUCCESS ? check(op, work, &account) : status;
    if (status != APR_SUCCESS || (status = anshin_account_terminals(op, txn, &account, &terminals)) != APR_SUCCESS) {
        return status;
    }
    done->user = account.user;
    for (int i = 0; status == APR_SUCCESS && i < terminals->nelts; i++) {
        const anshin_terminal_t *terminal = &APR_ARRAY_IDX(terminals, i, anshin_terminal_t);

        if (is_meant(work->holder, number, terminal)) {
            meant++;
            status = work->fn(work, op, txn, &account, terminal);
        }
    }
    return status == APR_SUCCESS && meant == 0
               ? anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1341", "user %s: no device has this certificate any more",
                             account.user)
               : status;
}

/* --- what -------------------------------------------------------------------------------------------------------- */

static void note_issue(const work_t *work, const anshin_terminal_t *terminal, const char *password)
{
    anshin_method_issue_t *issue = apr_array_push(work->done->issues);

    *issue = (anshin_method_issue_t){terminal->number, terminal->address, password};
    work->done->done++;
}

static apr_status_t renew(const work_t *work, anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                          const anshin_terminal_t *terminal)
{
    anshin_terminal_parts_t parts;
    const char *password;
    apr_status_t status = anshin_terminal_parts(op, txn, terminal, &parts);

    if (status != APR_SUCCESS || !parts.has_certificate ||
        anshin_certificate_standing(&parts.certificate, op->now) != ANSHIN_STANDING_ACTIVE) {
        return status;
    }
    if (terminal->renewing != NULL || (parts.has_download && parts.download.expires_at > op->now)) {
        work->done->waiting++;
        return APR_SUCCESS;
    }
    status = anshin_renewal_begin_in(op, txn, account, terminal, &password);
    if (status == APR_SUCCESS) {
        note_issue(work, terminal, password);
    }
    return status;
}

static apr_status_t reissue(const work_t *work, anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                            const anshin_terminal_t *terminal)
{
    const anshin_event_t event = {.act = ANSHIN_ACT_CERTIFICATE_REISSUED,
                                  .account = account,
                                  .terminal = terminal->number,
                                  .after = work->holder->printed ? "printed" : NULL};
    anshin_terminal_parts_t parts;
    const char *password;
    apr_status_t status = anshin_terminal_parts(op, txn, terminal, &parts);

    if (status == APR_SUCCESS && !work->holder->printed && parts.has_download && !parts.download.renewal &&
        parts.download.fetched == 0 && parts.download.expires_at > op->now) {
        work->done->waiting++;
        return APR_SUCCESS;
    }
    if (status != APR_SUCCESS ||
        (status = anshin_certificates_end_in(op, txn, terminal, ANSHIN_REASON_SUPERSEDED)) != APR_SUCCESS ||
        (status = anshin_download_prepare(op, txn, account, terminal->number, &password)) != APR_SUCCESS) {
        return status;
    }
    note_issue(work, terminal, password);
    return anshin_event(op, txn, &event);
}

static apr_status_t end_all(const work_t *work, anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                            const anshin_terminal_t *terminal)
{
    (void)account;
    work->done->done += terminal->certificate != NULL || terminal->renewing != NULL;
    return anshin_certificates_end_in(op, txn, terminal, work->reason);
}

static apr_status_t resend(const work_t *work, anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                           const anshin_terminal_t *terminal)
{
    anshin_resend_outcome_t outcome;
    apr_status_t status = anshin_resend_in(op, txn, account, terminal, anshin_mail_bound_of(terminal), &outcome);

    if (status != APR_SUCCESS) {
        return status;
    }
    work->done->done += outcome == ANSHIN_RESEND_SENT;
    if (*work->why == ANSHIN_RESEND_NOTHING) { /* of several the one that somebody can do something about */
        *work->why = outcome;
    }
    return APR_SUCCESS;
}

/* --- the verbs --------------------------------------------------------------------------------------------------- */

static apr_status_t do_issues(anshin_op_t *op, const anshin_holder_t *holder, device_fn *fn, anshin_holder_done_t *done)
{
    work_t work = {.holder = holder, .fn = fn, .issues = 1, .done = done};

    return anshin_op_write_rehearsed(op, ANSHIN_DURABLE, do_devices, &work);
}

apr_status_t anshin_holder_renew(anshin_op_t *op, const anshin_holder_t *holder, anshin_holder_done_t *done)
{
    apr_status_t status = do_issues(op, holder, renew, done);

    return status == APR_SUCCESS && done->done == 0 && done->waiting == 0
               ? anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1342",
                             "user %s has no certificate that counts; cert reissue makes one", done->user)
               : status;
}

apr_status_t anshin_holder_reissue(anshin_op_t *op, const anshin_holder_t *holder, anshin_holder_done_t *done)
{
    return do_issues(op, holder, reissue, done);
}

apr_status_t anshin_holder_revoke(anshin_op_t *op, const char *user, int reason, anshin_holder_done_t *done)
{
    const anshin_holder_t holder = {.user = user};
    work_t work = {.holder = &holder, .fn = end_all, .reason = reason, .done = done};

    return anshin_op_write(op, ANSHIN_DURABLE, do_devices, &work);
}

static apr_status_t resend_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const work_t *work = baton;

    *work->why = ANSHIN_RESEND_NOTHING;
    return do_devices(baton, op, txn);
}

apr_status_t anshin_holder_resend(anshin_op_t *op, const anshin_holder_t *holder, anshin_resend_outcome_t *why,
                                  anshin_holder_done_t *done)
{
    work_t work = {.holder = holder, .fn = resend, .issues = 1, .why = why, .done = done};

    return anshin_op_write_rehearsed(op, ANSHIN_DURABLE, resend_in, &work);
}
