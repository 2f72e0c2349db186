/*
 * Contracts in the midst of being renamed: see renaming.h.
 */
#include "core/context/renaming.h"

#include <string.h>

#include <apr_strings.h>

#define FACT "renaming/"

const char *anshin_renaming_key(const anshin_op_t *op, const char *to)
{
    return apr_pstrcat(op->pool, FACT, to, NULL);
}

static apr_status_t collect(void *baton, const char *key, const void *record)
{
    apr_array_header_t *renamings = baton;
    const char *from = ((const anshin_fact_t *)record)->value;

    APR_ARRAY_PUSH(renamings, anshin_renaming_t) = (anshin_renaming_t){
        apr_pstrdup(renamings->pool, from != NULL ? from : ""), apr_pstrdup(renamings->pool, key + strlen(FACT))};
    return APR_SUCCESS;
}

apr_status_t anshin_renamings_in(anshin_op_t *op, anshin_txn_t *txn, apr_array_header_t **renamings)
{
    *renamings = apr_array_make(op->pool, 2, sizeof(anshin_renaming_t));
    return anshin_txn_each(txn, &anshin_record_fact, FACT, collect, *renamings);
}

apr_status_t anshin_renaming_refuse(anshin_op_t *op)
{
    const char *name = op->contract->name;
    anshin_fact_t fact;
    apr_status_t status = anshin_op_get(op, &anshin_record_fact, anshin_renaming_key(op, name), &fact);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return anshin_fail(
        &op->error, ANSHIN_ECONFLICT, "AN1879",
        "contract %s: is in the midst of htanshin contract rename %s %s; repeat that command, which goes "
        "on, and then this one",
        name, fact.value, name);
}
