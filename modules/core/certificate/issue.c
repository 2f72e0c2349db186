/*
 * Issuing: see issue.h.
 *
 * SECURITY: what is handed in holds private keys. It reaches the store sealed, in blobs, before the transaction
 * that names them; a blob that no record came to name is wiped here or by housekeeping.
 */
#include "core/certificate/issue.h"

#include <string.h>

#include <apr_strings.h>

#include "core/account/account.h"
#include "core/certificate/download_mail.h"
#include "core/certificate/issuer.h"
#include "core/certificate/ocsp.h"
#include "core/certificate/reminder.h"
#include "core/config/ca_files.h"
#include "core/config/certificate_name.h"
#include "core/config/certificate_subject.h"
#include "core/context/expiry.h"
#include "core/context/secret.h"
#include "core/mail/event.h"
#include "core/mail/job.h"

/* What a job is about, as the store has it now. */
typedef struct target_t {
    anshin_account_t account;
    anshin_terminal_t terminal;
    anshin_download_t download;
} target_t;

/* APR_SUCCESS when the job is still wanted, ANSHIN_EDENIED when not. An account that the operator has locked may be
 * unlocked soon, so it gets its certificate; so does one whose time is still to come. */
static apr_status_t find_target(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job, target_t *target)
{
    const anshin_account_t *account = &target->account;
    apr_int64_t state;
    apr_status_t status = anshin_account_get_owner(op, txn, job->user, job->account, job->created_at, &target->account);

    if (status == APR_SUCCESS) {
        status = anshin_terminal_get(op, txn, job->user, job->terminal, &target->terminal);
    }
    if (status == APR_SUCCESS) {
        status = anshin_txn_get(txn, &anshin_record_download, anshin_terminal_key(op, job->user, job->terminal),
                                &target->download);
    }
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
    }
    state = anshin_account_standing(account, account->valid_from > op->now ? account->valid_from : op->now);
    if ((state != ANSHIN_ACCOUNT_ACTIVE && state != ANSHIN_ACCOUNT_LOCKED) ||
        target->account.method != ANSHIN_METHOD_CERTIFICATE) {
        return ANSHIN_EDENIED;
    }
    /* A download that has its certificate belongs to another job of this terminal, which was faster. */
    return target->download.serial == NULL && target->download.password_blob != NULL &&
                   anshin_account_owns(&target->account, target->download.account, target->download.created_at)
               ? APR_SUCCESS
               : ANSHIN_EDENIED;
}

/* --- the order -------------------------------------------------------------------------------------------------- */

/* A name is for people to read, so the longest user IDs may lose their end; who it is, the serial tells. */
static void put_name(anshin_op_t *op, const anshin_terminal_t *terminal, anshin_issue_order_t *order)
{
    const char *expression = op->contract->policy.certificate_name;
    anshin_name_facts_t facts = {terminal->user, terminal->number, terminal->label, op->now, 1};

    order->named = anshin_certificate_name(expression, &facts, op->pool);
    if (terminal->named && strcmp(terminal->named, order->named) == 0) {
        facts.count = terminal->named_count + 1;
    }
    order->count = facts.count;
    order->name = anshin_certificate_name(expression, &facts, op->pool);
}

/* What the certificate says besides the name, by the profile of the contract (CAS-1). */
static void put_profile(anshin_op_t *op, const target_t *target, anshin_issue_order_t *order)
{
    const anshin_policy_t *policy = &op->contract->policy;
    const char *organisation = target->account.organisation;

    order->organization = anshin_certificate_subject(policy->certificate_organization, organisation, op->pool);
    order->unit = anshin_certificate_subject(policy->certificate_unit, organisation, op->pool);
    order->mail = ANSHIN_HAS(policy->certificate_alt_names, ANSHIN_ALT_NAME_MAIL) ? target->terminal.address : NULL;
    order->uses = policy->certificate_uses;
    order->ocsp_url = policy->ocsp_url;
    order->lifetime = policy->certificate_lifetime;
    order->key_type = policy->key_type;
}

