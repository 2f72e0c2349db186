/*
 * Mail in the store: rendered from its template and sealed when queued, opened again by the worker. See mail.h.
 *
 * SECURITY: texts hold links, so they exist sealed in a blob and nowhere else; what was rendered is wiped once it
 * is sealed.
 */
#include "core/mail.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/expiry.h"
#include "core/job.h"
#include "core/secret.h"
#include "core/template.h"

#define PURPOSE "mail"
#define SUBJECT "Subject:"

const char *anshin_mail_state_name(apr_int64_t state)
{
    switch (state) {
    case ANSHIN_MAIL_WAITING:
        return "waiting";
    case ANSHIN_MAIL_DELIVERING:
        return "delivering";
    case ANSHIN_MAIL_SENT:
        return "sent";
    case ANSHIN_MAIL_FAILED:
        return "failed";
    default:
        return "unknown";
    }
}

const char *anshin_mail_time(apr_time_t time, apr_pool_t *pool)
{
    apr_time_exp_t local;
    int minutes;

    (void)apr_time_exp_lt(&local, time);
    minutes = (local.tm_gmtoff < 0 ? -local.tm_gmtoff : local.tm_gmtoff) / 60;
    return apr_psprintf(pool, "%04d-%02d-%02d %02d:%02d (UTC%c%02d:%02d)", local.tm_year + 1900, local.tm_mon + 1,
                        local.tm_mday, local.tm_hour, local.tm_min, local.tm_gmtoff < 0 ? '-' : '+', minutes / 60,
                        minutes % 60);
}

/* --- rendering -------------------------------------------------------------------------------------------------- */

/* The template of a kind in the first of these languages that has one. */
static apr_status_t find_template(anshin_op_t *op, const char *kind, const char *language, anshin_template_dirs_t *dirs,
                                  const char **source)
{
    const char *name = apr_pstrcat(op->pool, "mail/", kind, NULL);
    const char *languages[] = {language, op->contract->policy.language, "ja"};
    apr_status_t status = ANSHIN_ENOTFOUND;

    for (apr_size_t i = 0; i < sizeof(languages) / sizeof(languages[0]) && status == ANSHIN_ENOTFOUND; i++) {
        if (languages[i] == NULL || strspn(languages[i], "abcdefghijklmnopqrstuvwxyz-") != strlen(languages[i])) {
            continue;
        }
        anshin_error_clear(&op->error); /* a language without it is no failure */
        dirs->suffix = apr_pstrcat(op->pool, ".", languages[i], ".mustache", NULL);
        status = anshin_template_from_dirs(dirs, name, source, &op->error, op->pool);
    }
    if (status == ANSHIN_ENOTFOUND) {
        anshin_error_clear(&op->error);
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0251", "mail: no template mail/%s", kind);
    }
    return status;
}

static const char *given(const char *text)
{
    return text != NULL ? text : "";
}

/* data with what every mail can say. New reference, or NULL. */
static json_t *complete_data(anshin_op_t *op, json_t *data, const char *user)
{
    const anshin_policy_t *policy = &op->contract->policy;
    const char *title = given(policy->title);
    json_t *complete = data != NULL ? json_copy(data) : json_object();

    if (complete == NULL || json_object_size(complete) != json_object_size(data)) { /* it may copy a part only */
        json_decref(complete);
        return NULL;
    }
    if (json_object_set_new(complete, "contract", json_string(*title != '\0' ? title : op->contract->name)) != 0 ||
        json_object_set_new(complete, "user", json_string(user)) != 0 ||
        json_object_set_new(complete, "support", json_string(given(policy->support))) != 0 ||
        json_object_set_new(complete, "signature", json_string(given(policy->mail_signature))) != 0) {
        json_decref(complete);
        return NULL;
    }
    return complete;
}

/* The first line is the subject's template, the rest after empty lines the body's: rendered apart, so that no value
 * can move a part of one into the other. */
static apr_status_t render_parts(anshin_op_t *op, const char *kind, char *source, json_t *data,
                                 anshin_template_dirs_t *dirs, anshin_mail_text_t *text)
{
    char *rest = source + strcspn(source, "\n");
    apr_size_t length;
    apr_status_t status;

    if (strncmp(source, SUBJECT, strlen(SUBJECT)) != 0 || *rest == '\0') {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0252",
                           "mail: template mail/%s does not begin with Subject:", kind);
    }
    *rest++ = '\0';
    rest += strspn(rest, "\n");
    source += strlen(SUBJECT);
    source += strspn(source, " ");
    status = anshin_template_render(&text->subject, &length, source, data, ANSHIN_TEMPLATE_TEXT,
                                    anshin_template_from_dirs, dirs, &op->error, op->pool);
    if (status == APR_SUCCESS) {
        status = anshin_template_render(&text->body, &length, rest, data, ANSHIN_TEMPLATE_TEXT,
                                        anshin_template_from_dirs, dirs, &op->error, op->pool);
    }
    return status;
}

