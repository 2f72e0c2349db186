/*
 * htanshin approval: what waits for a second operator (AnshinFourEyes), of the command and of the help desk.
 */
#include <string.h>

#include <apr_strings.h>

#include "core/base/words.h"
#include "core/context/bulk_order.h"
#include "core/context/own.h"
#include "core/desk/hold.h"
#include "htanshin/approval/hold.h"
#include "htanshin/call.h"
#include "htanshin/list.h"
#include "htanshin/result.h"
#include "htanshin/values.h"

#define LIMIT_DEFAULT 200

/* Where it was approved, but not begun in time, it can be begun no more. */
static const char *state_of(const anshin_op_t *op, const anshin_approval_t *approval)
{
    if (approval->used_at != 0) {
        return "done";
    }
    if (approval->by == ANSHIN_ACTOR_OPERATOR && approval->state == ANSHIN_APPROVAL_APPROVED &&
        approval->expires_at <= op->now) {
        return "expired";
    }
    return anshin_word_name(anshin_approval_words, anshin_approval_state(op, approval), NULL);
}

static json_t *row_of(const anshin_op_t *op, const char *id, const anshin_approval_t *approval, apr_pool_t *pool)
{
    const int of_command = approval->by == ANSHIN_ACTOR_OPERATOR;
    json_t *row = json_object();

    anshin_result_text(row, "id", id, pool);
    anshin_result_text(row, "state", state_of(op, approval), pool);
    anshin_result_text(row, "contract", approval->contract, pool);
    anshin_result_text(row, "asked_by", approval->name, pool);
    anshin_result_text(row, "via", of_command ? "htanshin" : "desk", pool);
    anshin_result_text(row, "verb", approval->verb, pool);
    anshin_result_text(row, "options", approval->options, pool);
    anshin_result_number(row, "count", of_command ? approval->count : anshin_bulk_users(approval->whom, NULL));
    anshin_result_time(row, "asked_at", approval->at, pool);
    anshin_result_time(row, "expires_at", approval->expires_at, pool);
    anshin_result_text(row, "decided_by", approval->second, pool);
    return row;
}

/* --- list -------------------------------------------------------------------------------------------------------- */

typedef struct listing_t {
    const anshin_op_t *op;
    int open; /* 1: what waits alone */
    anshin_rows_t *rows;
} listing_t;

static apr_status_t list_one(void *baton, const char *id, const void *record)
{
    const listing_t *listing = baton;
    const anshin_approval_t *approval = record;
    const char *place;

    if ((listing->open && anshin_approval_state(listing->op, approval) != ANSHIN_APPROVAL_WAITING) ||
        (place = anshin_rows_place(listing->rows, approval->at, id)) == NULL) {
        return APR_SUCCESS;
    }
    return anshin_rows_add(listing->rows, place, row_of(listing->op, id, approval, anshin_rows_scratch(listing->rows)));
}

static apr_status_t list_walk(anshin_call_t *call, void *baton, anshin_rows_t *rows)
{
    listing_t *listing = baton;
    const apr_array_header_t *contracts = call->config->contracts;
    apr_status_t status = APR_SUCCESS;

    listing->rows = rows;
    for (int i = 0; status == APR_SUCCESS && i < contracts->nelts; i++) {
        const anshin_contract_t *contract = APR_ARRAY_IDX(contracts, i, const anshin_contract_t *);
        anshin_op_t op = call->op;

        op.contract = contract;
        if (call->contract == NULL || strcmp(call->contract, contract->name) == 0) {
            status = anshin_own_each(&op, &anshin_record_approval, "", list_one, listing);
            call->op.error = op.error;
        }
    }
    return status;
}

/* --contract is taken at its word, where it is one. */
static apr_status_t check_contract(anshin_call_t *call)
{
    return call->contract == NULL || anshin_config_contract(call->config, call->contract) != NULL
               ? APR_SUCCESS
               : anshin_fail(&call->op.error, ANSHIN_ENOTFOUND, "AN1846", "contract %s: is not declared",
                             call->contract);
}

static apr_status_t approval_list(anshin_call_t *call)
{
    static const anshin_list_t list = {.descending = 1, .limit = LIMIT_DEFAULT, .walk = list_walk};
    listing_t listing = {.op = &call->op, .open = anshin_call_value(call, "all") == NULL};
    apr_status_t status = check_contract(call);

    return status == APR_SUCCESS ? anshin_list(call, &list, &listing) : status;
}

/* --- one --------------------------------------------------------------------------------------------------------- */

static apr_status_t find(anshin_call_t *call, anshin_approval_t *approval)
{
    const char *id = call->operands[0];
    apr_status_t status = check_contract(call);

    if (status == APR_SUCCESS && call->contract != NULL) {
        call->op.contract = anshin_config_contract(call->config, call->contract);
    }
    status = status == APR_SUCCESS ? anshin_hold_find(&call->op, id, approval) : status;
    return status != ANSHIN_ENOTFOUND || call->op.error.text[0] != '\0'
               ? status
               : anshin_fail(&call->op.error, status, "AN1857",
                             "approval %s: there is none; htanshin approval list --all names those there are", id);
}

