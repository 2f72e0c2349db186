/*
 * When the store was last backed up: see backed_up.h.
 */
#include "core/context/backed_up.h"

#include <apr_strings.h>

#define MADE "backup/made"
#define SINCE "backup/since"
#define DAY apr_time_from_sec(86400)

static apr_status_t get_time(anshin_txn_t *txn, const char *key, apr_time_t *at)
{
    anshin_fact_t fact;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_fact, key, &fact);

    *at = status == APR_SUCCESS ? fact.at : 0;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_backed_up_read(anshin_op_t *op, anshin_txn_t *txn, anshin_backed_up_t *backup)
{
    apr_status_t status = get_time(txn, MADE, &backup->at);

    (void)op;
    return status == APR_SUCCESS ? get_time(txn, SINCE, &backup->since) : status;
}

static apr_status_t read_in(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    return anshin_backed_up_read(op, txn, baton);
}

apr_status_t anshin_backed_up_get(anshin_op_t *op, anshin_backed_up_t *backup)
{
    return anshin_op_look(op, read_in, backup);
}

apr_status_t anshin_backed_up_put(anshin_op_t *op, anshin_txn_t *txn, apr_time_t at)
{
    (void)op;
    return anshin_txn_put(txn, &anshin_record_fact, MADE, &(anshin_fact_t){.at = at});
}

static apr_status_t put_since(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    (void)baton;
    return anshin_txn_put(txn, &anshin_record_fact, SINCE, &(anshin_fact_t){.at = op->now});
}

apr_status_t anshin_backed_up_expect(anshin_op_t *op)
{
    anshin_backed_up_t backup;
    apr_status_t status = anshin_backed_up_get(op, &backup);

    return status == APR_SUCCESS && backup.since == 0 ? anshin_op_write(op, ANSHIN_LAZY, put_since, NULL) : status;
}

const char *anshin_backed_up_late(const anshin_op_t *op, const anshin_backed_up_t *backup)
{
    const apr_interval_time_t may = apr_time_from_sec(op->env->config->server.backup_age);
    const apr_time_t from = backup->at != 0 ? backup->at : backup->since;

    if (may == 0 || from == 0 || op->now <= from || op->now - from <= may) {
        return NULL;
    }
    return apr_psprintf(op->pool,
                        backup->at != 0 ? "the last backup was made %" APR_TIME_T_FMT " days ago"
                                        : "no backup was made in %" APR_TIME_T_FMT " days",
                        (op->now - from) / DAY);
}
