/*
 * htanshin state: the state directory, made before the first start, and put right after a restore.
 *
 * SECURITY. Works as root, by descriptor alone (runtime/state_dir.h).
 */
#include <unistd.h>

#include "htanshin/command.h"
#include "htanshin/identity.h"
#include "htanshin/result.h"
#include "htanshin/values.h"
#include "runtime/config_file.h"
#include "runtime/state_dir.h"

#define GROUP_DEFAULT "anshin"
#define WORKER_DEFAULT "anshin-ca"

/* What the options say, or else the configuration that httpd left there, or else the installed names. */
static apr_status_t find_owners(anshin_call_t *call, anshin_state_owners_t *owners)
{
    anshin_server_t server = {
        .group = GROUP_DEFAULT, .signer_user = ANSHIN_SIGNER_USER_DEFAULT, .worker_user = WORKER_DEFAULT};
    const char *group = anshin_call_value(call, "group");
    const char *signer = anshin_call_value(call, "signer-user");
    anshin_config_t *config;

    if (anshin_config_file_read(&config, call->state_dir, NULL, call->pool) == APR_SUCCESS) {
        server = config->server;
    }
    server.group = group != NULL ? group : server.group;
    server.signer_user = signer != NULL ? signer : server.signer_user;
    return anshin_state_owners_find(owners, &server, &call->op.error);
}

static apr_status_t state_prepare(anshin_call_t *call)
{
    apr_array_header_t *done = apr_array_make(call->pool, 4, sizeof(const char *));
    anshin_state_owners_t owners;
    apr_status_t status = find_owners(call, &owners);
    json_t *told;

    if (status == APR_SUCCESS) {
        status = anshin_state_dir(call->state_dir, &owners, ANSHIN_STATE_MEND, done, &call->op.error, call->pool);
        call->op.error.status = status = status == APR_SUCCESS ? status : ANSHIN_EFAULT;
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    told = json_array();
    call->result = json_object();
    anshin_result_text(call->result, "directory", call->state_dir, call->pool);
    json_object_set_new(call->result, "done", told);
    for (int i = 0; i < done->nelts; i++) {
        json_t *row = json_object();

        anshin_result_text(row, "done", APR_ARRAY_IDX(done, i, const char *), call->pool);
        json_array_append_new(told, row);
    }
    return APR_SUCCESS;
}

static const anshin_command_option_t prepare_options[] = {
    {"group", "GROUP", "The AnshinGroup; that of the last start, else anshin, when not given.", 0},
    {"signer-user", "USER", "The AnshinSignerUser; that of the last start, else anshin-signer, when not given.", 0},
    {NULL, NULL, NULL, 0},
};

const anshin_command_t anshin_commands_state[] = {
    {"state", "prepare", "", 0, 0, prepare_options, ANSHIN_ACCESS_NONE, state_prepare,
     "Make the state directory, or mend it; all in it gets its owner, group and mode again, as after a restore."},
    {NULL, NULL, NULL, 0, 0, NULL, ANSHIN_ACCESS_NONE, NULL, NULL},
};
