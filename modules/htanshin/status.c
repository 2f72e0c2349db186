/*
 * htanshin status: the state of the system (STA-1), for people and as a plugin of Nagios and its like.
 *
 * Exit codes are those of such plugins, whatever happens: 0 healthy, 1 degraded, 2 down, 3 it cannot be told. It works
 * without httpd, of which it tells then, and with a store that cannot be opened.
 */
#include <stdio.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/context/store_mark.h"
#include "core/status/status_json.h"
#include "core/status/status_openmetrics.h"
#include "core/status/status_text.h"
#include "htanshin/call.h"
#include "htanshin/command.h"
#include "htanshin/values.h"
#include "runtime/board_file.h"
#include "runtime/open.h"
#include "runtime/signs.h"
#include "runtime/state_names.h"

/* One that is not there is not made. */
static void open_store(anshin_call_t *call, anshin_env_t *env, anshin_error_t *err)
{
    const char *path = apr_pstrcat(call->pool, call->config->server.state_dir, "/" ANSHIN_STATE_STORE, NULL);

    if ((anshin_open_store_is_local(&call->config->server) && access(path, F_OK) != 0) ||
        anshin_open_store(&env->store, &call->config->server, err, call->pool) != APR_SUCCESS ||
        anshin_store_mark_look(env, err, call->pool) != APR_SUCCESS) {
        env->store = NULL;
    }
}

static apr_status_t status(anshin_call_t *call)
{
    anshin_env_t env = {.config = call->config, .now = anshin_clock_system};
    anshin_board_t *board = NULL;
    anshin_error_t unseen;
    anshin_signs_t signs;
    anshin_status_t found;
    anshin_op_t op;

    anshin_error_clear(&unseen);
    (void)anshin_board_open(&board, call->config, ANSHIN_BOARD_READ, &unseen, call->pool);
    anshin_signs_look(&signs, call->config, board, call->pool);
    anshin_op_init(&op, &env, NULL, &call->op.actor, call->pool);
    env.node = anshin_open_node(&call->config->server, call->pool);
    open_store(call, &env, &op.error);
    anshin_status_look(&found, &op, &signs);
    call->verdict = (int)found.health;
    if (call->json) {
        call->result = anshin_status_json(&found);
        return call->result != NULL ? APR_SUCCESS
                                    : anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1667", "status: no memory");
    }
    fputs(anshin_call_value(call, "openmetrics") != NULL ? anshin_status_openmetrics(&found, call->pool)
                                                         : anshin_status_text(&found, call->pool),
          stdout);
    return APR_SUCCESS;
}

static const anshin_command_option_t status_options[] = {
    {"openmetrics", NULL, "Answer as programs that collect numbers read it (OpenMetrics 1.0).", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_status[] = {
    {"status", NULL, "", 0, 0, status_options, ANSHIN_ACCESS_STATUS, status,
     "Tell the state of the system, also without httpd; the first line and the exit code are those of a Nagios plugin: "
     "0 healthy, 1 degraded, 2 down, 3 unknown."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
