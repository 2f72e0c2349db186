/*
 * Numbers of a day: see daily.h.
 */
#include "core/context/daily.h"

#include <string.h>

#include <apr_strings.h>

#include "core/context/nodes.h"

/* The number since fact->at; 0 and now when the day is over. *is_new: there is no record yet. */
static apr_status_t read_fact(const anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_fact_t *fact,
                              int *count, int *is_new)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_fact, key, fact);

    *is_new = status == ANSHIN_ENOTFOUND;
    if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
        return status;
    }
    if (*is_new || fact->at + ANSHIN_KEEP_REQUEST <= op->now || fact->at > op->now) {
        fact->at = op->now;
        fact->value = "0";
    }
    *count = fact->value != NULL ? (int)apr_atoi64(fact->value) : 0;
    return APR_SUCCESS;
}

apr_status_t anshin_daily_get(const anshin_op_t *op, anshin_txn_t *txn, const char *key, int *count)
{
    anshin_fact_t fact;
    int is_new;

    return read_fact(op, txn, key, &fact, count, &is_new);
}

apr_status_t anshin_daily_add(anshin_op_t *op, anshin_txn_t *txn, const char *key)
{
    anshin_fact_t fact;
    int count, is_new;
    apr_status_t status = read_fact(op, txn, key, &fact, &count, &is_new);

    if (status == APR_SUCCESS && is_new) {
        status = anshin_expiry_file(op, txn, &anshin_record_fact, key, op->now + ANSHIN_KEEP_REQUEST);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    fact.value = apr_itoa(op->pool, count + 1);
    return anshin_txn_put(txn, &anshin_record_fact, key, &fact);
}

static apr_time_t over(const anshin_op_t *op, const char *key, const void *record)
{
    const apr_interval_time_t keep =
        strncmp(key, ANSHIN_NODE_FACT, strlen(ANSHIN_NODE_FACT)) == 0 ? ANSHIN_KEEP_NODE : ANSHIN_KEEP_REQUEST;

    return anshin_expiry_over(op, ((const anshin_fact_t *)record)->at + keep);
}

const anshin_expiry_rule_t anshin_fact_expiry = {&anshin_record_fact, over, NULL, NULL};
