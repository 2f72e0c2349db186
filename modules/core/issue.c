/*
 * Issuing: see issue.h.
 *
 * SECURITY: what is handed in holds private keys. It reaches the store sealed, in blobs, before the transaction
 * that names them; a blob that no record came to name is wiped here or by housekeeping.
 */
#include "core/issue.h"

#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "core/account.h"
#include "core/expiry.h"
#include "core/mail.h"
#include "core/secret.h"
#include "core/token.h"

#define NAME_OCTETS 64 /* ub-common-name */

/* What a job is about, as the store has it now. */
typedef struct target_t {
    anshin_account_t account;
    anshin_terminal_t terminal;
    anshin_download_t download;
} target_t;

/* APR_SUCCESS when the job is still wanted, ANSHIN_EDENIED when not. An account that the operator has locked may be
 * unlocked soon, so it gets its certificate. */
static apr_status_t find_target(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job, target_t *target)
{
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
    if ((target->account.state != ANSHIN_ACCOUNT_ACTIVE && target->account.state != ANSHIN_ACCOUNT_LOCKED) ||
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

static const char *common_name(anshin_op_t *op, const char *user, apr_int64_t terminal)
{
    const char *suffix = terminal > 1 ? apr_psprintf(op->pool, "-%" APR_INT64_T_FMT, terminal) : "";

    /* A name is for people to read, so the longest user IDs may lose their end; who it is, the serial tells. */
    return apr_psprintf(op->pool, "%.*s%s", (int)(NAME_OCTETS - strlen(suffix)), user, suffix);
}

apr_status_t anshin_issue_order(anshin_op_t *op, const anshin_job_t *job, anshin_issue_order_t *order)
{
    const anshin_policy_t *policy = &op->contract->policy;
    target_t target;
    anshin_txn_t *txn;
    apr_status_t status = anshin_op_begin(op, ANSHIN_TXN_READ, &txn);

    memset(order, 0, sizeof(*order));
    if (status != APR_SUCCESS) {
        return status;
    }
    status = find_target(op, txn, job, &target);
    anshin_txn_abort(txn);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (job->serial == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0270", "issue: the job was never claimed, it has no serial");
    }
    order->serial = job->serial;
    order->name = common_name(op, job->user, job->terminal);
    order->organization = policy->certificate_organization;
    order->crl_url = policy->crl_url;
    order->ocsp_url = policy->ocsp_url;
    order->lifetime = policy->certificate_lifetime;
    order->key_type = policy->key_type;
    order->password_blob = target.download.password_blob;
    status = anshin_secret_blob_get(op, &order->password, "download-password", target.download.password_blob);
    return status == ANSHIN_ENOTFOUND ? ANSHIN_EDENIED : status;
}

/* --- the commit ------------------------------------------------------------------------------------------------- */

typedef struct files_t {
    const char *modern; /* names of blobs */
    const char *compat;
} files_t;

static void wipe_files(anshin_op_t *op, const files_t *files)
{
    anshin_secret_blob_wipe(op, files->modern);
    anshin_secret_blob_wipe(op, files->compat);
}

static apr_status_t put_files(anshin_op_t *op, const anshin_issue_made_t *made, files_t *files)
{
    apr_status_t status = anshin_secret_blob_put(op, &files->modern, "pkcs12", made->modern.data, made->modern.length);

    if (status == APR_SUCCESS) {
        status = anshin_secret_blob_put(op, &files->compat, "pkcs12", made->compat.data, made->compat.length);
    }
    return status;
}

/* The certificate becomes the terminal's, the former one ends. */
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
    status = anshin_certificate_end_in(op, txn, &target->terminal, ANSHIN_REASON_SUPERSEDED);
    if (status == APR_SUCCESS) {
        status = anshin_txn_put(txn, &anshin_record_certificate, order->serial, &record);
    }
    if (status == APR_SUCCESS) {
        target->terminal.certificate = order->serial;
        status = anshin_terminal_put(op, txn, &target->terminal);
    }
    return status;
}

/* The files can be fetched from now on, under a link that only the mail will hold. */
static apr_status_t put_download(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job, target_t *target,
                                 const files_t *files, const char **link)
{
    anshin_token_t token = {.kind = ANSHIN_TOKEN_DOWNLOAD, .terminal = job->terminal};
    anshin_download_t *download = &target->download;
    const char *key = anshin_terminal_key(op, job->user, job->terminal);
    apr_status_t status;

    token.expires_at = op->now + op->contract->policy.download_lifetime;
    status = anshin_token_create(op, txn, &target->account, &token, link, &download->token);
    if (status != APR_SUCCESS) {
        return status;
    }
    download->serial = job->serial;
    download->modern_blob = files->modern;
    download->compat_blob = files->compat;
    download->expires_at = token.expires_at;
    status = anshin_txn_put(txn, &anshin_record_download, key, download);
    return status == APR_SUCCESS ? anshin_expiry_file(op, txn, &anshin_record_download, key, download->expires_at)
                                 : status;
}

static apr_status_t queue_mail(anshin_op_t *op, anshin_txn_t *txn, const target_t *target, const char *name,
                               const char *link)
{
    const char *portal = apr_pstrcat(op->pool, op->contract->portal_origin, op->contract->portal_base, NULL);
    char *url = apr_pstrcat(op->pool, portal, "/download?t=", link, NULL);
    json_t *data = json_pack("{s:s, s:s, s:s, s:s}", "name", name, "download_url", url, "help_url",
                             apr_pstrcat(op->pool, portal, "/help/import", NULL), "expires_text",
                             anshin_time_text(target->download.expires_at, op->pool));
    apr_status_t status;

    anshin_secret_wipe(op, url);
    if (data == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0272", "issue: out of memory");
    }
    status = anshin_mail_add(op, txn, "certificate-ready", &target->account, target->terminal.address,
                             anshin_mail_bound_of(&target->terminal), data);
    json_decref(data);
    return status == ANSHIN_EDENIED ? APR_SUCCESS : status; /* the certificate is made all the same */
}

/* Everything but the commit. *wanted 0: only the job is removed. */
static apr_status_t write_all(anshin_op_t *op, anshin_txn_t *txn, const anshin_job_t *job, const char *key,
                              const char *worker, const anshin_issue_order_t *order, const anshin_issue_made_t *made,
                              const files_t *files, int *wanted)
{
    target_t target;
    const char *link;
    apr_status_t status = anshin_job_finish(op, txn, key, worker);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = find_target(op, txn, job, &target);
    if (status == APR_SUCCESS && strcmp(target.download.password_blob, order->password_blob) != 0) {
        status = ANSHIN_EDENIED; /* prepared anew meanwhile: nobody has the password of these files any more */
    }
    *wanted = status != ANSHIN_EDENIED;
    if (status != APR_SUCCESS) {
        return *wanted ? status : APR_SUCCESS;
    }
    status = put_certificate(op, txn, job, &target, order, made);
    if (status == APR_SUCCESS) {
        status = put_download(op, txn, job, &target, files, &link);
    }
    return status == APR_SUCCESS ? queue_mail(op, txn, &target, order->name, link) : status;
}

apr_status_t anshin_issue_commit(anshin_op_t *op, const anshin_job_t *job, const char *key, const char *worker,
                                 const anshin_issue_order_t *order, const anshin_issue_made_t *made)
{
    files_t files = {NULL, NULL};
    anshin_txn_t *txn = NULL;
    int wanted = 1;
    apr_status_t status = put_files(op, made, &files);

    if (status == APR_SUCCESS) {
        status = anshin_op_begin(op, ANSHIN_TXN_WRITE, &txn);
    }
    if (status == APR_SUCCESS) {
        status = write_all(op, txn, job, key, worker, order, made, &files, &wanted);
    }
    if (status != APR_SUCCESS) {
        anshin_txn_abort(txn);
        wipe_files(op, &files);
        return status;
    }
    status = anshin_txn_commit(txn, ANSHIN_DURABLE);
    if (status != APR_SUCCESS) {
        return status; /* it may have reached the disk all the same, so the files stay until housekeeping knows */
    }
    if (!wanted) {
        wipe_files(op, &files);
        return ANSHIN_EDENIED;
    }
    return APR_SUCCESS;
}
