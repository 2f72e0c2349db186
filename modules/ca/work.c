/*
 * One job from claim to end: issuing a certificate, delivering a mail, answering a request. See work.h.
 *
 * SECURITY: holds a user's private key and download password for as long as a job takes, in the job's pool; both
 * are wiped before the pool goes.
 */
#include "ca/work.h"

#include <string.h>

#include <apr_strings.h>

#include "ca/apple.h"
#include "ca/command.h"
#include "ca/delivery.h"
#include "ca/log.h"
#include "core/certificate/issuer.h"
#include "core/config/ca_files.h"
#include "core/context/secret.h"
#include "core/login/lock.h"
#include "core/mail/job.h"
#include "core/mail/mail_format.h"
#include "core/mail/outbox.h"
#include "core/selfservice/reissue.h"
#include "core/selfservice/reissue_request.h"
#include "crypto/pki/ca_chain.h"
#include "crypto/pki/key.h"
#include "crypto/pki/pack.h"

#define SIGNER_WAIT apr_time_from_sec(15)

/* A job in hand. */
typedef struct task_t {
    const anshin_work_t *work;
    const anshin_job_t *job;
    const char *key;
    const char *worker;
    const anshin_contract_t *contract;
    apr_pool_t *pool;
} task_t;

/* An operation of its own for each step, since steps may take long and each is told at its own time. */
static anshin_op_t *new_op(const task_t *task)
{
    anshin_op_t *op = apr_pcalloc(task->pool, sizeof(*op));

    anshin_op_init(op, task->work->env, task->contract, &anshin_actor_worker, task->pool);
    return op;
}

static void wipe(const task_t *task, const anshin_bytes_t *secret)
{
    const anshin_crypto_t *crypto = task->work->env->crypto;

    if (secret->length > 0) {
        crypto->wipe(crypto->ctx, (void *)(apr_uintptr_t)secret->data, secret->length);
    }
}

static const char *cause(const anshin_error_t *err, apr_status_t status)
{
    return err->status != APR_SUCCESS ? err->text : anshin_status_name(status);
}

/* --- issuing ---------------------------------------------------------------------------------------------------- */

/* The CA that has issued, and those above it. */
typedef struct chain_t {
    anshin_bytes_t certificates[1 + ANSHIN_CA_CHAIN_MAX];
    apr_size_t count;
} chain_t;

static apr_status_t read_chain(const task_t *task, const char *name, const anshin_bytes_t *ca, chain_t *chain,
                               anshin_error_t *err)
{
    const apr_array_header_t *all = anshin_ca_of_contract(task->work->env->config, task->contract, task->pool);
    apr_status_t status = APR_SUCCESS;

    chain->certificates[0] = *ca;
    chain->count = 0;
    for (int i = 0; i < all->nelts; i++) {
        const anshin_ca_files_t *files = &APR_ARRAY_IDX(all, i, anshin_ca_files_t);

        if (strcmp(files->name, name) == 0) {
            status = anshin_ca_chain(chain->certificates + 1, &chain->count, files->certificate, err, task->pool);
        }
    }
    chain->count++;
    return status;
}

/* Nothing is made by a CA that is stopped (CAS-4): the job waits for another one. */
static apr_status_t ask_leave(const task_t *task, anshin_op_t *op, const char *name)
{
    anshin_signer_client_t *signer_client = task->work->signer_client;
    anshin_reply_ca_t ca;
    apr_status_t status = anshin_signer_client_wait(signer_client, SIGNER_WAIT, &op->error);

    if (status == APR_SUCCESS) {
        status = anshin_signer_client_ca(signer_client, name, &ca, &op->error);
    }
    return status == APR_SUCCESS ? anshin_issuer_may(op, NULL, ca.id) : status;
}

