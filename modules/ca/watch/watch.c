/*
 * The worker's part in the state of the system: see watch.h.
 */
#include "ca/watch/watch.h"

#include "ca/log.h"
#include "core/base/waiting.h"
#include "core/config/ca_files.h"
#include "core/context/backed_up.h"
#include "core/status/board.h"
#include "core/status/tally.h"

#define SHORTEST apr_time_from_sec(60)
#define SHARE 100 /* one in so many */

/* A site without certificates needs no signer. */
void anshin_watch_sign(const anshin_work_t *work)
{
    anshin_board_t *board = work->env->board;
    anshin_error_t ignored;
    int lost;

    if (board == NULL) {
        return;
    }
    anshin_error_clear(&ignored);
    lost = anshin_config_admits(work->env->config, ANSHIN_METHOD_CERTIFICATE) &&
           anshin_signer_client_wait(work->signer_client, 0, &ignored) != APR_SUCCESS;
    atomic_store_explicit(&board->signer_lost, lost, memory_order_relaxed);
    atomic_store_explicit(&board->worker_at, anshin_uptime_now(), memory_order_relaxed);
}

/* When they end, as far as the signer has them. */
static apr_status_t note_cas(const anshin_watch_t *watch, anshin_op_t *op)
{
    const apr_array_header_t *cas = anshin_ca_all(op->env->config, op->pool);
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < cas->nelts; i++) {
        const char *name = APR_ARRAY_IDX(cas, i, anshin_ca_files_t).name;
        anshin_reply_ca_t ca;
        anshin_error_t ignored;

        anshin_error_clear(&ignored);
        if (anshin_signer_client_ca(watch->work->signer_client, name, &ca, &ignored) == APR_SUCCESS) {
            status = anshin_tally_note_ca(op, name, ca.end);
        }
    }
    return status;
}

/* Told once, and once when it is over. */
static void tell(anshin_watch_t *watch, apr_status_t status, const anshin_error_t *err)
{
    if (status != APR_SUCCESS && !watch->failed) {
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN1663", "the state of the system is not counted", status, err);
    } else if (status == APR_SUCCESS && watch->failed) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1664", "the state of the system is counted again");
    }
    watch->failed = status != APR_SUCCESS;
}

void anshin_watch_step(anshin_watch_t *watch)
{
    const apr_time_t begun = anshin_uptime_now();
    anshin_op_t op;
    apr_pool_t *scratch;
    apr_status_t status;

    if (begun < watch->next) {
        return;
    }
    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    anshin_op_init(&op, watch->work->env, NULL, &anshin_actor_worker, scratch);
    status = note_cas(watch, &op);
    status = status == APR_SUCCESS ? anshin_backed_up_expect(&op) : status;
    if (status == APR_SUCCESS) {
        status = anshin_tally_take(&op);
    }
    tell(watch, status, &op.error);
    apr_pool_destroy(scratch);
    watch->next = anshin_uptime_now() + (anshin_uptime_now() - begun) * SHARE;
    watch->next = watch->next < begun + SHORTEST ? begun + SHORTEST : watch->next;
}
