/*
 * Mail in the store: facts, sealed when queued, opened and rendered by the worker. See mail.h.
 *
 * SECURITY: facts hold links and codes, so they exist sealed in a blob and nowhere else; what was rendered is wiped by
 * who asked for it. Nothing of the operator's is parsed inside the transaction of a change: no lock and no revocation
 * hangs on a text.
 */
#include "core/mail/mail.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/mailbox.h"
#include "core/context/secret.h"
#include "core/mail/job.h"
#include "core/mail/mail_list.h"

#define PURPOSE "mail"

const anshin_word_t anshin_mail_state_words[] = {
#define WORD(member, value, name) {name, ANSHIN_MAIL_##member},
#include "core/mail/mail_state.def"
#undef WORD
    {NULL, 0}};

const char *anshin_mail_state_name(apr_int64_t state)
{
    return anshin_word_name(anshin_mail_state_words, state, "unknown");
}

/* --- queueing --------------------------------------------------------------------------------------------------- */

/* Of the Message-ID: the sender's domain of now, so that a mail keeps its name whatever AnshinMailFrom says later. */
static const char *domain(const anshin_op_t *op)
{
    anshin_mailbox_t sender;

    return anshin_mailbox_parse(&sender, anshin_mail_sender(op), op->pool) ? sender.domain : "";
}

/* To whom a mail goes, in which language and whether at all is what the transaction has read: a verb that mails is
 * rehearsed, where somebody waits for it (core/context/rehearsal.h). */
static apr_status_t seal(anshin_op_t *op, anshin_txn_t *txn, const anshin_mail_facts_t *facts, const char **blob)
{
    json_t *json = json_pack("{s:s, s:s, s:s*, s:s, s:s, s:O}", "kind", facts->kind, "user", facts->user, "language",
                             facts->language, "to", facts->to, "domain", facts->domain, "data", facts->data);
    char *plain = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    apr_status_t status;

    json_decref(json);
    if (plain == NULL) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN0254", "mail: out of memory, or a value is not UTF-8");
    }
    status = anshin_secret_blob_put(op, txn, blob, PURPOSE, plain, strlen(plain));
    anshin_secret_wipe(op, plain);
    free(plain);
    return status;
}

static apr_status_t put_records(anshin_op_t *op, anshin_txn_t *txn, const anshin_mail_new_t *added, const char *blob,
                                const char **key)
{
    const anshin_account_t *account = added->account;
    anshin_mail_t mail = {.contract = op->contract->name,
                          .user = account->user,
                          .account = account->number,
                          .kind = added->kind,
                          .blob = blob,
                          .state = ANSHIN_MAIL_WAITING,
                          .users = added->users,
                          .created_at = op->now};
    anshin_job_t job = {
        .kind = ANSHIN_JOB_MAIL, .user = account->user, .account = account->number, .many = added->many};
    apr_status_t status = anshin_secret_name(op, &job.mail);

    if (status == APR_SUCCESS) {
        status = anshin_mail_list_add(op, txn, account->user, job.mail);
    }
    if (status == APR_SUCCESS) {
        status = anshin_txn_put(txn, &anshin_record_mail, job.mail, &mail);
    }
    if (status == APR_SUCCESS) {
        status = anshin_expiry_file(op, txn, &anshin_record_mail, job.mail, op->now + ANSHIN_KEEP_MAIL);
    }
    *key = job.mail;
    return status == APR_SUCCESS ? anshin_job_add(op, txn, &job) : status;
}

/* What the template may name, with how the user is addressed where that is not by the ID. New reference, or NULL. */
static json_t *values_of(const anshin_mail_new_t *mail)
{
    const char *name = mail->account->name;
    json_t *values = mail->data != NULL ? json_incref(mail->data) : json_object();

    if (values != NULL && name != NULL && *name != '\0') {
        json_t *named = json_copy(values);
        int whole = json_object_size(named) == json_object_size(values) &&
                    json_object_set_new(named, "greeting", json_string(name)) == 0;

        json_decref(values);
        if (!whole) {
            json_decref(named);
            return NULL;
        }
        values = named;
    }
    return values;
}