/* Key, certificate and the files. */
static apr_status_t make(const task_t *task, const anshin_issue_order_t *order, anshin_issue_made_t *made,
                         anshin_error_t *err)
{
    anshin_pack_facts_t file = {
        .profile = ANSHIN_PACK_MODERN,
        .password = (const char *)order->password.data,
        .friendly_name = order->name,
    };
    chain_t chain;
    anshin_signer_client_issued_t issued;
    anshin_bytes_t spki;
    anshin_key_t *pair;
    apr_status_t status = anshin_key_make(&pair, (anshin_key_type_t)order->key_type, err, task->pool);

    if (status == APR_SUCCESS) {
        status = anshin_key_public(&spki, pair, err, task->pool);
    }
    if (status == APR_SUCCESS) {
        status = anshin_signer_client_issue(task->work->signer_client, order, &spki, &issued, err, task->pool);
    }
    if (status == APR_SUCCESS) {
        status = read_chain(task, order->ca, &issued.ca, &chain, err);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    made->ca = issued.ca_id;
    made->fingerprint = issued.fingerprint;
    made->not_before = issued.not_before;
    made->not_after = issued.not_after;
    made->cut = issued.not_after == issued.ca_end;
    file.key = pair;
    file.certificate = &issued.certificate;
    file.ca_chain = chain.certificates;
    file.ca_count = chain.count;
    status = anshin_pack(&made->modern, &file, err, task->pool);
    if (status != APR_SUCCESS) {
        return status;
    }
    file.profile = ANSHIN_PACK_COMPAT;
    status = anshin_pack(&made->compat, &file, err, task->pool);
    return status == APR_SUCCESS
               ? anshin_apple_ask(task->work->signer_client, order, &made->compat, &made->apple, err, task->pool)
               : status;
}

static apr_status_t issue(const task_t *task, anshin_op_t *op)
{
    anshin_issue_order_t order;
    anshin_issue_made_t made = {.fingerprint = NULL};
    anshin_op_t *commit;
    apr_status_t status = anshin_issue_order(op, task->job, &order);

    if (status == ANSHIN_EDENIED) {
        anshin_log(ANSHIN_LOG_INFO, "AN0780", "no certificate for %s/%s: no longer wanted", task->contract->name,
                   task->job->user != NULL ? task->job->user : "");
        return anshin_job_drop(op, task->key, task->worker);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    status = ask_leave(task, op, order.ca);
    if (status == APR_SUCCESS) {
        status = make(task, &order, &made, &op->error);
    }
    if (status == APR_SUCCESS) {
        commit = new_op(task);
        status = anshin_issue_commit(commit, task->job, task->key, task->worker, &order, &made);
        op->error = commit->error;
    } else if (status == ANSHIN_EDENIED) {
        status =
            ANSHIN_EBUSY; /* the CA's certificate is not valid now: only the operator can help, and then it goes on */
    }
    wipe(task, &order.password);
    wipe(task, &made.modern);
    wipe(task, &made.compat);
    wipe(task, &made.apple);
    if (status == APR_SUCCESS) {
        anshin_log(ANSHIN_LOG_INFO, "AN0781", "certificate %s issued for %s/%s%s", order.serial, task->contract->name,
                   task->job->user, made.cut ? ", not for its whole lifetime: it ends with its CA" : "");
    }
    return status == ANSHIN_EDENIED ? APR_SUCCESS : status; /* dropped with its job */
}

/* --- delivering ------------------------------------------------------------------------------------------------- */

/* The message of a mail; secret. */
static apr_status_t compose(const task_t *task, anshin_op_t *op, const anshin_mail_t *mail, anshin_message_t *message)
{
    anshin_mail_text_t text;
    apr_status_t status = anshin_mail_open(op, mail, &text);

    if (status == ANSHIN_ENOTFOUND) {
        return anshin_fail(&op->error, status, "AN0799", "its sealed text is gone");
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (text.instead != NULL) {
        anshin_log(ANSHIN_LOG_ERROR, "AN1103",
                   "mail %s is made of the installed template, since that of contract %s fails: %s", task->job->mail,
                   task->contract->name, text.instead);
    }
    status = anshin_mail_format(op, task->job->mail, &text, &message->data, &message->length);
    anshin_secret_wipe(op, text.subject);
    anshin_secret_wipe(op, text.body);
    return status;
}

static void wipe_message(const task_t *task, const anshin_message_t *message)
{
    const anshin_bytes_t octets = {(const unsigned char *)message->data, message->length};

    wipe(task, &octets);
}

/* Not in tmp any more: it was moved before a crash, and a reader may have taken it since. But only the Maildir that it
 * was written to can say so. Of another one nothing follows: the mail waits, rather than be lost or doubled. */
static apr_status_t move(const task_t *task, const char *spool, const char *name, const char *written_to,
                         anshin_error_t *err)
{
    const char *identity;
    apr_status_t status = anshin_maildir_move(spool, name, err, task->pool);

    if (status != ANSHIN_ENOTFOUND) {
        return status;
    }
    status = anshin_maildir_identity(&identity, spool, err, task->pool);
    if (status == APR_SUCCESS && written_to != NULL && strcmp(identity, written_to) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0779",
                           "it was written to %s, which is not the Maildir that is there now (%s)", written_to,
                           identity);
    }
    return status;
}

/* Maildir, exactly once: the message is on disk before the store says so, and is never written again after that. */
static apr_status_t deliver_to_spool(const task_t *task, const anshin_claimed_mail_t *outbox, const anshin_mail_t *mail,
                                     anshin_op_t *op)
{
    const char *spool = anshin_config_spool(task->work->env->config, task->pool);
    const char *written_to = mail->spool;
    anshin_message_t message = {.data = NULL};
    apr_status_t status = APR_SUCCESS;

    /* The name that every attempt gives this mail: Maildir asks for time, unique part, host. */
    message.name =
        apr_psprintf(task->pool, "%" APR_TIME_T_FMT ".%s.anshin", apr_time_sec(mail->created_at), task->job->mail);
    if (mail->state != ANSHIN_MAIL_DELIVERING) {
        status = compose(task, op, mail, &message);
        if (status == APR_SUCCESS) {
            status = anshin_maildir_write(spool, &message, &op->error, task->pool);
        }
        wipe_message(task, &message);
        if (status == APR_SUCCESS) {
            status = anshin_maildir_identity(&written_to, spool, &op->error, task->pool);
        }
        if (status == APR_SUCCESS) {
            status = anshin_outbox_delivering(op, outbox, written_to);
        }
    }
    return status == APR_SUCCESS ? move(task, spool, message.name, written_to, &op->error) : status;
}

static apr_status_t deliver_to_command(const task_t *task, const anshin_mail_t *mail, anshin_op_t *op)
{
    anshin_message_t message = {.data = NULL};
    apr_status_t status = compose(task, op, mail, &message);

    if (status == APR_SUCCESS) {
        status = anshin_command_run(task->work->env->config->server.mail_command, &message, ANSHIN_COMMAND_WAIT,
                                    &op->error, task->pool);
    }
    wipe_message(task, &message);
    return status;
}

static apr_status_t deliver(const task_t *task, anshin_op_t *op)
{
    const anshin_claimed_mail_t outbox = {task->key, task->worker, task->job->mail};
    anshin_mail_t mail;
    int by_command;
    apr_status_t status = anshin_outbox_read(op, &outbox, &mail);

    if (status == APR_SUCCESS && mail.state != ANSHIN_MAIL_WAITING && mail.state != ANSHIN_MAIL_DELIVERING) {
        status = ANSHIN_ENOTFOUND;
    }
    if (status == ANSHIN_ENOTFOUND) {
        return anshin_job_drop(op, task->key, task->worker); /* a job without a mail is nothing to do */
    }
    if (status == ANSHIN_EDENIED) {
        anshin_log(ANSHIN_LOG_INFO, "AN1000", "mail %s is dropped: the user was deleted", task->job->mail);
        return anshin_outbox_drop(op, &outbox);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    /* What lies in the spool half delivered ends there, whatever the configuration says today. */
    by_command = task->work->env->config->server.mail_command != NULL && mail.state != ANSHIN_MAIL_DELIVERING;
    status = by_command ? deliver_to_command(task, &mail, op) : deliver_to_spool(task, &outbox, &mail, op);
    if (status == APR_SUCCESS) {
        return anshin_outbox_delivered(new_op(task), &outbox, by_command ? ANSHIN_MAIL_SENT : ANSHIN_MAIL_SPOOLED);
    }
    if (status == ANSHIN_ECONFLICT || status == ANSHIN_EBUSY) {
        return status;
    }
    /* No text, no sender that could be written: trying again cannot help; anything else may. */
    if (status == ANSHIN_EINVALID || status == ANSHIN_ENOTFOUND || task->job->tries + 1 >= ANSHIN_JOB_TRIES) {
        anshin_log(ANSHIN_LOG_ERROR, "AN0782", "mail %s is given up after %d tries: %s", task->job->mail,
                   (int)task->job->tries + 1, cause(&op->error, status));
        return anshin_outbox_failed(new_op(task), &outbox, cause(&op->error, status));
    }
    anshin_log(ANSHIN_LOG_WARNING, "AN0783", "mail %s is not delivered yet: %s", task->job->mail,
               cause(&op->error, status));
    return anshin_outbox_later(new_op(task), &outbox, cause(&op->error, status));
}

/* --- requests ------------------------------------------------------------------------------------------------- */

/* What may lead to a mail: a request for a reissue, a lock. Whether it does nobody else needs to know, us included. */
static apr_status_t answer_request(const task_t *task, anshin_op_t *op)
{
    apr_status_t status = task->job->kind == ANSHIN_JOB_LOCK_NOTICE
                              ? anshin_lock_tell(op, task->job, task->key, task->worker)
                              : anshin_reissue_process(op, task->job, task->key, task->worker);

    if (status == APR_SUCCESS || status == ANSHIN_ENOTFOUND || status == ANSHIN_ECONFLICT ||
        task->job->tries + 1 < ANSHIN_JOB_TRIES) {
        return status;
    }
    anshin_log(ANSHIN_LOG_ERROR, "AN0789", "request %s is given up after %d tries: %s", task->key, ANSHIN_JOB_TRIES,
               cause(&op->error, status));
    return anshin_job_drop(new_op(task), task->key, task->worker);
}

/* --- any job ---------------------------------------------------------------------------------------------------- */

static apr_status_t run(const task_t *task, anshin_op_t *op)
{
    if (task->contract == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0784", "contract %s is not declared", task->job->contract);
    }
    switch (task->job->kind) {
    case ANSHIN_JOB_ISSUE:
        return issue(task, op);
    case ANSHIN_JOB_MAIL:
        return deliver(task, op);
    case ANSHIN_JOB_PASSWORD_REQUEST:
    case ANSHIN_JOB_CERTIFICATE_REQUEST:
    case ANSHIN_JOB_LOST_REQUEST:
    case ANSHIN_JOB_RESEND_REQUEST:
    case ANSHIN_JOB_ID_REQUEST:
    case ANSHIN_JOB_LOCK_NOTICE:
        return answer_request(task, op);
    default:
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0785", "a job of unknown kind %d", (int)task->job->kind);
    }
}

int anshin_work_do(const anshin_work_t *work, const anshin_job_t *job, const char *key, const char *worker,
                   apr_pool_t *pool)
{
    task_t task = {.work = work, .job = job, .key = key, .worker = worker, .pool = pool};
    anshin_op_t *op;
    anshin_op_t *back;
    apr_status_t status;

    task.contract = job->contract != NULL ? anshin_config_contract(work->env->config, job->contract) : NULL;
    op = new_op(&task);
    status = run(&task, op);
    if (status == APR_SUCCESS) {
        return 1;
    }
    if (status == ANSHIN_ENOTFOUND || status == ANSHIN_ECONFLICT) {
        anshin_log(ANSHIN_LOG_WARNING, "AN0786", "job %s is no longer ours", key);
        return 1;
    }
    anshin_log(ANSHIN_LOG_WARNING, "AN0787", "job %s is tried again: %s", key, cause(&op->error, status));
    back = new_op(&task);
    status = task.contract != NULL ? anshin_job_retry(back, key, worker, cause(&op->error, status))
                                   : anshin_job_put_off(back, key, worker, cause(&op->error, status));
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND && status != ANSHIN_ECONFLICT) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN0788", "a job cannot be given back", status, &back->error);
        return 0;
    }
    return 1;
}
