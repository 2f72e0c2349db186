/*
 * backlog STATE_DIR CONTRACT COUNT [JOBS]: let it look as if so many more requests for a reissue of a contract waited,
 * or so many less (-COUNT), and put JOBS more into the queue that are there and lead nowhere. Prints how many wait
 * then.
 *
 * For suites that want to see a full queue, which takes a flood otherwise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "store/dbm/store_dbm.h"
#include "core/mail/job.h"

static apr_status_t add(anshin_op_t *op, long count, long jobs, apr_int64_t *waiting)
{
    const char *key = apr_pstrcat(op->pool, "job#strangers/", op->contract->name, NULL); /* modules/store/due.c */
    const anshin_job_t job = {.kind = ANSHIN_JOB_PASSWORD_REQUEST};
    anshin_due_t requests = {0};
    anshin_txn_t *txn;
    apr_status_t status = anshin_txn_begin(&txn, op->env->store, ANSHIN_TXN_WRITE, &op->error, op->pool);

    for (long i = 0; status == APR_SUCCESS && i < jobs; i++) {
        status = anshin_job_add(op, txn, &job);
    }
    if (status == APR_SUCCESS) {
        status = anshin_txn_get(txn, &anshin_record_due, key, &requests);
    }
    if (status == APR_SUCCESS || status == ANSHIN_ENOTFOUND) {
        requests.count += count;
        status = anshin_txn_put(txn, &anshin_record_due, key, &requests);
    }
    *waiting = requests.count;
    return anshin_txn_end(txn, status, ANSHIN_LAZY);
}

static apr_status_t random_octets(void *unused, void *buffer, apr_size_t length)
{
    (void)unused;
    return getrandom(buffer, length, 0) == (ssize_t)length ? APR_SUCCESS : ANSHIN_EFAULT;
}

int main(int argc, char **argv)
{
    anshin_contract_t contract = {.name = argc > 2 ? argv[2] : ""};
    const anshin_crypto_t crypto = {.random = random_octets};
    anshin_env_t env = {.now = anshin_clock_system, .crypto = &crypto};
    apr_int64_t waiting;
    anshin_op_t op;
    apr_pool_t *pool;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: backlog STATE_DIR CONTRACT COUNT [JOBS]\n");
        return 2;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    anshin_op_init(&op, &env, &contract, &anshin_actor_worker, pool);
    (void)umask(S_IRWXO);
    if (anshin_store_open(&env.store, &anshin_store_dbm, apr_pstrcat(pool, argv[1], "/store", NULL), &op.error, pool) !=
            APR_SUCCESS ||
        add(&op, strtol(argv[3], NULL, 10), argc == 5 ? strtol(argv[4], NULL, 10) : 0, &waiting) != APR_SUCCESS) {
        fprintf(stderr, "backlog: %s: %s %s\n", argv[1], op.error.id, op.error.text);
        return 1;
    }
    printf("%" APR_INT64_T_FMT "\n", waiting);
    apr_pool_destroy(pool);
    return 0;
}