static apr_status_t render(anshin_op_t *op, const char *kind, const anshin_account_t *account, json_t *data,
                           anshin_mail_text_t *text)
{
    const char *places[] = {op->contract->policy.template_dir, op->env->config->server.share_dir, NULL};
    anshin_template_dirs_t dirs = {places[0] != NULL ? places : places + 1, NULL};
    const char *source = NULL;
    json_t *complete;
    apr_status_t status = find_template(op, kind, account->language, &dirs, &source);

    if (status != APR_SUCCESS) {
        return status;
    }
    complete = complete_data(op, data, account->user);
    if (complete == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0253", "mail: out of memory, or a value is not UTF-8");
    }
    status = render_parts(op, kind, apr_pstrdup(op->pool, source), complete, &dirs, text);
    json_decref(complete);
    if (status == APR_SUCCESS) {
        anshin_error_clear(&op->error); /* a partial that is not there is none either */
    }
    return status;
}

/* --- queueing --------------------------------------------------------------------------------------------------- */

static apr_status_t seal(anshin_op_t *op, const anshin_mail_text_t *text, const char **blob)
{
    json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "from", text->from, "to", text->to, "subject", text->subject,
                             "body", text->body);
    char *plain = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    apr_status_t status;

    json_decref(json);
    if (plain == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0254", "mail: out of memory, or the text is not UTF-8");
    }
    status = anshin_secret_blob_put(op, blob, PURPOSE, plain, strlen(plain));
    anshin_secret_wipe(op, plain);
    free(plain);
    return status;
}

static apr_status_t put_records(anshin_op_t *op, anshin_txn_t *txn, const char *kind, const anshin_account_t *account,
                                const char *blob)
{
    anshin_mail_t mail = {.contract = op->contract->name,
                          .user = account->user,
                          .account = account->number,
                          .kind = kind,
                          .blob = blob,
                          .state = ANSHIN_MAIL_WAITING,
                          .created_at = op->now};
    anshin_job_t job = {.kind = ANSHIN_JOB_MAIL, .user = account->user, .account = account->number};
    apr_status_t status = anshin_secret_name(op, &job.mail);

    if (status == APR_SUCCESS) {
        status = anshin_txn_put(txn, &anshin_record_mail, job.mail, &mail);
    }
    if (status == APR_SUCCESS) {
        status = anshin_expiry_file(op, txn, &anshin_record_mail, job.mail, op->now + ANSHIN_KEEP_MAIL);
    }
    return status == APR_SUCCESS ? anshin_job_add(op, txn, &job) : status;
}

/* AnshinMailFrom, or else noreply at the portal's host. */
static const char *sender(anshin_op_t *op)
{
    const char *from = op->contract->policy.mail_from;
    const char *host;

    if (from != NULL && *from != '\0') {
        return from;
    }
    host = strstr(op->contract->portal_origin, "://") + 3;
    return apr_psprintf(op->pool, "noreply@%.*s", (int)strcspn(host, ":"), host);
}

apr_status_t anshin_mail_add(anshin_op_t *op, anshin_txn_t *txn, const char *kind, const anshin_account_t *account,
                             const char *address, json_t *data)
{
    anshin_mail_text_t text = {.from = sender(op), .to = address};
    const char *message = NULL;
    const char *blob = NULL;
    apr_size_t length = 0;
    apr_status_t status = render(op, kind, account, data, &text);

    if (status == APR_SUCCESS) {
        /* Formatted once for trial: what can never be sent must not be queued, since the change it belongs to would
         * be done. */
        status = anshin_mail_format(op, "00000000000000000000000000000000", &text, &message, &length);
    }
    if (status == APR_SUCCESS) {
        status = seal(op, &text, &blob);
    }
    if (status == APR_SUCCESS) {
        status = put_records(op, txn, kind, account, blob);
        if (status != APR_SUCCESS) {
            anshin_secret_blob_wipe(op, blob);
        }
    }
    anshin_secret_wipe(op, message);
    anshin_secret_wipe(op, text.subject);
    anshin_secret_wipe(op, text.body);
    return status;
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

static apr_status_t parse(anshin_op_t *op, const anshin_bytes_t *plain, anshin_mail_text_t *text)
{
    json_t *json = anshin_secret_json(op, plain);
    const char *from;
    const char *to;
    const char *subject;
    const char *body;

    if (json_unpack(json, "{s:s, s:s, s:s, s:s !}", "from", &from, "to", &to, "subject", &subject, "body", &body) !=
        0) {
        json_decref(json);
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0255", "mail: a sealed text is not what was sealed");
    }
    text->from = apr_pstrdup(op->pool, from);
    text->to = apr_pstrdup(op->pool, to);
    text->subject = apr_pstrdup(op->pool, subject);
    text->body = apr_pstrdup(op->pool, body);
    json_decref(json);
    return APR_SUCCESS;
}

apr_status_t anshin_mail_open(anshin_op_t *op, const anshin_mail_t *mail, anshin_mail_text_t *text)
{
    anshin_bytes_t plain;
    apr_status_t status;

    memset(text, 0, sizeof(*text));
    if (mail->blob == NULL) {
        return ANSHIN_ENOTFOUND;
    }
    status = anshin_secret_blob_get(op, &plain, PURPOSE, mail->blob);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = parse(op, &plain, text);
    anshin_secret_wipe_bytes(op, &plain);
    return status;
}
