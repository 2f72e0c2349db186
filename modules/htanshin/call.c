/*
 * Opening what a command works on: the same snapshot, store and keys as the modules and the worker.
 */
#include "htanshin/command.h"

#include <string.h>

#include <apr_strings.h>

#include "crypto/crypto.h"
#include "htanshin/identity.h"
#include "htanshin/print.h"
#include "runtime/config_file.h"
#include "store/store_dbm.h"

apr_status_t anshin_call_config(anshin_call_t *call)
{
    anshin_error_t *err = &call->op.error;
    apr_status_t status;

    if (call->config != NULL) {
        return APR_SUCCESS;
    }
    status = anshin_config_file_read(&call->config, call->state_dir, err, call->pool);
    if (status == ANSHIN_EINVALID) {
        err->status = status = ANSHIN_EFAULT;
    }
    return status;
}

int anshin_call_owns(const anshin_call_t *call, const char *contract)
{
    return contract != NULL && strcmp(contract, call->op.contract->name) == 0;
}

int anshin_call_admits(const anshin_call_t *call, const anshin_filter_t *filter, const char *contract, const char *user,
                       const char *state)
{
    return anshin_call_owns(call, contract) &&
           (filter->user == NULL || (user != NULL && strcmp(user, filter->user) == 0)) &&
           (filter->state == NULL || strcmp(state, filter->state) == 0);
}

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

static apr_status_t open_crypto(anshin_call_t *call, const anshin_crypto_t **crypto)
{
    const anshin_server_t *server = &call->config->server;
    const anshin_crypto_settings_t settings = {
        .key_file = apr_pstrcat(call->pool, server->state_dir, "/seal.key", NULL),
        .memory = server->hash_memory,
        .passes = server->hash_passes,
        .lanes = server->hash_lanes,
        .slots = server->hash_slots,
        .slot_dir = call->command->access == ANSHIN_ACCESS_HASH
                        ? apr_pstrcat(call->pool, server->state_dir, "/slots", NULL)
                        : NULL,
        .wait = server->hash_wait,
    };
    anshin_crypto_t *opened;
    apr_status_t status = anshin_crypto_open(&opened, &settings, &call->op.error, call->pool);

    *crypto = status == APR_SUCCESS ? opened : NULL;
    return status;
}

apr_status_t anshin_call_store(anshin_call_t *call, anshin_store_t **store)
{
    const anshin_server_t *server = &call->config->server;
    const char *where = apr_pstrcat(call->pool, server->state_dir, "/store",
                                    server->store == ANSHIN_STORE_DBM_GDBM ? "?type=gdbm" : "", NULL);

    return anshin_store_open(store, &anshin_store_dbm, where, &call->op.error, call->pool);
}

apr_status_t anshin_call_open(anshin_call_t *call)
{
    const anshin_contract_t *contract = NULL;
    apr_status_t status;

    if (call->command->access == ANSHIN_ACCESS_NONE) {
        return APR_SUCCESS;
    }
    status = anshin_identity_take(call);
    if (status != APR_SUCCESS || call->command->access == ANSHIN_ACCESS_SIGNER) {
        return status;
    }
    status = anshin_call_config(call);
    if (status != APR_SUCCESS || call->command->access == ANSHIN_ACCESS_CONFIG) {
        return status;
    }
    if ((status = choose_contract(call, &contract)) != APR_SUCCESS ||
        (status = open_crypto(call, &call->env.crypto)) != APR_SUCCESS ||
        (status = anshin_call_store(call, &call->env.store)) != APR_SUCCESS) {
        return status;
    }
    call->env.config = call->config;
    call->env.now = anshin_clock_system;
    anshin_op_init(&call->op, &call->env, contract, NULL, call->pool);
    return APR_SUCCESS;
}

void anshin_call_tell(const anshin_call_t *call, apr_status_t status)
{
    const anshin_error_t *error = &call->op.error;
    const char *text = error->text[0] != '\0' ? error->text : anshin_status_name(status);
    const char *id = error->text[0] != '\0' ? error->id : "AN0891";
    json_t *object;

    if (!call->json) {
        fprintf(stderr, "htanshin: %s (%s)\n", anshin_text_clean(text, call->pool), id);
        return;
    }
    object = json_object();
    anshin_result_text(object, "error", id, call->pool);
    anshin_result_text(object, "status", anshin_status_name(status), call->pool);
    anshin_result_text(object, "text", text, call->pool);
    (void)anshin_print_json(stderr, object, JSON_COMPACT); /* there is nowhere else to tell it */
    fputc('\n', stderr);
    json_decref(object);
}
