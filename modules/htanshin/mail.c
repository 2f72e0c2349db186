/*
 * htanshin mail: what the worker delivers, has delivered, or could not.
 */
#include <string.h>

#include "core/keeping/outside.h"
#include "core/mail/job_node.h"
#include "core/mail/outbox.h"
#include "htanshin/bulk/cert_verbs.h"
#include "htanshin/call.h"
#include "htanshin/list.h"
#include "htanshin/result.h"
#include "htanshin/values.h"

static json_t *mail_row(const char *id, const anshin_mail_t *mail, apr_pool_t *pool)
{
    json_t *row = json_object();

    anshin_result_text(row, "id", id, pool);
    anshin_result_text(row, "kind", mail->kind, pool);
    anshin_result_text(row, "user", mail->user, pool);
    anshin_result_text(row, "state", anshin_mail_state_name(mail->state), pool);
    anshin_result_time(row, "created_at", mail->created_at, pool);
    anshin_result_time(row, "sent_at", mail->sent_at, pool);
    anshin_result_number(row, "tries", mail->tries);
    anshin_result_text(row, "last_error", mail->last_error, pool);
    return row;
}

static apr_status_t check_id(anshin_call_t *call, const char *id)
{
    if (strlen(id) != 32 || strspn(id, "0123456789abcdef") != 32) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0870",
                           "ID: must be the 32 hexadecimal digits that mail list shows");
    }
    return APR_SUCCESS;
}

static apr_status_t find(anshin_call_t *call, const char *id, anshin_mail_t *mail)
{
    apr_status_t status = check_id(call, id);

    return status == APR_SUCCESS
               ? anshin_call_missing(call, anshin_own_find(&call->op, &anshin_record_mail, id, mail), "mail", id)
               : status;
}

typedef struct listing_t {
    anshin_filter_t filter;
    anshin_rows_t *rows;
} listing_t;

static apr_status_t list_one(void *baton, const char *id, const void *record)
{
    const anshin_mail_t *mail = record;
    const listing_t *listing = baton;
    const char *place;

    if (!anshin_filter_admits(&listing->filter, mail->user, mail->state) ||
        (place = anshin_rows_place(listing->rows, mail->created_at, id)) == NULL) {
        return APR_SUCCESS;
    }
    return anshin_rows_add(listing->rows, place, mail_row(id, mail, anshin_rows_scratch(listing->rows)));
}

static apr_status_t list_walk(anshin_call_t *call, void *baton, anshin_rows_t *rows)
{
    listing_t *listing = baton;

    listing->rows = rows;
    return anshin_own_each(&call->op, &anshin_record_mail, "", list_one, listing);
}

static apr_status_t list_after(anshin_call_t *call, void *baton, const char *given, apr_time_t *at, const char **key)
{
    anshin_mail_t mail;
    apr_status_t status = find(call, given, &mail);

    (void)baton;
    if (status == APR_SUCCESS) {
        *at = mail.created_at;
        *key = given;
    }
    return status;
}

static apr_status_t mail_list(anshin_call_t *call)
{
    static const anshin_list_t list = {.descending = 1, .after = list_after, .walk = list_walk};
    listing_t listing;
    apr_status_t status = anshin_call_filter(call, anshin_mail_state_words, &listing.filter);

    return status == APR_SUCCESS ? anshin_list(call, &list, &listing) : status;
}

/* The text is sealed, since it holds links: shown only when asked for, only until it is delivered, and the trail knows
 * who has read it. */
static apr_status_t show_text(anshin_call_t *call, const anshin_mail_t *mail)
{
    const anshin_event_t event = {.act = ANSHIN_ACT_MAIL_READ, .user = mail->user, .mail = call->operands[0]};
    anshin_mail_text_t text;
    apr_status_t status = anshin_mail_open(&call->op, mail, &text);

    if (status == ANSHIN_ENOTFOUND) {
        return anshin_fail(&call->op.error, status, "AN0872", "mail %s: its text was wiped when it was delivered",
                           call->operands[0]);
    }
    status = status == APR_SUCCESS ? anshin_outside_tell(&call->op, &event, NULL, NULL) : status;
    if (status == APR_SUCCESS) {
        anshin_result_text(call->result, "from", text.from, call->pool);
        anshin_result_text(call->result, "to", text.to, call->pool);
        anshin_result_text(call->result, "subject", text.subject, call->pool);
        anshin_result_text(call->result, "body", text.body, call->pool);
    }
    return status;
}

