/*
 * htanshin find: what a number is about that somebody reads from a page to the help desk.
 */
#include <string.h>

#include "core/login/help_number.h"
#include "htanshin/call.h"
#include "htanshin/result.h"

static json_t *result_of(const anshin_help_number_t *record, const char *number, apr_pool_t *pool)
{
    json_t *result = json_object();

    anshin_result_text(result, "number", number, pool);
    anshin_result_text(result, "contract", record->contract, pool);
    anshin_result_time(result, "at", record->at, pool);
    anshin_result_text(result, "about", anshin_word_name(anshin_help_words, record->kind, "unknown"), pool);
    anshin_result_text(result, "reason", record->reason, pool);
    anshin_result_text(result, "user", record->user, pool);
    anshin_result_text(result, "typed", record->typed, pool);
    anshin_result_number(result, "terminal", record->terminal);
    anshin_result_time(result, "locked_since", record->since, pool);
    anshin_result_time(result, "opens_at", record->until, pool);
    anshin_result_text(result, "address", record->address, pool);
    anshin_result_text(result, "client", record->client, pool);
    anshin_result_text(result, "certificate", record->serial, pool);
    return result;
}

/* Of whatever contract: who calls the help desk names none. */
static apr_status_t find(anshin_call_t *call)
{
    anshin_help_number_t record = {.contract = NULL};
    const char *number;
    apr_status_t status = anshin_help_number_find(&call->op, call->operands[0], &number, &record);

    if (number == NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0862",
                           "NUMBER: must be \"AN-\" and eight letters or digits, as the page shows it");
    }
    if (status == APR_SUCCESS && call->contract != NULL &&
        (record.contract == NULL || strcmp(record.contract, call->contract) != 0)) {
        status = ANSHIN_ENOTFOUND;
    }
    if (status == ANSHIN_ENOTFOUND) {
        return anshin_fail(
            &call->op.error, status, "AN0863", "no page%s%s has shown the number %s in the last seven days",
            call->contract != NULL ? " of contract " : "", call->contract != NULL ? call->contract : "", number);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    call->result = result_of(&record, number, call->pool);
    return APR_SUCCESS;
}

const anshin_command_t anshin_commands_find[] = {
    {"find", NULL, "NUMBER", 1, 1, NULL, ANSHIN_ACCESS_ALL, find,
     "Find what the number on a page is about that somebody reads to the help desk."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
