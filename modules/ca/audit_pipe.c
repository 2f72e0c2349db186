/*
 * Into the operator's command: see audit_pipe.h.
 *
 * SECURITY: what it gets is no secret, but tells of persons: it runs as the worker's user, without a shell, our
 * environment or our descriptors (ca/command.h).
 */
#include "ca/audit_pipe.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "ca/command.h"
#include "ca/log.h"
#include "core/audit/chain.h"
#include "core/audit/trail.h"
#include "runtime/trail_file.h"

#define BATCH 200

/* One line for the command; "": it is none that it gets. */
static const char *line_for(anshin_op_t *op, const char *text)
{
    anshin_line_t line;
    anshin_audit_series_t series;
    json_t *event;
    const char *name;
    const char *said = "";
    char *dumped;

    if (anshin_line_read(&line, text, op->pool) != APR_SUCCESS || line.kind != ANSHIN_LINE_EVENT) {
        return "";
    }
    event = json_loads(line.body, 0, NULL);
    name = json_string_value(json_object_get(event, "series"));
    name = name != NULL ? apr_pstrdup(op->pool, name) : "";
    json_decref(event);
    event = anshin_trail_open(
        op, line.body, anshin_op_get(op, &anshin_record_audit_series, name, &series) == APR_SUCCESS ? &series : NULL,
        op->pool);
    dumped = event != NULL ? json_dumps(event, JSON_COMPACT) : NULL;
    if (dumped != NULL) {
        said = apr_pstrcat(op->pool, dumped, "\n", NULL);
    }
    free(dumped);
    json_decref(event);
    return said;
}

/* The next lines, and where the command is when it has them. */
static apr_status_t read_batch(anshin_op_t *op, const anshin_trail_places_t *places, anshin_audit_anchor_t *next,
                               const char **text)
{
    apr_array_header_t *lines = apr_array_make(op->pool, BATCH, sizeof(const char *));
    const int is_last = next->segment >= places->head.segment;
    anshin_trail_reader_t reader;
    int found = 0;
    apr_status_t status = anshin_trail_read(&reader, anshin_trail_path(op->env, next->segment, op->pool), next->octets,
                                            &op->error, op->pool);

    *text = "";
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    while (status == APR_SUCCESS && lines->nelts < BATCH && (!is_last || reader.octets < places->head.octets) &&
           (found = anshin_trail_next(&reader)) == 1) {
        APR_ARRAY_PUSH(lines, const char *) = line_for(op, reader.text);
        next->octets = reader.octets;
        next->lines++;
    }
    if (status == APR_SUCCESS) {
        anshin_trail_close(&reader);
    }
    if (!is_last && found != 1) {
        *next = (anshin_audit_anchor_t){.segment = next->segment + 1, .chain = anshin_chain_none};
    }
    *text = apr_array_pstrcat(op->pool, lines, 0);
    return APR_SUCCESS;
}

/* *more: go on at once. */
static apr_status_t give_batch(anshin_op_t *op, int *more)
{
    const char *command = op->env->config->server.audit_command;
    anshin_trail_places_t places;
    anshin_audit_anchor_t next;
    const char *text;
    apr_status_t status = anshin_trail_places(op, &places);

    *more = 0;
    if (status != APR_SUCCESS) {
        return status;
    }
    next = places.command.segment >= places.start.segment
               ? places.command
               : (anshin_audit_anchor_t){.segment = places.start.segment, .chain = anshin_chain_none};
    status = read_batch(op, &places, &next, &text);
    if (status != APR_SUCCESS || (next.segment == places.command.segment && next.octets == places.command.octets)) {
        return status;
    }
    if (text[0] != '\0') {
        const anshin_message_t message = {"events", text, strlen(text), "AnshinAuditCommand"};

        status = anshin_command_run(command, &message, ANSHIN_COMMAND_WAIT, &op->error, op->pool);
    }
    *more = status == APR_SUCCESS;
    return status == APR_SUCCESS ? anshin_trail_put_command(op, &next) : status;
}

apr_interval_time_t anshin_audit_pipe_run(anshin_audit_pipe_t *pipe)
{
    anshin_op_t op;
    apr_pool_t *scratch;
    int more;
    apr_status_t status;

    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    anshin_op_init(&op, pipe->env, NULL, &anshin_actor_worker, scratch);
    status = give_batch(&op, &more);
    if (status != APR_SUCCESS && pipe->pause == 0) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN1483", "audit: events wait for AnshinAuditCommand", status, &op.error);
    } else if (status == APR_SUCCESS && pipe->pause != 0 && more) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1484", "audit: AnshinAuditCommand takes events again");
    }
    apr_pool_destroy(scratch);
    if (status == APR_SUCCESS) {
        pipe->pause = more ? 0 : pipe->pause;
        return more ? 1 : ANSHIN_AUDIT_PIPE_PAUSE;
    }
    pipe->pause = pipe->pause == 0                              ? ANSHIN_AUDIT_PIPE_PAUSE
                  : pipe->pause * 2 < ANSHIN_AUDIT_PIPE_LONGEST ? pipe->pause * 2
                                                                : ANSHIN_AUDIT_PIPE_LONGEST;
    return pipe->pause;
}