static apr_status_t mail_show(anshin_call_t *call)
{
    anshin_mail_t mail;
    apr_status_t status = find(call, call->operands[0], &mail);

    if (status != APR_SUCCESS) {
        return status;
    }
    call->result = mail_row(call->operands[0], &mail, call->pool);
    return anshin_call_value(call, "text") != NULL ? show_text(call, &mail) : APR_SUCCESS;
}

static apr_status_t act(anshin_call_t *call, apr_status_t (*verb)(anshin_op_t *op, const char *id), const char *refusal)
{
    const char *id = call->operands[0];
    anshin_mail_t mail;
    apr_status_t status = check_id(call, id);

    if (status == APR_SUCCESS) {
        status = anshin_call_missing(call, verb(&call->op, id), "mail", id);
    }
    if (status == ANSHIN_ECONFLICT) {
        return anshin_fail(&call->op.error, status, "AN1114", "mail %s: %s", id, refusal);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    status = find(call, id, &mail);
    if (status == APR_SUCCESS) {
        call->result = mail_row(id, &mail, call->pool);
    }
    return status;
}

static apr_status_t mail_retry(anshin_call_t *call)
{
    return act(call, anshin_mail_retry, "only one that has failed and was not dropped can be tried again");
}

static apr_status_t mail_drop(anshin_call_t *call)
{
    return act(call, anshin_mail_drop, "only one that waits or has failed can be dropped");
}

static apr_status_t mail_hand_over(anshin_call_t *call)
{
    const char *node = call->operands[0];
    int count;
    apr_status_t status = anshin_jobs_hand_over(&call->op, node, &count);

    if (status == ANSHIN_ECONFLICT) {
        return anshin_fail(&call->op.error, status, "AN1948",
                           "NODE %.60s lives: its own CA worker goes on with what it has begun", node);
    }
    if (status == ANSHIN_ENOTFOUND) {
        return anshin_fail(&call->op.error, status, "AN1949", "NODE %.60s: no mail waits for a machine of that name",
                           node);
    }
    if (status == APR_SUCCESS) {
        call->result = json_object();
        anshin_result_number(call->result, "mails", count);
    }
    return status;
}

static const anshin_command_option_t list_options[] = {
    {"user", "USER", "Only mail to this user.", 0},
    {"state", "STATE", "Only mail that is waiting, delivering, sent, spooled (in the Maildir) or failed.", 0},
    ANSHIN_LIST_LIMIT,
    ANSHIN_LIST_AFTER("ID", "the last mail of the list before"),
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t show_options[] = {
    {"text", NULL, "With sender, address, subject and text, as long as it was not delivered. It holds links.", 0},
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t resend_options[] = {ANSHIN_BULK_OPTIONS, {NULL, NULL, NULL, 0}};

const anshin_command_t anshin_commands_mail[] = {
    {"mail", "list", "", 0, 0, list_options, ANSHIN_ACCESS_STORE, mail_list, "List the contract's mail, newest first."},
    {"mail", "show", "ID", 1, 1, show_options, ANSHIN_ACCESS_STORE, mail_show, "Show the state of a mail."},
    {"mail", "retry", "ID", 1, 1, NULL, ANSHIN_ACCESS_STORE, mail_retry, "Try a mail again that has failed."},
    {"mail", "resend", "[USER]", 0, 1, resend_options, ANSHIN_ACCESS_FILES, anshin_bulk_resend,
     "Mail a user, or many, the link to what waits for download once more; the former link dies."},
    {"mail", "drop", "ID", 1, 1, NULL, ANSHIN_ACCESS_STORE, mail_drop,
     "Give a mail up that is not delivered; its text is wiped."},
    {"mail", "hand-over", "NODE", 1, 1, NULL, ANSHIN_ACCESS_ALL, mail_hand_over,
     "Give what a machine that is gone has begun to deliver to the others; what it had just delivered comes twice."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