apr_status_t anshin_mail_add_known(anshin_op_t *op, anshin_txn_t *txn, const anshin_mail_new_t *mail, const char **key)
{
    const anshin_account_t *account = mail->account;
    json_t *values = values_of(mail);
    const anshin_mail_facts_t facts = {mail->kind, account->user, account->language, mail->address, domain(op), values};
    const char *blob = NULL;
    apr_status_t status = anshin_mail_list_lock(op, txn, account->user);

    status = status == APR_SUCCESS ? anshin_mail_room(op, txn, account, mail->address, mail->bound) : status;
    status = status == APR_SUCCESS ? anshin_mail_count(op, txn, account, mail->address, mail->bound) : status;
    status = status == APR_SUCCESS ? seal(op, txn, &facts, &blob) : status;
    json_decref(values);
    return status == APR_SUCCESS ? put_records(op, txn, mail, blob, key) : status;
}

apr_status_t anshin_mail_add(anshin_op_t *op, anshin_txn_t *txn, const anshin_mail_new_t *mail)
{
    const char *key;

    return anshin_mail_add_known(op, txn, mail, &key);
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

static int is_rendered(const json_t *json, anshin_mail_text_t *text)
{
    return json_unpack((json_t *)(apr_uintptr_t)json, "{s:s, s:s, s:s, s:s !}", "from", &text->from, "to", &text->to,
                       "subject", &text->subject, "body", &text->body) == 0;
}

/* Queued by 2d05b07 and before: rendered already. */
static void copy_rendered(const anshin_op_t *op, anshin_mail_text_t *text)
{
    text->from = apr_pstrdup(op->pool, text->from);
    text->to = apr_pstrdup(op->pool, text->to);
    text->subject = apr_pstrdup(op->pool, text->subject);
    text->body = apr_pstrdup(op->pool, text->body);
}

static apr_status_t parse(anshin_op_t *op, const anshin_bytes_t *plain, anshin_mail_text_t *text)
{
    json_t *json = anshin_secret_json(op, plain);
    anshin_mail_facts_t facts = {NULL, NULL, NULL, NULL, NULL, NULL};
    apr_status_t status;

    if (is_rendered(json, text)) {
        copy_rendered(op, text);
        status = APR_SUCCESS;
    } else if (json_unpack(json, "{s:s, s:s, s?s, s:s, s:s, s:o !}", "kind", &facts.kind, "user", &facts.user,
                           "language", &facts.language, "to", &facts.to, "domain", &facts.domain, "data",
                           &facts.data) == 0 &&
               json_is_object(facts.data)) {
        status = anshin_mail_render(op, &facts, text);
    } else {
        memset(text, 0, sizeof(*text));
        status = anshin_fail(&op->error, ANSHIN_EFAULT, "AN0255", "mail: a sealed text is not what was sealed");
    }
    json_decref(json);
    return status;
}

typedef struct opening_t {
    const anshin_mail_t *mail;
    anshin_bytes_t plain;
} opening_t;

static apr_status_t unseal(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    opening_t *opening = baton;

    return anshin_secret_blob_get(op, txn, &opening->plain, PURPOSE, opening->mail->blob);
}

apr_status_t anshin_mail_open(anshin_op_t *op, const anshin_mail_t *mail, anshin_mail_text_t *text)
{
    opening_t opening = {mail, {NULL, 0}};
    apr_status_t status = anshin_op_read(op, unseal, &opening);

    memset(text, 0, sizeof(*text));
    if (status != APR_SUCCESS) {
        return status;
    }
    status = parse(op, &opening.plain, text);
    anshin_secret_wipe_bytes(op, &opening.plain);
    return status;
}

/* --- expiry ----------------------------------------------------------------------------------------------------- */

static apr_time_t over(const anshin_op_t *op, const char *key, const void *record)
{
    const anshin_mail_t *mail = record;
    apr_time_t since = mail->sent_at != 0 ? mail->sent_at : mail->created_at;

    (void)key;
    if (mail->state == ANSHIN_MAIL_WAITING || mail->state == ANSHIN_MAIL_DELIVERING) {
        return op->now + ANSHIN_EXPIRY_DAY; /* what waits is never thrown away */
    }
    return anshin_expiry_over(op, since + ANSHIN_KEEP_MAIL);
}

static apr_status_t remove_over(anshin_op_t *op, anshin_txn_t *txn, const char *key, const void *record)
{
    (void)op;
    (void)key;
    anshin_txn_wipe(txn, ((const anshin_mail_t *)record)->blob);
    return APR_SUCCESS;
}

const anshin_expiry_rule_t anshin_mail_expiry = {&anshin_record_mail, over, remove_over, NULL};
