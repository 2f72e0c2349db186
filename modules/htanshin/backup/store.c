/*
 * htanshin store check: is all of the store there, and does it open (BAK-1)? htanshin store init: the tables of a store
 * in a server (STO-2). htanshin store migrate: these, brought up to this version.
 */
#include <stdio.h>
#include <unistd.h>

#include "core/keeping/store_check.h"
#include "htanshin/command.h"
#include "htanshin/dump/move.h"
#include "htanshin/result.h"
#include "runtime/open.h"

#define TEXTS 100

static void show_progress(void *baton, apr_int64_t records)
{
    (void)baton;
    (void)fprintf(stderr, "\r%" APR_INT64_T_FMT " records", records);
}

static apr_status_t store_check(anshin_call_t *call)
{
    int looked_at = isatty(STDERR_FILENO);
    anshin_store_findings_t findings = {.limit = TEXTS, .progress = looked_at ? show_progress : NULL};
    apr_status_t status = anshin_store_check(&call->op, &findings);
    json_t *found;

    if (looked_at) {
        (void)fprintf(stderr, "\r%30s\r", "");
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    found = json_array();
    call->result = json_object();
    anshin_result_number(call->result, "records", findings.records);
    anshin_result_number(call->result, "blobs", findings.blobs);
    anshin_result_number(call->result, "broken", findings.broken);
    anshin_result_number(call->result, "loose", findings.loose);
    anshin_result_number(call->result, "old_key", findings.former);
    json_object_set_new(call->result, "found", found);
    for (int i = 0; i < findings.texts->nelts; i++) {
        json_t *row = json_object();

        anshin_result_text(row, "found", APR_ARRAY_IDX(findings.texts, i, const char *), call->pool);
        json_array_append_new(found, row);
    }
    call->verdict = findings.broken > 0 ? 2 : findings.loose > 0 ? 1 : 0;
    return APR_SUCCESS;
}

static apr_status_t store_init(anshin_call_t *call)
{
    const anshin_server_t *server = &call->config->server;
    apr_status_t status;

    if (anshin_open_store_is_local(server)) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1792",
                           "store init: AnshinStore is %s, which the first start makes", server->store);
    }
    status = anshin_open_store_init(server, &call->op.error, call->pool);
    if (status == ANSHIN_ECONFLICT) {
        anshin_error_clear(&call->op.error);
        return anshin_fail(&call->op.error, ANSHIN_ECONFLICT, "AN1793",
                           "store init: the database has a schema anshin already; nothing was changed");
    }
    if (status == APR_SUCCESS) {
        call->result = json_object();
        anshin_result_text(call->result, "done", "init", call->pool);
    }
    return status;
}

static apr_status_t store_migrate(anshin_call_t *call)
{
    const anshin_server_t *server = &call->config->server;
    apr_int64_t from = 0;
    apr_status_t status;

    if (anshin_open_store_is_local(server)) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1947",
                           "store migrate: AnshinStore is %s, which has no tables; every version reads it",
                           server->store);
    }
    status = anshin_open_store_migrate(server, &from, &call->op.error, call->pool);
    if (status == APR_SUCCESS) {
        call->result = json_object();
        anshin_result_text(call->result, "done", from != 0 ? "migrate" : "unchanged", call->pool);
        if (from != 0) {
            anshin_result_number(call->result, "from", from);
        }
    }
    return status;
}

const anshin_command_t anshin_commands_store[] = {
    {"store", "check", "", 0, 0, NULL, ANSHIN_ACCESS_ALL, store_check,
     "Read all of the store while everything runs: every record, every sealed file, what they refer to; exit code 0: "
     "whole, 1: something refers to what is not there, 2: something cannot be read."},
    {"store", "init", "", 0, 0, NULL, ANSHIN_ACCESS_CHECK, store_init,
     "Make the tables in the database that AnshinStore pgsql: names: once, before the first start."},
    {"store", "move", "STORE", 1, 1, anshin_store_move_options, ANSHIN_ACCESS_MOVE, anshin_store_move,
     "Move the store into another one, while httpd is stopped: an empty one, named as AnshinStore will name it."},
    {"store", "migrate", "", 0, 0, NULL, ANSHIN_ACCESS_CHECK, store_migrate,
     "Bring tables in PostgreSQL up to this version; httpd is stopped on every machine."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
