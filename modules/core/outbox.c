/*
 * Delivery of mail, as far as the store knows of it: see outbox.h.
 */
#include "core/outbox.h"

#include <string.h>

#include <apr_strings.h>

#include "core/secret.h"

#define ERROR_MAX 200

/* What lies in the spool half delivered was as good as sent while the account was there. */
static apr_status_t check_addressee(anshin_op_t *op, anshin_txn_t *txn, const anshin_mail_t *mail)
{
    anshin_account_t account;
    apr_status_t status;

    if (mail->state != ANSHIN_MAIL_WAITING) {
        return APR_SUCCESS;
    }
    status = anshin_account_get_owner(op, txn, mail->user, mail->account, mail->created_at, &account);
    return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
}

apr_status_t anshin_outbox_read(anshin_op_t *op, const anshin_outbox_t *outbox, anshin_mail_t *mail)
{
    anshin_txn_t *txn;
    apr_status_t status;

    memset(mail, 0, sizeof(*mail));
    if (outbox->id == NULL) {
        return ANSHIN_ENOTFOUND;
    }
    status = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);
    if (status == APR_SUCCESS) {
        status = anshin_txn_get(txn, &anshin_record_mail, outbox->id, mail);
        if (status == APR_SUCCESS) {
            status = check_addressee(op, txn, mail);
        }
        anshin_txn_abort(txn);
    }
    return status;
}

apr_status_t anshin_outbox_drop(anshin_op_t *op, const anshin_outbox_t *outbox)
{
    anshin_mail_t mail = {.blob = NULL};
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_job_finish(op, txn, outbox->key, outbox->worker);
    if (status == APR_SUCCESS) {
        status = anshin_txn_get(txn, &anshin_record_mail, outbox->id, &mail);
    }
    if (status == APR_SUCCESS) {
        anshin_txn_wipe(txn, mail.blob);
        status = anshin_txn_delete(txn, &anshin_record_mail, outbox->id);
    }
    return anshin_txn_end(txn, status, ANSHIN_DURABLE);
}

/* What becomes of the job, inside a write transaction that is refused where it is not this worker's; text: why. */
typedef apr_status_t job_fn(anshin_op_t *op, anshin_txn_t *txn, const anshin_outbox_t *outbox, const char *text);

static apr_status_t keep(anshin_op_t *op, anshin_txn_t *txn, const anshin_outbox_t *outbox, const char *none)
{
    (void)op;
    (void)none;
    return anshin_job_keep(txn, outbox->key, outbox->worker);
}

static apr_status_t finish(anshin_op_t *op, anshin_txn_t *txn, const anshin_outbox_t *outbox, const char *none)
{
    (void)none;
    return anshin_job_finish(op, txn, outbox->key, outbox->worker);
}

static apr_status_t put_back(anshin_op_t *op, anshin_txn_t *txn, const anshin_outbox_t *outbox, const char *why)
{
    return anshin_job_retry_in(op, txn, outbox->key, outbox->worker, why);
}

/* A change of the mail's record, inside a write transaction; text: why, or the spool. */
typedef void change_fn(anshin_op_t *op, anshin_mail_t *mail, const char *text);

static void make_delivering(anshin_op_t *op, anshin_mail_t *mail, const char *spool)
{
    (void)op;
    mail->state = ANSHIN_MAIL_DELIVERING;
    mail->spool = spool;
}

static void make_sent(anshin_op_t *op, anshin_mail_t *mail, const char *none)
{
    (void)none;
    mail->state = ANSHIN_MAIL_SENT;
    mail->sent_at = op->now;
    mail->blob = NULL;
    mail->tries++;
    mail->last_error = NULL;
    mail->spool = NULL;
}

static void make_failed(anshin_op_t *op, anshin_mail_t *mail, const char *why)
{
    mail->state = ANSHIN_MAIL_FAILED;
    mail->tries++;
    mail->last_error = apr_pstrndup(op->pool, why, ERROR_MAX);
}

static void make_later(anshin_op_t *op, anshin_mail_t *mail, const char *why)
{
    mail->tries++;
    mail->last_error = apr_pstrndup(op->pool, why, ERROR_MAX);
}

/* One step of job and mail. *before is the record as it was. */
static apr_status_t step(anshin_op_t *op, const anshin_outbox_t *outbox, job_fn *job, change_fn *change,
                         const char *text, anshin_mail_t *before)
{
    anshin_mail_t mail;
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = job(op, txn, outbox, text);
    if (status == APR_SUCCESS) {
        status = anshin_txn_get(txn, &anshin_record_mail, outbox->id, &mail);
    }
    if (status == APR_SUCCESS) {
        *before = mail;
        change(op, &mail, text);
        status = anshin_txn_put(txn, &anshin_record_mail, outbox->id, &mail);
    }
    return anshin_txn_end(txn, status, ANSHIN_DURABLE);
}

apr_status_t anshin_outbox_delivering(anshin_op_t *op, const anshin_outbox_t *outbox, const char *spool)
{
    anshin_mail_t before;

    return step(op, outbox, keep, make_delivering, spool, &before);
}

apr_status_t anshin_outbox_sent(anshin_op_t *op, const anshin_outbox_t *outbox)
{
    anshin_mail_t before;
    apr_status_t status = step(op, outbox, finish, make_sent, NULL, &before);

    if (status == APR_SUCCESS) {
        anshin_secret_blob_wipe(op, before.blob);
    }
    return status;
}

apr_status_t anshin_outbox_failed(anshin_op_t *op, const anshin_outbox_t *outbox, const char *why)
{
    anshin_mail_t before;

    return step(op, outbox, finish, make_failed, why, &before);
}

apr_status_t anshin_outbox_later(anshin_op_t *op, const anshin_outbox_t *outbox, const char *why)
{
    anshin_mail_t before;

    return step(op, outbox, put_back, make_later, why, &before);
}
