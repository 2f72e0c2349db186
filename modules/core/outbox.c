/*
 * Delivery of mail, as far as the store knows of it: see outbox.h.
 */
#include "core/outbox.h"

#include <string.h>

#include <apr_strings.h>

#include "core/secret.h"

#define ERROR_MAX 200

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
        anshin_txn_abort(txn);
    }
    return status;
}

/* Is the job in this worker's hands? */
static apr_status_t check_owner(anshin_txn_t *txn, const anshin_outbox_t *outbox)
{
    anshin_job_t job;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_job, outbox->key, &job);

    if (status == APR_SUCCESS && (job.claimed_by == NULL || strcmp(job.claimed_by, outbox->worker) != 0)) {
        return ANSHIN_ECONFLICT;
    }
    return status;
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

/* One step: check, change, and end the job with it when done is 1. *before is the record as it was. */
static apr_status_t step(anshin_op_t *op, const anshin_outbox_t *outbox, change_fn *change, const char *text, int done,
                         anshin_mail_t *before)
{
    anshin_mail_t mail;
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = done ? anshin_job_finish(op, txn, outbox->key, outbox->worker) : check_owner(txn, outbox);
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

    return step(op, outbox, make_delivering, spool, 0, &before);
}

apr_status_t anshin_outbox_sent(anshin_op_t *op, const anshin_outbox_t *outbox)
{
    anshin_mail_t before;
    apr_status_t status = step(op, outbox, make_sent, NULL, 1, &before);

    if (status == APR_SUCCESS) {
        anshin_secret_blob_wipe(op, before.blob);
    }
    return status;
}

apr_status_t anshin_outbox_failed(anshin_op_t *op, const anshin_outbox_t *outbox, const char *why)
{
    anshin_mail_t before;

    return step(op, outbox, make_failed, why, 1, &before);
}

apr_status_t anshin_outbox_later(anshin_op_t *op, const anshin_outbox_t *outbox, const char *why)
{
    anshin_mail_t before;
    apr_status_t status = step(op, outbox, make_later, why, 0, &before);

    return status == APR_SUCCESS ? anshin_job_retry(op, outbox->key, outbox->worker, why) : status;
}
