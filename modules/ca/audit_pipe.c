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
#include "ca/watch/trail_lines.h"
#include "core/audit/line.h"

/* One line for the command. */
static void add_line(void *baton, anshin_op_t *op, const char *text)
{
    apr_array_header_t *lines = baton;
    json_t *event = anshin_trail_event(op, text);
    char *dumped = event != NULL ? json_dumps(event, JSON_COMPACT) : NULL;

    if (dumped != NULL) {
        APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(op->pool, dumped, "\n", NULL);
    }
    free(dumped);
    json_decref(event);
}

/* *more: go on at once. */
static apr_status_t give_batch(anshin_op_t *op, int *more)
{
    const char *command = op->env->config->server.audit_command;
    anshin_trail_places_t places;
    anshin_audit_anchor_t next;
    apr_array_header_t *lines = apr_array_make(op->pool, 16, sizeof(const char *));
    const char *text;
    apr_status_t status = anshin_trail_places(op, &places);

    *more = 0;
    if (status != APR_SUCCESS) {
        return status;
    }
    next = places.command.segment >= places.start.segment
               ? places.command
               : (anshin_audit_anchor_t){.segment = places.start.segment, .chain = anshin_chain_none};
    status = anshin_trail_lines(op, &places, &next, add_line, lines);
    if (status != APR_SUCCESS || anshin_trail_is_at(&next, &places.command)) {
        return status;
    }
    text = apr_array_pstrcat(op->pool, lines, 0);
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
