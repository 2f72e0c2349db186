/*
 * Operations: one request, job or command, with its time and the place where its failure is told.
 */
#include "core/context/op.h"

#include <stddef.h>
#include <string.h>

#include "core/context/flow_state.h"

const anshin_actor_t anshin_actor_worker = {.kind = ANSHIN_ACTOR_WORKER};

void anshin_op_init(anshin_op_t *op, const anshin_env_t *env, const anshin_contract_t *contract,
                    const anshin_actor_t *actor, apr_pool_t *pool)
{
    const anshin_actor_t who = *actor; /* which may be op's own */

    memset(op, 0, offsetof(anshin_op_t, error)); /* the text of the error is long, and this is done for every request */
    anshin_error_clear(&op->error);
    op->pool = pool;
    op->env = env;
    op->contract = contract;
    op->now = env->now(env->now_baton);
    op->actor = who;
}

/* Not the same for two that met: up to 4, 8, ... milliseconds. */
static void rest(const anshin_op_t *op, int runs)
{
    const anshin_crypto_t *crypto = op->env->crypto;
    unsigned char random = 128; /* when there is none, half of it */

    (void)crypto->random(crypto->ctx, &random, sizeof(random));
    apr_sleep(apr_time_from_msec(2 << runs) * random / 256);
}

/* What is to be done in a transaction. */
typedef struct work_t {
    anshin_txn_mode_t mode;
    anshin_durability_t durability;
    anshin_op_fn *fn;
    void *baton;
} work_t;

/* *busy: nothing is done, and it may be run again. What was not done, the flow does not know of either. */
static apr_status_t run_once(anshin_op_t *op, const work_t *work, int *busy)
{
    const anshin_flow_t before = op->flow != NULL ? *op->flow : (anshin_flow_t){.kind = ANSHIN_FLOW_NONE};
    const apr_uint64_t told = op->told;
    anshin_txn_t *txn;
    apr_status_t status = anshin_txn_begin(&txn, op->env->store, work->mode, &op->error, op->pool);

    if (txn != NULL) {
        status = work->fn(work->baton, op, txn);
        if (work->mode == ANSHIN_TXN_WRITE) {
            status = anshin_txn_end(txn, status, work->durability);
        } else {
            anshin_txn_abort(txn); /* no more can go wrong when all is read */
        }
    }
    if (status != APR_SUCCESS || work->mode == ANSHIN_TXN_REHEARSAL) {
        op->told = told;
        if (op->flow != NULL) {
            *op->flow = before;
        }
    }
    *busy = status == ANSHIN_EBUSY && (txn == NULL || anshin_txn_was_busy(txn));
    return status;
}

static apr_status_t run(anshin_op_t *op, const work_t *work)
{
    const anshin_op_t before = *op;
    const apr_time_t deadline = op->env->now(op->env->now_baton) + ANSHIN_OP_PATIENCE;
    int busy;
    apr_status_t status = run_once(op, work, &busy);

    for (int runs = 1; busy && runs < ANSHIN_OP_RUNS && op->env->now(op->env->now_baton) < deadline; runs++) {
        rest(op, runs);
        *op = before;
        status = run_once(op, work, &busy);
    }
    return status;
}

apr_status_t anshin_op_write(anshin_op_t *op, anshin_durability_t durability, anshin_op_fn *fn, void *baton)
{
    const anshin_txn_mode_t mode = op->dry ? ANSHIN_TXN_REHEARSAL : ANSHIN_TXN_WRITE;

    return run(op, &(work_t){mode, op->gathers ? ANSHIN_LAZY : durability, fn, baton});
}

static apr_status_t nothing(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    (void)baton;
    (void)op;
    (void)txn;
    return APR_SUCCESS;
}

/* What is durable includes all that was committed before it. */
apr_status_t anshin_op_sync(anshin_op_t *op)
{
    return run(op, &(work_t){ANSHIN_TXN_WRITE, ANSHIN_SYNC, nothing, NULL});
}

apr_status_t anshin_op_rehearse(anshin_op_t *op, anshin_op_fn *fn, void *baton)
{
    return run(op, &(work_t){ANSHIN_TXN_REHEARSAL, ANSHIN_LAZY, fn, baton});
}

apr_status_t anshin_op_read(anshin_op_t *op, anshin_op_fn *fn, void *baton)
{
    return run(op, &(work_t){ANSHIN_TXN_READ, ANSHIN_LAZY, fn, baton});
}

apr_status_t anshin_op_look(anshin_op_t *op, anshin_op_fn *fn, void *baton)
{
    return run(op, &(work_t){ANSHIN_TXN_LOOK, ANSHIN_LAZY, fn, baton});
}

typedef struct single_t {
    const anshin_record_type_t *type;
    const char *key;
    void *record;
} single_t;

static apr_status_t get_single(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const single_t *single = baton;

    (void)op;
    return anshin_txn_get(txn, single->type, single->key, single->record);
}

apr_status_t anshin_op_get(anshin_op_t *op, const anshin_record_type_t *type, const char *key, void *record)
{
    return anshin_op_look(op, get_single, &(single_t){type, key, record});
}

apr_time_t anshin_clock_system(void *unused)
{
    (void)unused;
    return apr_time_now();
}
