/*
 * Renewal: see renewal.h.
 *
 * SECURITY: the one place where a terminal may have two certificates that let in. Whoever writes to it, the issuing of
 * one (issue.c), its first use, and every revocation (revocation.c), does so under the lock of its user.
 */
#include "core/certificate/renewal.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/account.h"
#include "core/base/label.h"
#include "core/certificate/download.h"
#include "core/certificate/revocation.h"
#include "core/context/daily.h"
#include "core/context/flow.h"
#include "core/mail/event.h"

apr_status_t anshin_terminal_parts(anshin_op_t *op, anshin_txn_t *txn, const anshin_terminal_t *terminal,
                                   anshin_terminal_parts_t *parts)
{
    apr_status_t status = terminal->certificate != NULL ? anshin_txn_get(txn, &anshin_record_certificate,
                                                                         terminal->certificate, &parts->certificate)
                                                        : ANSHIN_ENOTFOUND;

    parts->has_certificate = status == APR_SUCCESS;
    parts->has_download = 0;
    if (status == APR_SUCCESS || status == ANSHIN_ENOTFOUND) {
        status = anshin_txn_get(txn, &anshin_record_download, anshin_terminal_key(op, terminal->user, terminal->number),
                                &parts->download);
        parts->has_download = status == APR_SUCCESS;
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* From the first reminder on. */
apr_interval_time_t anshin_renewal_window(const anshin_op_t *op)
{
    const apr_array_header_t *reminders = op->contract->policy.certificate_reminders;

    return reminders != NULL && reminders->nelts > 0 ? APR_ARRAY_IDX(reminders, 0, apr_interval_time_t)
                                                     : ANSHIN_RENEWAL_WINDOW;
}

int anshin_certificate_renewable(const anshin_op_t *op, const anshin_terminal_parts_t *parts)
{
    const anshin_certificate_t *certificate = &parts->certificate;

    /* Of one that waits for download nobody knows yet that it arrived: its key must not go. */
    return parts->has_certificate && anshin_certificate_standing(certificate, op->now) == ANSHIN_STANDING_ACTIVE &&
           certificate->not_after - op->now <= anshin_renewal_window(op) &&
           (!parts->has_download || parts->download.renewal);
}

/* --- the beginning ---------------------------------------------------------------------------------------------- */

static const char *count_key(const anshin_op_t *op, const anshin_account_t *account)
{
    return apr_pstrcat(op->pool, "renewals/", op->contract->name, "/",
                       account->number != NULL ? account->number : account->user, NULL);
}

apr_status_t anshin_renewal_room(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account, int *room)
{
    int begun = 0;
    apr_status_t status = anshin_daily_get(op, txn, count_key(op, account), &begun);

    *room = begun < ANSHIN_RENEWALS;
    return status;
}

static apr_status_t tell(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                         const anshin_terminal_t *terminal)
{
    const anshin_event_t event = {
        .act = ANSHIN_ACT_CERTIFICATE_RENEWED,
        .account = account,
        .terminal = terminal->number,
        .data = json_pack("{s:s}", "terminal", anshin_label_title(terminal->number, terminal->label, op->pool))};
    apr_status_t status = event.data ? anshin_event(op, txn, &event)
                                     : anshin_fail(&op->error, ANSHIN_EFAULT, "AN1240", "renewal: out of memory");

    json_decref(event.data);
    return status;
}

apr_status_t anshin_renewal_begin_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                     const anshin_terminal_t *terminal, const char **password)
{
    apr_status_t status;

    if ((status = anshin_certificate_supersede_in(op, txn, terminal->renewing)) != APR_SUCCESS ||
        (status = anshin_download_prepare_renewal(op, txn, account, terminal->number, password)) != APR_SUCCESS ||
        (status = anshin_daily_add(op, txn, count_key(op, account))) != APR_SUCCESS ||
        (status = anshin_flow_reach(op, txn, ANSHIN_STAGE_RESULT, account->user, terminal->number)) != APR_SUCCESS) {
        return status;
    }
    return tell(op, txn, account, terminal);
}

/* --- the first use ---------------------------------------------------------------------------------------------- */

/* The one that was to follow takes its place. */
static apr_status_t follow(anshin_op_t *op, anshin_txn_t *txn, anshin_terminal_t *terminal)
{
    const char *former = terminal->certificate;
    apr_status_t status;

    terminal->certificate = terminal->renewing;
    terminal->renewing = NULL;
    status = anshin_terminal_put(op, txn, terminal);
    return status == APR_SUCCESS ? anshin_certificate_supersede_in(op, txn, former) : status;
}

apr_status_t anshin_certificate_used_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_certificate_t *used,
                                        anshin_terminal_t *terminal)
{
    apr_status_t status = APR_SUCCESS;

    if (used->used_at == 0) { /* for who looks later how far it has come (course.h) */
        anshin_certificate_t first = *used;

        first.used_at = op->now;
        status = anshin_txn_put(txn, &anshin_record_certificate, used->serial, &first);
    }
    if (status == APR_SUCCESS && terminal->renewing != NULL && strcmp(terminal->renewing, used->serial) == 0) {
        status = follow(op, txn, terminal);
    }
    return status == APR_SUCCESS ? anshin_download_used_in(op, txn, used) : status;
}
