/*
 * Numbers of a day: see daily.h.
 */
#include "core/daily.h"

#include <apr_strings.h>
#include <stdlib.h>

#include "core/expiry.h"

/* The number since fact->at; 0 and now when the day is over. *is_new: there is no record yet. */
static apr_status_t read_fact(const anshin_op_t *op, anshin_txn_t *txn, const char *key, anshin_fact_t *fact,
                              int *count, int *is_new)
{
    apr_status_t rv = anshin_txn_get(txn, &anshin_record_fact, key, fact);

    *is_new = rv == ANSHIN_ENOTFOUND;
    if (rv != APR_SUCCESS && rv != ANSHIN_ENOTFOUND) {
        return rv;
    }
    if (*is_new || fact->at + ANSHIN_KEEP_REQUEST <= op->now || fact->at > op->now) {
        fact->at = op->now;
        fact->value = "0";
    }
    *count = atoi(fact->value != NULL ? fact->value : "0");
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
    apr_status_t rv = read_fact(op, txn, key, &fact, &count, &is_new);

    if (rv == APR_SUCCESS && is_new) {
        rv = anshin_expiry_file(op, txn, &anshin_record_fact, key, op->now + ANSHIN_KEEP_REQUEST);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    fact.value = apr_itoa(op->pool, count + 1);
    return anshin_txn_put(txn, &anshin_record_fact, key, &fact);
}