typedef struct reading_t {
    const anshin_job_t *job;
    target_t target;
    anshin_bytes_t password; /* of the files to be made for it */
} reading_t;

static apr_status_t read_target(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    reading_t *reading = baton;
    const anshin_job_t *job = reading->job;
    apr_status_t status = find_target(op, txn, job, &reading->target);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (job->serial == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0270", "issue: the job was never claimed, it has no serial");
    }
    status = anshin_secret_blob_get(op, txn, &reading->password, "download-password",
                                    reading->target.download.password_blob);
    return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
}

apr_status_t anshin_issue_order(anshin_op_t *op, const anshin_job_t *job, anshin_issue_order_t *order)
{
    reading_t reading = {.job = job};
    apr_status_t status = anshin_op_read(op, read_target, &reading);

    memset(order, 0, sizeof(*order));
    if (status != APR_SUCCESS) {
        return status;
    }
    order->password = reading.password;
    order->serial = job->serial;
    put_name(op, &reading.target.terminal, order);
    put_profile(op, &reading.target, order);
    order->ca = anshin_ca_issuer(op->env->config, op->contract, op->pool).name;
    order->crl_url = anshin_ca_crl_url(op->contract, order->ca, op->pool);
    order->apple = anshin_apple_order(op, &reading.target.account, job->terminal);
    order->password_blob = reading.target.download.password_blob;
    return APR_SUCCESS;
}

/* --- the commit ------------------------------------------------------------------------------------------------- */

typedef struct files_t {
    const char *modern; /* names of blobs */
    const char *compat;
    const char *apple; /* NULL: none was made */
} files_t;

static apr_status_t put_file(anshin_op_t *op, anshin_txn_t *txn, const anshin_bytes_t *file, const char **blob)
{
    return file->length > 0 ? anshin_secret_blob_put(op, txn, blob, "pkcs12", file->data, file->length) : APR_SUCCESS;
}

static apr_status_t put_files(anshin_op_t *op, anshin_txn_t *txn, const anshin_issue_made_t *made, files_t *files)
{
    apr_status_t status = put_file(op, txn, &made->modern, &files->modern);

    if (status == APR_SUCCESS) {
        status = put_file(op, txn, &made->compat, &files->compat);
    }
    return status == APR_SUCCESS ? put_file(op, txn, &made->apple, &files->apple) : status;
}

/* The certificate becomes the terminal's, or is to follow that. What stood there ended when it was prepared. */
static apr_status_t take_place(anshin_op_t *op, anshin_txn_t *txn, target_t *target, const anshin_issue_order_t *order)
{
    anshin_terminal_t *terminal = &target->terminal;

    *(target->download.renewal ? &terminal->renewing : &terminal->certificate) = order->serial;
    terminal->named = order->named;
    terminal->named_count = order->count;
    return anshin_terminal_put(op, txn, terminal);
}

static apr_status_t put_certificate(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job, target_t *target,
                                    const anshin_issue_order_t *order, const anshin_issue_made_t *made)
{
    anshin_certificate_t record = {.contract = op->contract->name,
                                   .user = job->user,
                                   .account = target->account.number,
                                   .terminal = job->terminal,
                                   .serial = order->serial,
                                   .fingerprint = made->fingerprint,
                                   .name = order->name,
                                   .label = target->terminal.label,
                                   .ca = made->ca,
                                   .not_before = made->not_before,
                                   .not_after = made->not_after,
                                   .state = ANSHIN_CERTIFICATE_ACTIVE,
                                   .issued_at = op->now};
    anshin_certificate_t taken;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_certificate, order->serial, &taken);

    if (status != ANSHIN_ENOTFOUND) {
        return status != APR_SUCCESS
                   ? status
                   : anshin_fail(&op->error, ANSHIN_EFAULT, "AN0271", "issue: serial %s is in use", order->serial);
    }
    if ((status = anshin_txn_put(txn, &anshin_record_certificate, order->serial, &record)) != APR_SUCCESS ||
        (status = anshin_certificate_file(op, txn, &record)) != APR_SUCCESS) {
        return status;
    }
    return take_place(op, txn, target, order);
}

