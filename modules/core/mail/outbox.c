/*
 * Delivery of mail, as far as the store knows of it: see outbox.h.
 */
#include "core/mail/outbox.h"

#include <string.h>

#include <apr_strings.h>

#include "core/mail/event.h"
#include "core/mail/job.h"
#include "core/mail/test_mail.h"

#define ERROR_MAX sizeof(((anshin_error_t *)0)->text) /* whole, since that was cut between characters */

/* What lies in the spool half delivered was as good as sent while the account was there. */
static apr_status_t check_addressee(anshin_op_t *op, anshin_txn_t *txn, const anshin_mail_t *mail)
{
    anshin_account_t account;
    apr_status_t status;

    if (mail->state != ANSHIN_MAIL_WAITING || anshin_test_mail_is(mail)) {
        return APR_SUCCESS;
    }
    status = anshin_account_get_owner(op, txn, mail->user, mail->account, mail->created_at, &account);
    return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
}

typedef struct reading_t {
    const char *id;
    anshin_mail_t *mail;
} reading_t;

static apr_status_t read_mail(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const reading_t *reading = baton;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_mail, reading->id, reading->mail);

    return status == APR_SUCCESS ? check_addressee(op, txn, reading->mail) : status;
}

apr_status_t anshin_outbox_read(anshin_op_t *op, const anshin_claimed_mail_t *outbox, anshin_mail_t *mail)
{
    memset(mail, 0, sizeof(*mail));
    return outbox->id != NULL ? anshin_op_read(op, read_mail, &(reading_t){outbox->id, mail}) : ANSHIN_ENOTFOUND;
}

static apr_status_t drop_unsent(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_claimed_mail_t *outbox = *(const anshin_claimed_mail_t **)baton;
    anshin_mail_t mail;
    apr_status_t status = anshin_job_finish(txn, outbox->key, outbox->worker);

    (void)op;
    if (status != APR_SUCCESS ||
        (status = anshin_txn_get(txn, &anshin_record_mail, outbox->id, &mail)) != APR_SUCCESS) {
        return status;
    }
    anshin_txn_wipe(txn, mail.blob);
    return anshin_txn_delete(txn, &anshin_record_mail, outbox->id);
}

apr_status_t anshin_outbox_drop(anshin_op_t *op, const anshin_claimed_mail_t *outbox)
{
    return anshin_op_write(op, ANSHIN_DURABLE, drop_unsent, &outbox);
}

/* What becomes of the job, inside a write transaction that is refused where it is not this worker's; text: why. */
typedef apr_status_t job_fn(anshin_op_t *op, anshin_txn_t *txn, const anshin_claimed_mail_t *outbox, const char *text);

static apr_status_t keep(anshin_op_t *op, anshin_txn_t *txn, const anshin_claimed_mail_t *outbox, const char *none)
{
    (void)op;
    (void)none;
    return anshin_job_bind(txn, outbox->key, outbox->worker);
}

static apr_status_t finish(anshin_op_t *op, anshin_txn_t *txn, const anshin_claimed_mail_t *outbox, const char *none)
{
    (void)op;
    (void)none;
    return anshin_job_finish(txn, outbox->key, outbox->worker);
}

static apr_status_t put_back(anshin_op_t *op, anshin_txn_t *txn, const anshin_claimed_mail_t *outbox, const char *why)
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

typedef struct step_t {
    const anshin_claimed_mail_t *outbox;
    job_fn *job;
    change_fn *change;
    const char *text;
} step_t;

/* One step of job and mail; a text that is named no more is wiped. */
static apr_status_t take_step(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const step_t *step = baton;
    const char *id = step->outbox->id, *blob;
    anshin_mail_t mail;
    apr_status_t status = step->job(op, txn, step->outbox, step->text);

    if (status != APR_SUCCESS || (status = anshin_txn_get(txn, &anshin_record_mail, id, &mail)) != APR_SUCCESS) {
        return status;
    }
    blob = mail.blob;
    step->change(op, &mail, step->text);
    anshin_txn_wipe(txn, mail.blob == NULL ? blob : NULL);
    return anshin_txn_put(txn, &anshin_record_mail, id, &mail);
}

static apr_status_t step(anshin_op_t *op, const anshin_claimed_mail_t *outbox, job_fn *job, change_fn *change,
                         const char *text)
{
    step_t one = {outbox, job, change, text};

    return anshin_op_write(op, ANSHIN_DURABLE, take_step, &one);
}