/* "p-01/usr001", "p-01 4F9A…", or what else it is about. */
static const char *name_of(const char *entry, apr_pool_t *pool)
{
    char *text = apr_pstrdup(pool, entry);
    char *user = strchr(text, '/');
    char *behind = user != NULL ? strchr(user + 1, '/') : NULL;

    if (behind == NULL) {
        return text;
    }
    *behind++ = '\0';
    if (user[1] != '\0') {
        return strcmp(behind, "/0/undo") == 0 ? apr_pstrcat(pool, text, " (undo)", NULL) : text;
    }
    *user = '\0';
    behind[strcspn(behind, "/")] = '\0';
    return apr_pstrcat(pool, text, " ", behind, NULL);
}

/* --- the list that is meant -------------------------------------------------------------------------------------- */

/* *is: 1: --file names those who are meant, these and no others, or was not given. */
static apr_status_t look_at_list(anshin_call_t *call, const anshin_approval_t *approval, int *is)
{
    const char *verb = approval->verb != NULL ? approval->verb : "";
    const char *second = strchr(verb, ' ');
    const anshin_targets_t of = {.verb = second != NULL ? second + 1 : verb,
                                 .certificates = strncmp(verb, "cert ", strlen("cert ")) == 0};
    anshin_call_t reading = *call;
    apr_array_header_t *targets;
    apr_status_t status;

    *is = 1;
    if (anshin_call_value(call, "file") == NULL) {
        return APR_SUCCESS;
    }
    reading.operand_count = 0;
    status = anshin_targets_read(&reading, &of, &targets);
    call->op.error = reading.op.error;
    return status == APR_SUCCESS ? anshin_hold_is(&call->op, approval, anshin_hold_entries(call, targets), is) : status;
}

static apr_status_t approval_show(anshin_call_t *call)
{
    anshin_approval_t approval;
    json_t *about = json_array();
    int is = 1;
    apr_status_t status = find(call, &approval);

    status = status == APR_SUCCESS ? look_at_list(call, &approval, &is) : status;
    for (int i = 0; status == APR_SUCCESS && approval.whom != NULL && i < approval.whom->nelts; i++) {
        const char *entry = APR_ARRAY_IDX(approval.whom, i, const char *);

        if (*entry != '\0') { /* who was erased is not named */
            json_array_append_new(about, json_string(name_of(entry, call->pool)));
        }
    }
    if (status != APR_SUCCESS) {
        json_decref(about);
        return status;
    }
    call->result = row_of(&call->op, call->operands[0], &approval, call->pool);
    anshin_result_time(call->result, "decided_at", approval.decided_at, call->pool);
    anshin_result_text(call->result, "reason", approval.why, call->pool);
    json_object_set_new(call->result, "about", about);
    if (anshin_call_value(call, "file") != NULL) {
        anshin_result_flag(call->result, "list_is_this", is);
        call->verdict = is ? ANSHIN_EXIT_OK : ANSHIN_EXIT_REFUSED;
    }
    return APR_SUCCESS;
}

static apr_status_t decide(anshin_call_t *call, anshin_approval_state_t how)
{
    anshin_approval_t approval;
    int is = 1;
    apr_status_t status = find(call, &approval);

    status = status == APR_SUCCESS ? look_at_list(call, &approval, &is) : status;
    if (status == APR_SUCCESS && !is) {
        return anshin_fail(&call->op.error, ANSHIN_EDENIED, "AN1851",
                           "approval %s: the list does not name those who are meant, these and no others: nothing is "
                           "approved",
                           call->operands[0]);
    }
    if (status == APR_SUCCESS) {
        anshin_hold_who(call);
        status = anshin_hold_decide(&call->op, call->operands[0], how, &approval);
    }
    if (status == APR_SUCCESS) {
        call->result = row_of(&call->op, call->operands[0], &approval, call->pool);
    }
    return status;
}

static apr_status_t approval_give(anshin_call_t *call)
{
    return decide(call, ANSHIN_APPROVAL_APPROVED);
}

static apr_status_t approval_refuse(anshin_call_t *call)
{
    return decide(call, ANSHIN_APPROVAL_REFUSED);
}

static apr_status_t approval_withdraw(anshin_call_t *call)
{
    return decide(call, ANSHIN_APPROVAL_WITHDRAWN);
}

static const anshin_command_option_t list_options[] = {
    {"all", NULL, "Also what is decided, or was not decided in time, for a day.", 0},
    ANSHIN_LIST_LIMIT,
    {NULL, NULL, NULL, 0},
};

static const anshin_command_option_t one_options[] = {
    {"file", "LIST", "Those who should be meant: fails unless these are, and no others; - for the standard input.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_approval[] = {
    {"approval", "list", "", 0, 0, list_options, ANSHIN_ACCESS_ALL, approval_list,
     "List what waits for a second operator (AnshinFourEyes), newest first; of htanshin and of the help desk."},
    {"approval", "show", "ID", 1, 1, one_options, ANSHIN_ACCESS_DUMP, approval_show,
     "Show what would be done, to whom, and who has asked for it; the first hundred are named."},
    {"approval", "give", "ID", 1, 1, one_options, ANSHIN_ACCESS_DUMP, approval_give,
     "Approve what another person has asked for, who then gives the same command again; what was asked for at the help "
     "desk is approved there."},
    {"approval", "refuse", "ID", 1, 1, NULL, ANSHIN_ACCESS_ALL, approval_refuse,
     "Refuse what waits, of htanshin or of the help desk."},
    {"approval", "withdraw", "ID", 1, 1, NULL, ANSHIN_ACCESS_ALL, approval_withdraw,
     "Withdraw what one has asked for oneself."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
