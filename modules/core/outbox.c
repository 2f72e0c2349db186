/*
 * Delivery of mail, as far as the store knows of it: see outbox.h.
 */
#include "core/outbox.h"

#include <string.h>

#include <apr_strings.h>

#include "core/secret.h"

#define ERROR_MAX sizeof(((anshin_error_t *)0)->text) /* whole, since that was cut between characters */

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

/* It is nowhere sealed any more. */
static void make_delivered(anshin_op_t *op, anshin_mail_t *mail)
{
    mail->sent_at = op->now;
    mail->blob = NULL;
    mail->tries++;
    mail->last_error = NULL;
    mail->spool = NULL;
}

static void make_sent(anshin_op_t *op, anshin_mail_t *mail, const char *none)
{
    (void)none;
    mail->state = ANSHIN_MAIL_SENT;
    make_delivered(op, mail);
}

static void make_spooled(anshin_op_t *op, anshin_mail_t *mail, const char *none)
{
    (void)none;
    mail->state = ANSHIN_MAIL_SPOOLED;
    make_delivered(op, mail);
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

apr_status_t anshin_outbox_delivered(anshin_op_t *op, const anshin_outbox_t *outbox, anshin_mail_state_t state)
{
    anshin_mail_t before;
    apr_status_t status =
        step(op, outbox, finish, state == ANSHIN_MAIL_SPOOLED ? make_spooled : make_sent, NULL, &before);

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

/* --- the operator's --------------------------------------------------------------------------------------------- */

static apr_status_t own_mail(anshin_op_t *op, anshin_txn_t *txn, const char *id, anshin_mail_t *mail)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_mail, id, mail);

    return status == APR_SUCCESS && strcmp(mail->contract, op->contract->name) != 0 ? ANSHIN_ENOTFOUND : status;
}

static apr_status_t retry_in(anshin_op_t *op, anshin_txn_t *txn, const char *id)
{
    anshin_mail_t mail;
    anshin_job_t job = {.kind = ANSHIN_JOB_MAIL, .mail = id};
    apr_status_t status = own_mail(op, txn, id, &mail);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (mail.state != ANSHIN_MAIL_FAILED || mail.blob == NULL) {
        return ANSHIN_ECONFLICT;
    }
    mail.state = ANSHIN_MAIL_WAITING;
    job.user = mail.user;
    status = anshin_txn_put(txn, &anshin_record_mail, id, &mail);
    return status == APR_SUCCESS ? anshin_job_add(op, txn, &job) : status;
}

static int can_drop(const anshin_mail_t *mail)
{
    return mail->state == ANSHIN_MAIL_WAITING || (mail->state == ANSHIN_MAIL_FAILED && mail->blob != NULL);
}

/* Its job stays, and finds nothing to do. */
static apr_status_t drop(anshin_txn_t *txn, const char *id, anshin_mail_t *mail)
{
    anshin_txn_wipe(txn, mail->blob);
    mail->state = ANSHIN_MAIL_FAILED;
    mail->blob = NULL;
    mail->last_error = "dropped";
    return anshin_txn_put(txn, &anshin_record_mail, id, mail);
}

static apr_status_t drop_in(anshin_op_t *op, anshin_txn_t *txn, const char *id)
{
    anshin_mail_t mail;
    apr_status_t status = own_mail(op, txn, id, &mail);

    if (status == APR_SUCCESS && !can_drop(&mail)) {
        return ANSHIN_ECONFLICT;
    }
    return status == APR_SUCCESS ? drop(txn, id, &mail) : status;
}

static apr_status_t in_transaction(anshin_op_t *op, const char *id,
                                   apr_status_t (*act)(anshin_op_t *op, anshin_txn_t *txn, const char *id))
{
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);

    return status == APR_SUCCESS ? anshin_txn_end(txn, act(op, txn, id), ANSHIN_DURABLE) : status;
}

apr_status_t anshin_mail_retry(anshin_op_t *op, const char *id)
{
    return in_transaction(op, id, retry_in);
}

apr_status_t anshin_mail_drop(anshin_op_t *op, const char *id)
{
    return in_transaction(op, id, drop_in);
}

typedef struct search_t {
    const char *contract;
    const char *user;
    apr_array_header_t *ids;
} search_t;

static apr_status_t find_mail(void *baton, const char *key, const void *record)
{
    const search_t *search = baton;
    const anshin_mail_t *mail = record;

    if (can_drop(mail) && mail->user != NULL && strcmp(mail->user, search->user) == 0 &&
        strcmp(mail->contract, search->contract) == 0) {
        APR_ARRAY_PUSH(search->ids, const char *) = apr_pstrdup(search->ids->pool, key);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_mail_drop_all(anshin_op_t *op, anshin_txn_t *txn, const char *user)
{
    search_t search = {op->contract->name, user, apr_array_make(op->pool, 4, sizeof(const char *))};
    apr_status_t status = anshin_txn_each(txn, &anshin_record_mail, "", find_mail, &search);

    for (int i = 0; i < search.ids->nelts && status == APR_SUCCESS; i++) {
        status = drop_in(op, txn, APR_ARRAY_IDX(search.ids, i, const char *));
    }
    return status;
}