apr_status_t anshin_outbox_delivering(anshin_op_t *op, const anshin_claimed_mail_t *outbox, const char *spool)
{
    return step(op, outbox, keep, make_delivering, spool);
}

apr_status_t anshin_outbox_delivered(anshin_op_t *op, const anshin_claimed_mail_t *outbox, anshin_mail_state_t state)
{
    return step(op, outbox, finish, state == ANSHIN_MAIL_SPOOLED ? make_spooled : make_sent, NULL);
}

apr_status_t anshin_outbox_failed(anshin_op_t *op, const anshin_claimed_mail_t *outbox, const char *why)
{
    return step(op, outbox, finish, make_failed, why);
}

apr_status_t anshin_outbox_later(anshin_op_t *op, const anshin_claimed_mail_t *outbox, const char *why)
{
    return step(op, outbox, put_back, make_later, why);
}

/* --- the operator's --------------------------------------------------------------------------------------------- */

/* A mail that the operator has chosen. */
typedef struct chosen_t {
    const char *id;
    const char *user; /* whom it is to; NULL: nobody who is known */
} chosen_t;

/* Its user comes first (core/store/owner.h): what is done with it is told of the user. */
static apr_status_t read_chosen(anshin_op_t *op, anshin_txn_t *txn, const chosen_t *chosen, anshin_mail_t *mail)
{
    anshin_account_t account;
    apr_status_t status = chosen->user != NULL ? anshin_account_get(op, txn, chosen->user, &account) : APR_SUCCESS;

    return status == APR_SUCCESS || status == ANSHIN_ENOTFOUND
               ? anshin_own_get(op, txn, &anshin_record_mail, chosen->id, mail)
               : status;
}

/* What the operator did with a mail. */
static apr_status_t tell(anshin_op_t *op, anshin_txn_t *txn, anshin_act_t act, const char *id,
                         const anshin_mail_t *mail)
{
    const anshin_event_t event = {.act = act, .user = mail->user, .number = mail->account, .mail = id};

    return anshin_event(op, txn, &event);
}

static apr_status_t retry_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const char *id = ((const chosen_t *)baton)->id;
    anshin_mail_t mail;
    anshin_job_t job = {.kind = ANSHIN_JOB_MAIL, .mail = id};
    apr_status_t status = read_chosen(op, txn, baton, &mail);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (mail.state != ANSHIN_MAIL_FAILED || mail.blob == NULL) {
        return ANSHIN_ECONFLICT;
    }
    mail.state = ANSHIN_MAIL_WAITING;
    job.user = mail.user;
    status = anshin_txn_put(txn, &anshin_record_mail, id, &mail);
    if (status == APR_SUCCESS) {
        status = anshin_job_add(op, txn, &job);
    }
    return status == APR_SUCCESS ? tell(op, txn, ANSHIN_ACT_MAIL_RETRIED, id, &mail) : status;
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

static apr_status_t drop_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const char *id = ((const chosen_t *)baton)->id;
    anshin_mail_t mail;
    apr_status_t status = read_chosen(op, txn, baton, &mail);

    if (status == APR_SUCCESS && !can_drop(&mail)) {
        return ANSHIN_ECONFLICT;
    }
    if (status == APR_SUCCESS) {
        status = drop(txn, id, &mail);
    }
    return status == APR_SUCCESS ? tell(op, txn, ANSHIN_ACT_MAIL_DROPPED, id, &mail) : status;
}

static apr_status_t choose(anshin_op_t *op, const char *id, anshin_op_fn *work)
{
    chosen_t chosen = {.id = id};
    anshin_mail_t mail;
    apr_status_t status = anshin_own_find(op, &anshin_record_mail, id, &mail);

    if (status != APR_SUCCESS) {
        return status;
    }
    chosen.user = mail.user;
    return anshin_op_write(op, ANSHIN_DURABLE, work, &chosen);
}

apr_status_t anshin_mail_retry(anshin_op_t *op, const char *id)
{
    return choose(op, id, retry_in);
}

apr_status_t anshin_mail_drop(anshin_op_t *op, const char *id)
{
    return choose(op, id, drop_in);
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
        chosen_t chosen = {APR_ARRAY_IDX(search.ids, i, const char *), user};

        status = drop_in(&chosen, op, txn);
    }
    return status;
}
