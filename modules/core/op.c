/*
 * Operations: one request, job or command, with its time and the place where its failure is told.
 */
#include "core/op.h"

#include <string.h>

void anshin_op_init(anshin_op_t *op, const anshin_env_t *env, const anshin_contract_t *contract, const char *address,
                    apr_pool_t *pool)
{
    memset(op, 0, sizeof(*op));
    op->pool = pool;
    op->env = env;
    op->contract = contract;
    op->now = env->now(env->now_baton);
    op->address = address;
    anshin_error_clear(&op->error);
}

apr_status_t anshin_op_begin(anshin_op_t *op, anshin_txn_mode_t mode, anshin_txn_t **txn)
{
    return anshin_txn_begin(txn, op->env->store, mode, &op->error, op->pool);
}

apr_time_t anshin_clock_system(void *unused)
{
    (void)unused;
    return apr_time_now();
}
