/*
 * The worker seals anew: see resealer.h.
 */
#include "ca/seal/resealer.h"

#include <apr_strings.h>

#include "ca/log.h"
#include "core/keeping/rotation.h"

#define SPAN apr_time_from_msec(50)

/* The store is gone over until nothing is found by the old key. A worker that is killed in the midst begins a pass
 * anew, which passes over what is done. */
static apr_status_t end_pass(anshin_op_t *op, anshin_resealer_t *resealer)
{
    const apr_int64_t renewed = resealer->pass.renewed;
    const apr_time_t began = resealer->began;

    if (resealer->pass.passed_over > 0 && !resealer->told) {
        resealer->told = 1;
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN1810",
                         apr_psprintf(op->pool,
                                      "%" APR_INT64_T_FMT " records are not sealed with the new seal key (htanshin "
                                      "store check), the first: %s",
                                      resealer->pass.passed_over, resealer->pass.first),
                         ANSHIN_EFAULT, &resealer->pass.why);
    }
    anshin_reseal_end(&resealer->pass);
    resealer->began = 0;
    resealer->renewed += renewed;
    if (renewed > 0) {
        anshin_log(ANSHIN_LOG_INFO, "AN1654", "%" APR_INT64_T_FMT " records are sealed with the new seal key",
                   resealer->renewed);
        return APR_SUCCESS;
    }
    return anshin_rotation_resealed(op, began);
}

int anshin_resealer_step(const anshin_env_t *env, anshin_resealer_t *resealer)
{
    anshin_rotation_t rotation = {.former = NULL};
    anshin_op_t op;
    apr_pool_t *scratch;
    apr_status_t status = APR_SUCCESS;
    int more = 0;

    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    anshin_op_init(&op, env, NULL, &anshin_actor_worker, scratch);
    if (anshin_rotation_has_other(&op)) {
        status = anshin_rotation_get(&op, &rotation);
    }
    if (status == APR_SUCCESS && rotation.former != NULL && rotation.resealed_at == 0) {
        resealer->began = resealer->began == 0 ? op.now : resealer->began;
        status = anshin_reseal_step(&op, &resealer->pass, SPAN);
        more = status == APR_SUCCESS;
        status = status == ANSHIN_ENOTFOUND ? end_pass(&op, resealer) : status;
    } else if (status == APR_SUCCESS && resealer->began != 0) {
        anshin_reseal_end(&resealer->pass);
        resealer->began = 0;
    }
    if (status != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN1655", "sealing anew with the new seal key", status, &op.error);
    }
    apr_pool_destroy(scratch);
    return more;
}
