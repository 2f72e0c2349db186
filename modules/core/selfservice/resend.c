/*
 * The mail with a download's link once more: see resend.h.
 *
 * SECURITY: strangers may ask for it (reissue_request.c). It goes to the address that the first one went to, tells
 * nobody else anything, and lengthens nothing.
 */
#include "core/selfservice/resend.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/account.h"
#include "core/account/lockout.h"
#include "core/certificate/download_mail.h"
#include "core/context/daily.h"
#include "core/context/rehearsal.h"
#include "core/mail/event.h"
#include "core/mail/mail.h"

static const char *count_key(const anshin_op_t *op, const anshin_account_t *account, apr_int64_t terminal)
{
    return apr_psprintf(op->pool, "resends/%s/%s/%" APR_INT64_T_FMT, op->contract->name,
                        account->number != NULL ? account->number : account->user, terminal);
}

/* What waits, and its certificate. ANSHIN_ENOTFOUND: nothing that a link would lead to; ANSHIN_ECONFLICT: not yet. */
static apr_status_t find_waiting(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                                 const anshin_terminal_t *terminal, anshin_download_t *download,
                                 anshin_certificate_t *certificate)
{
    anshin_lock_t lock;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_download,
                                         anshin_terminal_key(op, account->user, terminal->number), download);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!anshin_account_owns(account, download->account, download->created_at)) {
        return ANSHIN_ENOTFOUND;
    }
    if (download->serial == NULL || download->expires_at <= op->now) {
        return download->serial == NULL ? ANSHIN_ECONFLICT : ANSHIN_ENOTFOUND;
    }
    if ((status = anshin_txn_get(txn, &anshin_record_certificate, download->serial, certificate)) != APR_SUCCESS ||
        (status = anshin_lock_get(op, txn, ANSHIN_COUNTER_DOWNLOAD,
                                  anshin_download_subject(op, account->user, terminal->number), &lock)) !=
            APR_SUCCESS) {
        return status;
    }
    return lock.kinds == 0 && certificate->state == ANSHIN_CERTIFICATE_ACTIVE ? APR_SUCCESS : ANSHIN_ENOTFOUND;
}

/* The last one went out, or was to, a moment ago; one that could not be sent keeps nobody waiting. */
static apr_status_t is_paused(anshin_op_t *op, anshin_txn_t *txn, const anshin_download_t *download, int *paused)
{
    anshin_mail_t mail;
    apr_status_t status =
        download->mail != NULL ? anshin_txn_get(txn, &anshin_record_mail, download->mail, &mail) : ANSHIN_ENOTFOUND;

    *paused = status == APR_SUCCESS && mail.state != ANSHIN_MAIL_FAILED &&
              mail.created_at + ANSHIN_RESEND_PAUSE > op->now;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* Pause and day. *outcome: ANSHIN_RESEND_SENT when one may go. */
static apr_status_t judge(anshin_op_t *op, anshin_txn_t *txn, const anshin_download_mail_t *mail,
                          const anshin_download_t *download, anshin_resend_outcome_t *outcome)
{
    int paused = 0, sent = 0;
    apr_status_t status = is_paused(op, txn, download, &paused);

    if (status == APR_SUCCESS) {
        status = anshin_daily_get(op, txn, count_key(op, mail->account, mail->terminal->number), &sent);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    *outcome = paused ? ANSHIN_RESEND_PAUSED : sent >= ANSHIN_RESENDS ? ANSHIN_RESEND_FULL : ANSHIN_RESEND_SENT;
    if (*outcome == ANSHIN_RESEND_SENT) {
        status = anshin_mail_room(op, txn, mail->account, mail->terminal->address, mail->bound);
    }
    if (status == ANSHIN_EDENIED) {
        *outcome = ANSHIN_RESEND_FULL;
        status = APR_SUCCESS;
    }
    return status;
}

apr_status_t anshin_resend_in(anshin_op_t *op, anshin_txn_t *txn, const anshin_account_t *account,
                              const anshin_terminal_t *terminal, anshin_mail_bound_t bound,
                              anshin_resend_outcome_t *outcome)
{
    anshin_download_t download;
    anshin_certificate_t certificate;
    anshin_download_mail_t mail = {account, terminal, NULL, bound, 1};
    apr_status_t status = find_waiting(op, txn, account, terminal, &download, &certificate);

    if (status == ANSHIN_ENOTFOUND || status == ANSHIN_ECONFLICT) {
        *outcome = status == ANSHIN_ECONFLICT ? ANSHIN_RESEND_MAKING : ANSHIN_RESEND_NOTHING;
        return APR_SUCCESS;
    }
    status = status == APR_SUCCESS ? judge(op, txn, &mail, &download, outcome) : status;
    if (status != APR_SUCCESS || *outcome != ANSHIN_RESEND_SENT) {
        return status;
    }
    mail.name = certificate.name;
    if ((status = anshin_download_mail(op, txn, &mail, &download)) != APR_SUCCESS ||
        (status = anshin_txn_put(txn, &anshin_record_download, anshin_terminal_key(op, account->user, terminal->number),
                                 &download)) != APR_SUCCESS ||
        (status = anshin_daily_add(op, txn, count_key(op, account, terminal->number))) != APR_SUCCESS) {
        return status;
    }
    return anshin_event(op, txn,
                        &(anshin_event_t){.act = ANSHIN_ACT_LINK_RESENT,
                                          .account = account,
                                          .terminal = terminal->number,
                                          .serial = download.serial,
                                          .mail = download.mail});
}

/* What a member wants, and what comes of it. */
typedef struct wish_t {
    const anshin_member_t *member;
    apr_int64_t number;
    anshin_resend_t *resend;
} wish_t;

static apr_status_t resend_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const wish_t *wish = baton;
    anshin_terminal_t *terminal = &wish->resend->terminal;
    anshin_account_t account;
    apr_status_t status = ANSHIN_HAS(op->contract->policy.functions, ANSHIN_FUNCTION_RESEND)
                              ? anshin_member_account(op, txn, wish->member, &account)
                              : ANSHIN_EDENIED;

    memset(wish->resend, 0, sizeof(*wish->resend));
    if (status != APR_SUCCESS ||
        (status = anshin_terminal_get(op, txn, account.user, wish->number, terminal)) != APR_SUCCESS) {
        return status;
    }
    return anshin_resend_in(op, txn, &account, terminal, anshin_mail_bound_of(terminal), &wish->resend->outcome);
}

apr_status_t anshin_resend(anshin_op_t *op, const anshin_member_t *member, apr_int64_t number, anshin_resend_t *resend)
{
    return anshin_op_write_rehearsed(op, ANSHIN_DURABLE, resend_in, &(wish_t){member, number, resend});
}
