/*
 * htanshin history: the attempts that the store keeps (S28), newest first.
 */
#include "core/history.h"

#include "core/account.h"
#include "htanshin/list.h"

#define LIMIT_DEFAULT 50

typedef struct reading_t {
    const char *user; /* NULL: the series of unknown users, where what they typed is a column */
    int skip;         /* so many of the newest are not listed, or are already */
    apr_int64_t total;
    anshin_rows_t *rows;
} reading_t;

/* The series has its order, which is not that of the clock. */
static apr_status_t show_entry(void *baton, const anshin_history_t *entry)
{
    reading_t *reading = baton;
    apr_pool_t *pool = anshin_rows_scratch(reading->rows);
    const char *place = anshin_rows_place(reading->rows, ++reading->skip, "");
    json_t *row;

    if (place == NULL) {
        return APR_SUCCESS;
    }
    row = json_object();
    anshin_result_time(row, "at", entry->at, pool);
    if (reading->user == NULL) {
        anshin_result_text(row, "typed", entry->user, pool);
    }
    anshin_result_text(row, "result", anshin_history_result_name(entry->result), pool);
    anshin_result_text(row, "address", entry->address, pool);
    if (reading->user != NULL) {
        anshin_result_number(row, "terminal", entry->terminal);
    }
    anshin_result_text(row, "certificate", entry->serial, pool);
    return anshin_rows_add(reading->rows, place, row);
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

/* What came since the walk before lies in front of what it listed. */
static apr_status_t walk(anshin_call_t *call, void *baton, anshin_txn_t *txn, anshin_rows_t *rows)
{
    reading_t *reading = baton;
    apr_int64_t total = 0;
    apr_status_t status = anshin_history_read(&call->op, txn, reading->user, 0, 0, show_entry, reading, &total);

    reading->rows = rows;
    if (reading->total >= 0 && total > reading->total) {
        reading->skip += (int)(total - reading->total);
    }
    reading->total = total;
    if (status == APR_SUCCESS) {
        status = anshin_history_read(&call->op, txn, reading->user, reading->skip, anshin_rows_limit(rows), show_entry,
                                     reading, NULL);
    }
    if (status == APR_SUCCESS && reading->total == 0 && reading->user != NULL) {
        status = must_exist(call, txn, reading->user);
    }
    return status;
}

static apr_status_t history(anshin_call_t *call)
{
    static const anshin_list_t list = {.limit = LIMIT_DEFAULT, .walk = walk};
    reading_t reading = {.total = -1};
    int unknown = anshin_call_value(call, "unknown") != NULL;
    apr_status_t status = anshin_call_number(call, "after", 0, ANSHIN_LIST_MAX, 0, &reading.skip);

    if (status == APR_SUCCESS && (call->operand_count == 1) == unknown) {
        status = anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0861", "history: give a USER or --unknown");
    }
    if (status == APR_SUCCESS && !unknown) {
        status = anshin_call_user(call, call->operands[0], &reading.user);
    }
    return status == APR_SUCCESS ? anshin_list(call, &list, &reading) : status;
}

static const anshin_command_option_t history_options[] = {
    {"limit", "NUMBER", "At most so many of the newest; 50 when not given.", 0},
    {"after", "NUMBER", "Not the newest so many: those of the lists before.", 0},
    {"unknown", NULL, "The attempts with user IDs that do not exist.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_history[] = {
    {"history", NULL, "[USER]", 0, 1, history_options, ANSHIN_ACCESS_STORE, history,
     "Show login attempts and their results, newest first."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
