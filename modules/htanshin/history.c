/*
 * htanshin history: the attempts that the store keeps (S28), newest first.
 */
#include "core/history.h"

#include "core/account.h"
#include "htanshin/command.h"
#include "htanshin/print.h"

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 1000000

typedef struct reading_t {
    anshin_call_t *call;
    int unknown; /* the series of unknown users: what they typed is a column */
} reading_t;

static apr_status_t show_entry(void *baton, const anshin_history_t *entry)
{
    const reading_t *reading = baton;
    apr_pool_t *pool = reading->call->pool;
    json_t *row = json_object();

    anshin_result_time(row, "at", entry->at, pool);
    if (reading->unknown) {
        anshin_result_text(row, "typed", entry->user, pool);
    }
    anshin_result_text(row, "result", anshin_history_result_name(entry->result), pool);
    anshin_result_text(row, "address", entry->address, pool);
    if (!reading->unknown) {
        anshin_result_number(row, "terminal", entry->terminal);
    }
    anshin_result_text(row, "certificate", entry->serial, pool);
    json_array_append_new(reading->call->result, row);
    return APR_SUCCESS;
}

/* A user without any entry: there, or not? */
static apr_status_t must_exist(anshin_call_t *call, anshin_txn_t *txn, const char *user)
{
    anshin_account_t account;
    apr_status_t status = anshin_account_get(&call->op, txn, user, &account);

    if (status == ANSHIN_ENOTFOUND) {
        return anshin_fail(&call->op.error, status, "AN0860", "user %s: there is none in contract %s, and no history",
                           user, call->op.contract->name);
    }
    return status;
}

static apr_status_t history(anshin_call_t *call)
{
    reading_t reading = {call, anshin_call_value(call, "unknown") != NULL};
    const char *user = NULL;
    apr_int64_t total = 0;
    anshin_txn_t *txn;
    int limit;
    apr_status_t status = anshin_call_number(call, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &limit);

    if (status == APR_SUCCESS && (call->operand_count == 1) == reading.unknown) {
        status = anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0861", "history: give a USER or --unknown");
    }
    if (status == APR_SUCCESS && !reading.unknown) {
        status = anshin_call_user(call, call->operands[0], &user);
    }
    if (status != APR_SUCCESS || (status = anshin_op_begin(&call->op, ANSHIN_TXN_READ, &txn)) != APR_SUCCESS) {
        return status;
    }
    call->result = json_array();
    status = anshin_history_read(&call->op, txn, user, 0, limit, show_entry, &reading, &total);
    if (status == APR_SUCCESS && total == 0 && user != NULL) {
        status = must_exist(call, txn, user);
    }
    anshin_txn_abort(txn);
    return status;
}

static const anshin_command_option_t history_options[] = {
    {"limit", "N", "At most so many of the newest; 50 when not given.", 0},
    {"unknown", NULL, "The attempts with user IDs that do not exist.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_history[] = {
    {"history", NULL, "[USER]", 0, 1, history_options, ANSHIN_ACCESS_STORE, history,
     "Show login attempts and their results, newest first."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
