/*
 * The seal key of machines that share a store: see shared_key.h.
 */
#include "core/keeping/shared_key.h"

#include <string.h>

#include "core/keeping/rotation.h"

#define FACT "shared-key"

/* *nth: which of the keys at hand the store knows; -1: it knows of none yet. ANSHIN_EDENIED: none of them. */
static apr_status_t find(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    int *nth = baton;
    anshin_fact_t fact;
    const char *id;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_fact, FACT, &fact);

    *nth = -1;
    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    for (int i = 0; (status = anshin_key_id(op, i, &id)) == APR_SUCCESS; i++) {
        if (fact.value != NULL && strcmp(id, fact.value) == 0) {
            *nth = i;
            return APR_SUCCESS;
        }
    }
    return status != ANSHIN_ENOTFOUND
               ? status
               : anshin_fail(&op->error, ANSHIN_EDENIED, "AN1878",
                             "%s/seal.key is not the seal key of the machines that share the store: copy theirs",
                             op->env->config->server.state_dir);
}

static apr_status_t tell(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_fact_t fact = {.at = op->now};
    apr_status_t status = find(baton, op, txn);

    if (status != APR_SUCCESS || *(int *)baton == 0) {
        return status;
    }
    status = anshin_key_id(op, 0, &fact.value);
    return status == APR_SUCCESS ? anshin_txn_put(txn, &anshin_record_fact, FACT, &fact) : status;
}

apr_status_t anshin_shared_key_check(const anshin_env_t *env, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_op_t op;
    apr_pool_t *scratch;
    apr_status_t status;
    int nth = 0;

    if (env->node == NULL) {
        return APR_SUCCESS;
    }
    apr_pool_create(&scratch, pool);
    anshin_op_init(&op, env, NULL, &anshin_actor_worker, scratch);
    status = anshin_op_look(&op, find, &nth);
    if (status == APR_SUCCESS && nth != 0) {
        status = anshin_op_write(&op, ANSHIN_DURABLE, tell, &nth);
    }
    if (status != APR_SUCCESS && err != NULL) {
        *err = op.error;
    }
    apr_pool_destroy(scratch);
    return status;
}