/* The files can be fetched from now on, by what only the mail will hold. */
static apr_status_t put_download(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job, target_t *target,
                                 const files_t *files, const char *name)
{
    anshin_download_t *download = &target->download;
    const char *key = anshin_terminal_key(op, job->user, job->terminal);
    const anshin_download_mail_t mail = {
        &target->account, &target->terminal, name, anshin_mail_bound_of(&target->terminal), 0};
    apr_status_t status;

    download->serial = job->serial;
    download->modern_blob = files->modern;
    download->compat_blob = files->compat;
    download->apple_blob = files->apple;
    download->expires_at = op->now + op->contract->policy.download_lifetime;
    status = anshin_download_mail(op, txn, &mail, download);
    if (status == APR_SUCCESS) {
        status = anshin_txn_put(txn, &anshin_record_download, key, download);
    }
    return status == APR_SUCCESS ? anshin_expiry_file(op, txn, &anshin_record_download, key, download->expires_at)
                                 : status;
}

typedef struct commit_t {
    const anshin_job_t *job;
    const char *key;
    const char *worker;
    const anshin_issue_order_t *order;
    const anshin_issue_made_t *made;
    int wanted; /* 0: only the job is removed */
} commit_t;

static apr_status_t write_target(anshin_op_t *op, anshin_txn_t *txn, commit_t *commit, const files_t *files)
{
    const anshin_job_t *job = commit->job;
    const anshin_issue_order_t *order = commit->order;
    target_t target;
    const anshin_event_t event = {.act = ANSHIN_ACT_CERTIFICATE_ISSUED,
                                  .account = &target.account,
                                  .terminal = job->terminal,
                                  .serial = order->serial};
    apr_status_t status = find_target(op, txn, job, &target);

    if (status == APR_SUCCESS && strcmp(target.download.password_blob, order->password_blob) != 0) {
        status = ANSHIN_EDENIED; /* prepared anew meanwhile: nobody has the password of these files any more */
    }
    commit->wanted = status != ANSHIN_EDENIED;
    if (status != APR_SUCCESS) {
        return commit->wanted ? status : APR_SUCCESS;
    }
    status = put_certificate(op, txn, job, &target, order, commit->made);
    if (status == APR_SUCCESS) {
        status = put_download(op, txn, job, &target, files, order->name);
    }
    if (status == APR_SUCCESS) {
        status = anshin_event(op, txn, &event);
    }
    if (status == APR_SUCCESS) {
        status = anshin_ocsp_ahead(op, txn, order->serial);
    }
    return status == APR_SUCCESS ? anshin_issuer_may(op, txn, commit->made->ca) : status;
}

/* The job comes last, behind its user in the order of owners; where it is another's meanwhile, nothing is done. */
static apr_status_t write_all(anshin_op_t *op, anshin_txn_t *txn, commit_t *commit, const files_t *files)
{
    apr_status_t status = write_target(op, txn, commit, files);

    return status == APR_SUCCESS ? anshin_job_finish(txn, commit->key, commit->worker) : status;
}

/* The files are put before anything is read, so that nobody waits for them. */
static apr_status_t commit_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    commit_t *commit = baton;
    files_t files = {NULL, NULL, NULL};
    apr_status_t status = put_files(op, txn, commit->made, &files);

    commit->wanted = 1;
    if (status == APR_SUCCESS) {
        status = write_all(op, txn, commit, &files);
    }
    if (!commit->wanted) {
        anshin_txn_wipe(txn, files.modern);
        anshin_txn_wipe(txn, files.compat);
        anshin_txn_wipe(txn, files.apple);
    }
    return status;
}

apr_status_t anshin_issue_commit(anshin_op_t *op, const anshin_job_t *job, const char *key, const char *worker,
                                 const anshin_issue_order_t *order, const anshin_issue_made_t *made)
{
    commit_t commit = {job, key, worker, order, made, 1};
    apr_status_t status = anshin_op_write(op, ANSHIN_DURABLE, commit_in, &commit);

    return status == APR_SUCCESS && !commit.wanted ? ANSHIN_EDENIED : status;
}
