/*
 * htanshin user set, reset, must-change: what an operator changes of a user (ADM-1, ATT-1).
 */
#include "htanshin/user/user_change.h"

#include <string.h>

#include "core/admin/amend.h"
#include "core/selfservice/method.h"
#include "htanshin/approval/hold.h"
#include "htanshin/bulk/user_verbs.h"
#include "htanshin/call.h"
#include "htanshin/result.h"
#include "htanshin/user/user_attributes.h"
#include "htanshin/user/user_show.h"
#include "htanshin/values.h"

#define DEVICE_MAX 1000000

const anshin_command_option_t anshin_user_set_options[] = {
    {"address", "MAIL", "Mail address of the device; the former and the new one are told.", 0},
    {"terminal", "KIND", "Kind of the device: pc, mobile or smartphone.", 0},
    {"label", "LABEL", "What the device is called, at most 32 characters.", 0},
    {"device", "NUMBER", "Which device these are of; the first one when not given.", 0},
    {"method", "METHOD",
     "password, otp or certificate. Sessions end; certificates are revoked, or made: their download passwords are "
     "shown, to be handed out.",
     0},
    {"language", "LANGUAGE", "ja or en, of mail.", 0},
    ANSHIN_ATTRIBUTE_OPTIONS,
    ANSHIN_BULK_LIST,
    {NULL, NULL, NULL, 0},
};

/* Options of anshin_user_set_options that say nothing of the user. */
static const char *const of_lists[] = {"file", "dry-run", "yes", "result", "after"};

static json_t *amended_result(const anshin_call_t *call, const char *user, const anshin_amended_t *amended)
{
    json_t *result = json_object();
    json_t *changed = json_array();
    json_t *devices = json_array();

    for (int i = 0; i < amended->what->nelts; i++) {
        json_array_append_new(changed, json_string(APR_ARRAY_IDX(amended->what, i, const char *)));
    }
    for (int i = 0; i < amended->issues->nelts; i++) {
        const anshin_method_issue_t *issue = &APR_ARRAY_IDX(amended->issues, i, anshin_method_issue_t);
        json_t *row = json_object();

        anshin_result_number(row, "number", issue->terminal);
        anshin_result_text(row, "address", issue->address, call->pool);
        anshin_result_text(row, "download_password", issue->download_password, call->pool);
        json_array_append_new(devices, row);
    }
    anshin_result_text(result, "user", user, call->pool);
    anshin_result_text(result, "done", amended->what->nelts > 0 ? "changed" : "unchanged", call->pool);
    json_object_set_new(result, "changed", changed);
    anshin_result_flag(result, "sessions_ended", amended->sessions_end);
    if (json_array_size(devices) > 0) {
        json_object_set_new(result, "devices", devices);
    } else {
        json_decref(devices);
    }
    return result;
}

static int is_of_lists(const char *name)
{
    for (size_t i = 0; i < sizeof(of_lists) / sizeof(of_lists[0]); i++) {
        if (strcmp(of_lists[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

static apr_status_t read_options(anshin_call_t *call, anshin_amend_t *amend)
{
    int number;
    int any = 0;
    apr_status_t status;

    for (int i = 0; anshin_user_set_options[i].name != NULL; i++) {
        any |= call->values[i] != NULL && !is_of_lists(anshin_user_set_options[i].name);
    }
    if (!any) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1443",
                           "user set: give what is to be changed; --help tells the options");
    }
    amend->address = anshin_call_value(call, "address");
    amend->label = anshin_call_value(call, "label");
    amend->language = anshin_call_value(call, "language");
    status = anshin_call_number(call, "device", 1, DEVICE_MAX, 0, &number);
    amend->terminal = number;
    if (status == APR_SUCCESS) {
        status = anshin_call_word(call, "terminal", anshin_terminal_kind_words, -1, &amend->kind);
    }
    if (status == APR_SUCCESS) {
        status = anshin_call_word(call, "method", anshin_method_words, -1, &amend->method);
    }
    return status == APR_SUCCESS ? anshin_user_attributes(call, &amend->attributes) : status;
}

/* No two users have the same name or device. */
static apr_status_t set_many(anshin_call_t *call, anshin_amend_t *amend)
{
    static const char *const own[] = {"address", "terminal", "label", "device", "name"};

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && call->operand_count == 0; i++) {
        if (anshin_call_value(call, own[i]) != NULL) {
            return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1354",
                               "--%s: is for one user; user import --update takes a list with it", own[i]);
        }
    }
    apr_status_t status = read_options(call, amend);

    return status == APR_SUCCESS ? anshin_bulk_set(call, amend) : status;
}

apr_status_t anshin_user_set(anshin_call_t *call)
{
    anshin_amend_t amend = {.kind = -1, .method = -1};
    anshin_amended_t amended;
    apr_status_t status;

    if (anshin_bulk_wanted(call)) {
        return set_many(call, &amend);
    }
    status = anshin_call_user(call, call->operands[0], &amend.user);
    if (status == APR_SUCCESS) {
        status = read_options(call, &amend);
    }
    if (status == APR_SUCCESS) {
        status = anshin_hold_role(call, amend.user);
    }
    if (status == APR_SUCCESS) {
        status = anshin_account_amend(&call->op, &amend, &amended);
    }
    if (status == APR_SUCCESS) {
        call->done = "it is changed all the same; where a download password is lost, the user has the certificate "
                     "reissued";
        call->result = amended_result(call, amend.user, &amended);
    }
    return anshin_call_missing(call, status, "user", amend.user);
}

apr_status_t anshin_user_reset(anshin_call_t *call)
{
    anshin_invitation_t invitation = {0};
    const char *user;
    apr_status_t status;

    if (anshin_bulk_wanted(call)) {
        return anshin_bulk_reset(call);
    }
    status = anshin_call_user(call, call->operands[0], &user);
    if (status == APR_SUCCESS) {
        status = anshin_account_reset(&call->op, user, &invitation);
    }
    if (status == APR_SUCCESS) {
        call->done = "the user is reset all the same: htanshin user invite gives another pair";
        call->result = anshin_user_invitation(call, user, &invitation);
    }
    return anshin_call_missing(call, status, "user", user);
}

apr_status_t anshin_user_must_change(anshin_call_t *call)
{
    const char *user;
    apr_status_t status;

    if (anshin_bulk_wanted(call)) {
        return anshin_bulk_must_change(call);
    }
    status = anshin_call_user(call, call->operands[0], &user);
    if (status == APR_SUCCESS) {
        status = anshin_account_must_change(&call->op, user);
    }
    if (status == APR_SUCCESS) {
        call->result = json_object();
        anshin_result_text(call->result, "user", user, call->pool);
        anshin_result_text(call->result, "done",
                           call->op.unchanged ? "unchanged" : "must change the password at the next login", call->pool);
    }
    return anshin_call_missing(call, status, "user", user);
}
