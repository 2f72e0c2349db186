/*
 * htanshin: the operators' command, on the same store and configuration as the modules while httpd runs (ADM-1).
 *
 * SECURITY. Started by root it leaves root before it touches the store (identity.c). It shows no secret but those it
 * made for the operator to hand out (registration URL and code) and, when asked for by name, the text of undelivered
 * mail. Everything shown is cleaned for the terminal (print.c).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/mail/job.h"
#include "htanshin/arguments.h"
#include "htanshin/call.h"
#include "htanshin/command.h"
#include "htanshin/help/help.h"
#include "htanshin/language/language.h"
#include "htanshin/open.h"
#include "htanshin/print.h"
#include "htanshin/stream/keeper.h"

static int exit_code(const anshin_call_t *call, apr_status_t status)
{
    if (call->command != NULL && call->command->access == ANSHIN_ACCESS_STATUS) {
        return ANSHIN_EXIT_FAULT;
    }
    switch (status) {
    case APR_SUCCESS:
        return ANSHIN_EXIT_OK;
    case ANSHIN_ENOTFOUND:
    case ANSHIN_ECONFLICT:
    case ANSHIN_EDENIED:
        return ANSHIN_EXIT_REFUSED;
    case ANSHIN_EINVALID:
        return ANSHIN_EXIT_USAGE;
    default:
        return ANSHIN_EXIT_FAULT;
    }
}

/* An answer that could not be written was not given: a full disk must not look like success. */
static apr_status_t print_result(anshin_call_t *call)
{
    int whole = 1;

    if (call->result != NULL && call->json) {
        whole = anshin_print_json(stdout, call->result, JSON_INDENT(2)) == 0;
        fputc('\n', stdout);
    } else if (call->result != NULL) {
        anshin_print_text(stdout, call->result, call->pool);
        if (json_is_array(call->result) && json_array_size(call->result) == 0 && isatty(STDOUT_FILENO)) {
            fputs(anshin_say("none\n"), stderr); /* somebody looks; a program reads an empty list */
        }
    }
    if (!whole || fflush(stdout) != 0 || ferror(stdout)) {
        return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN0892", "the answer could not be written%s%s",
                           call->done != NULL ? "; " : "", call->done != NULL ? call->done : "");
    }
    return APR_SUCCESS;
}

static apr_status_t run(anshin_call_t *call, int argc, const char *const *argv)
{
    apr_status_t status = anshin_arguments_read(call, argc, argv);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (call->version) {
        puts("htanshin " ANSHIN_VERSION);
        return APR_SUCCESS;
    }
    if (call->help) {
        if (call->command == NULL) {
            return anshin_commands_help[0].run(call);
        }
        anshin_help_command(stdout, call->command);
        return APR_SUCCESS;
    }
    status = anshin_call_open(call);
    if (status == APR_SUCCESS) {
        status = anshin_keeper_end(call, call->command->run(call));
    }
    if (call->op.jobs_queued) {
        anshin_job_ring(&call->op);
    }
    return status;
}

int main(int argc, const char *const *argv)
{
    anshin_call_t call;
    apr_status_t status;

    if (apr_app_initialize(&argc, &argv, NULL) != APR_SUCCESS) {
        fputs("htanshin: APR cannot be used\n", stderr);
        return ANSHIN_EXIT_FAULT;
    }
    anshin_language_begin();
    memset(&call, 0, sizeof(call));
    apr_pool_create(&call.pool, NULL);
    anshin_error_clear(&call.op.error);
    status = run(&call, argc, argv);
    if (status == APR_SUCCESS) {
        status = print_result(&call);
    }
    if (status != APR_SUCCESS) {
        anshin_call_tell(&call, status);
    }
    if (status == ANSHIN_EINVALID && !call.json && call.command == NULL) {
        fputs(anshin_say("htanshin help lists the commands.\n"), stderr);
    }
    json_decref(call.result);
    apr_pool_destroy(call.pool);
    apr_terminate();
    return status == APR_SUCCESS ? call.verdict : exit_code(&call, status);
}
