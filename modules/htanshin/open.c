/*
 * Opening what a command works on: the same snapshot, store and keys as the modules and the worker.
 */
#include "htanshin/open.h"

#include <apr_strings.h>

#include "htanshin/actor.h"
#include "htanshin/approval/many.h"
#include "htanshin/backup/begin.h"
#include "htanshin/call.h"
#include "htanshin/identity.h"
#include "htanshin/stream/files.h"
#include "runtime/open.h"

static apr_status_t choose_contract(anshin_call_t *call, const anshin_contract_t **contract)
{
    const apr_array_header_t *contracts = call->config->contracts;
    anshin_error_t *err = &call->op.error;
    const char *names = "";

    if (call->contract != NULL) {
        *contract = anshin_config_contract(call->config, call->contract);
        return *contract != NULL
                   ? APR_SUCCESS
                   : anshin_fail(err, ANSHIN_ENOTFOUND, "AN0830", "contract %s: is not declared", call->contract);
    }
    if (contracts->nelts == 1) {
        *contract = APR_ARRAY_IDX(contracts, 0, const anshin_contract_t *);
        return APR_SUCCESS;
    }
    for (int i = 0; i < contracts->nelts; i++) {
        names = apr_pstrcat(call->pool, names, i > 0 ? ", " : "",
                            APR_ARRAY_IDX(contracts, i, anshin_contract_t *)->name, NULL);
    }
    return anshin_fail(err, ANSHIN_EINVALID, "AN0831", "--contract: must name one of %s", names);
}

static int names_files(anshin_access_t access)
{
    return access == ANSHIN_ACCESS_FILES || access == ANSHIN_ACCESS_DUMP || access == ANSHIN_ACCESS_LOAD;
}

/* Of all contracts at once. */
static int is_of_all(anshin_access_t access)
{
    return access == ANSHIN_ACCESS_SIGNER_STORE || access == ANSHIN_ACCESS_ALL || access == ANSHIN_ACCESS_DUMP ||
           access == ANSHIN_ACCESS_LOAD || access == ANSHIN_ACCESS_MOVE || access == ANSHIN_ACCESS_BACKUP;
}

/* What is opened as who called us. */
static apr_status_t open_as_caller(anshin_call_t *call)
{
    if (call->command->access == ANSHIN_ACCESS_BACKUP) {
        return anshin_backup_begin(call);
    }
    return names_files(call->command->access) ? anshin_files_open(call) : APR_SUCCESS;
}

apr_status_t anshin_call_store(anshin_call_t *call, const anshin_contract_t *contract)
{
    const anshin_hashing_t hashing = {.none = call->command->access != ANSHIN_ACCESS_HASH};
    const int loads = call->command->access == ANSHIN_ACCESS_LOAD || call->command->access == ANSHIN_ACCESS_MOVE;
    apr_status_t status =
        (loads ? anshin_open_to_load : anshin_open)(&call->env, call->config, &hashing, &call->op.error, call->pool);

    if (status == APR_SUCCESS) {
        anshin_op_init(&call->op, &call->env, contract, &call->op.actor, call->pool);
        anshin_many_watch(call);
    }
    return status;
}

apr_status_t anshin_call_open(anshin_call_t *call)
{
    const anshin_contract_t *contract = NULL;
    apr_status_t status;

    if (call->command->access == ANSHIN_ACCESS_NONE) {
        return APR_SUCCESS;
    }
    anshin_actor_caller(&call->op.actor, call->operator_name, call->pool);
    status = open_as_caller(call);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_identity_take(call);
    if (status != APR_SUCCESS || call->command->access == ANSHIN_ACCESS_SIGNER) {
        return status;
    }
    status = anshin_call_config(call);
    if (status != APR_SUCCESS || call->command->access == ANSHIN_ACCESS_CHECK ||
        call->command->access == ANSHIN_ACCESS_STATUS) {
        return status;
    }
    if (!is_of_all(call->command->access)) {
        status = choose_contract(call, &contract);
    }
    return status == APR_SUCCESS ? anshin_call_store(call, contract) : status;
}
