/*
 * htanshin history: the attempts that the store keeps (S28), newest first.
 */
#include "core/account/history.h"
#include "htanshin/result.h"
#include "htanshin/values.h"

#include "core/account/account.h"
#include "htanshin/audit/show.h"
#include "htanshin/list.h"

#define LIMIT_DEFAULT 50

typedef struct reading_t {
    anshin_history_walk_t walk; /* of unknown users, what they typed is a column */
    int shown;                  /* entries that were there */
    int met;                    /* entries of the part at hand */
    int passed;                 /* of those of the time, before the first one that is shown */
    int after;                  /* so many are */
    apr_time_t since;
    apr_time_t until;         /* 0: any */
    anshin_account_t account; /* whose terminals have labels */
    apr_array_header_t *terminals;
    anshin_rows_t *rows;
} reading_t;

/* Former holders of the ID had terminals of their own (IDN-1). */
static const char *label_of(const reading_t *reading, const anshin_history_t *entry)
{
    return reading->terminals != NULL && anshin_account_owns(&reading->account, entry->account, entry->at)
               ? anshin_terminal_label(reading->terminals, entry->terminal)
               : NULL;
}

/* The series has its order, which is not that of the clock. */
static apr_status_t show_entry(void *baton, const anshin_history_t *entry)
{
    reading_t *reading = baton;
    apr_pool_t *pool = anshin_rows_scratch(reading->rows);
    const char *place;
    json_t *row;

    reading->met++;
    if (entry->at < reading->since || (reading->until != 0 && entry->at >= reading->until) ||
        reading->passed++ < reading->after) {
        return APR_SUCCESS;
    }
    place = anshin_rows_place(reading->rows, ++reading->shown, "");
    if (place == NULL) {
        return APR_SUCCESS;
    }
    row = json_object();
    anshin_result_time(row, "at", entry->at, pool);
    if (reading->walk.user == NULL) {
        anshin_result_text(row, "typed", entry->user, pool);
    }
    anshin_result_text(row, "result", anshin_history_result_name(entry->result), pool);
    anshin_result_text(row, "operator", entry->operator, pool);
    anshin_result_text(row, "address", entry->address, pool);
    if (reading->walk.user != NULL) {
        anshin_result_number(row, "terminal", entry->terminal);
        anshin_result_text(row, "label", label_of(reading, entry), pool);
    }
    anshin_result_text(row, "certificate", entry->serial, pool);
    return anshin_rows_add(reading->rows, place, row);
}

static int is_of_time(const reading_t *reading)
{
    return reading->since != 0 || reading->until != 0;
}

static apr_status_t walk(anshin_call_t *call, void *baton, anshin_rows_t *rows)
{
    reading_t *reading = baton;
    apr_status_t status;

    reading->rows = rows;
    if (reading->walk.user != NULL) {
        status = anshin_account_read(&call->op, reading->walk.user, &reading->account, &reading->terminals);
        if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) { /* the history of one who is deleted stays */
            return status;
        }
    }
    do { /* of a time, parts until there are enough, or no more */
        reading->met = 0;
        status = anshin_history_part(&call->op, &reading->walk, anshin_rows_limit(rows), show_entry, reading);
    } while (status == APR_SUCCESS && is_of_time(reading) && reading->met > 0 &&
             reading->shown < anshin_rows_limit(rows));
    if (status == ANSHIN_ENOTFOUND) {
        return anshin_fail(&call->op.error, status, "AN0860", "contract %s has no user %s, and no history of one",
                           call->op.contract->name, reading->walk.user);
    }
    return status;
}

static apr_status_t history(anshin_call_t *call)
{
    static const anshin_list_t list = {.limit = LIMIT_DEFAULT, .walk = walk};
    reading_t reading = {.walk = {.total = -1}};
    int skip;
    int unknown = anshin_call_value(call, "unknown") != NULL;
    apr_status_t status = anshin_call_number(call, "after", 0, ANSHIN_LIST_MAX, 0, &skip);

    if (status == APR_SUCCESS && (call->operand_count == 1) == unknown) {
        status = anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0861", "history: give a USER or --unknown");
    }
    if (status == APR_SUCCESS && !unknown) {
        status = anshin_call_user(call, call->operands[0], &reading.walk.user);
    }
    status = status == APR_SUCCESS ? anshin_audit_time(call, "since", &reading.since) : status;
    status = status == APR_SUCCESS ? anshin_audit_time(call, "until", &reading.until) : status;
    if (is_of_time(&reading)) {
        reading.after = skip;
    } else {
        reading.walk.skip = skip;
    }
    return status == APR_SUCCESS ? anshin_list(call, &list, &reading) : status;
}

static const anshin_command_option_t history_options[] = {
    {"limit", "NUMBER", "At most so many of the newest; 50 when not given.", 0},
    {"after", "NUMBER", "Not the newest so many: those of the lists before.", 0},
    {"since", "TIME", "Only from then on: 2026-11-30, 2026-11-30T05:12+09:00, or 40d for so long ago.", 0},
    {"until", "TIME", "Only before then.", 0},
    {"unknown", NULL, "The attempts with user IDs that do not exist.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_history[] = {
    {"history", NULL, "[USER]", 0, 1, history_options, ANSHIN_ACCESS_STORE, history,
     "Show login attempts and their results, newest first."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
