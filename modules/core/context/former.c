/*
 * Former names of contracts: see former.h.
 */
#include "core/context/former.h"

#include <string.h>

#include <apr_strings.h>

static const char *key_of(const anshin_op_t *op, const char *contract)
{
    return apr_pstrcat(op->pool, "former/", contract, NULL);
}

apr_status_t anshin_former_get(const anshin_op_t *op, anshin_txn_t *txn, const char *contract,
                               apr_array_header_t **names)
{
    anshin_fact_t fact = {.value = NULL};
    apr_status_t status = anshin_txn_get(txn, &anshin_record_fact, key_of(op, contract), &fact);
    char *state;

    *names = apr_array_make(op->pool, 2, sizeof(const char *));
    if (status != APR_SUCCESS || fact.value == NULL) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    for (char *name = apr_strtok(apr_pstrdup(op->pool, fact.value), " ", &state); name != NULL;
         name = apr_strtok(NULL, " ", &state)) {
        APR_ARRAY_PUSH(*names, const char *) = name;
    }
    return APR_SUCCESS;
}

typedef struct bearers_t {
    const char *name;
    const char *but;
    apr_array_header_t *contracts;
} bearers_t;

static apr_status_t see_bearer(void *baton, const char *key, const void *record)
{
    const bearers_t *bearers = baton;
    const char *contract = strchr(key, '/') + 1, *value = ((const anshin_fact_t *)record)->value;
    apr_pool_t *pool = bearers->contracts->pool;

    if (value != NULL && strcmp(contract, bearers->name) != 0 &&
        (bearers->but == NULL || strcmp(contract, bearers->but) != 0) &&
        strstr(apr_pstrcat(pool, " ", value, " ", NULL), apr_pstrcat(pool, " ", bearers->name, " ", NULL)) != NULL) {
        APR_ARRAY_PUSH(bearers->contracts, const char *) = apr_pstrdup(pool, contract);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_former_bearers(const anshin_op_t *op, anshin_txn_t *txn, const char *name, const char *but,
                                   apr_array_header_t **contracts)
{
    bearers_t bearers = {name, but, *contracts = apr_array_make(op->pool, 2, sizeof(const char *))};

    return anshin_txn_each(txn, &anshin_record_fact, "former/", see_bearer, &bearers);
}

/* Each once, without `to`, which it is called again. */
apr_status_t anshin_former_move(const anshin_op_t *op, anshin_txn_t *txn, const char *from, const char *to)
{
    anshin_fact_t fact = {.value = from, .at = op->now};
    apr_array_header_t *names, *theirs;
    apr_status_t status = anshin_former_get(op, txn, from, &names);

    status = status == APR_SUCCESS ? anshin_former_get(op, txn, to, &theirs) : status;
    if (status != APR_SUCCESS) {
        return status;
    }
    apr_array_cat(names, theirs);
    for (int i = 0; i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);
        const char *known = apr_pstrcat(op->pool, " ", fact.value, " ", NULL);

        if (strcmp(name, to) != 0 && strstr(known, apr_pstrcat(op->pool, " ", name, " ", NULL)) == NULL) {
            fact.value = apr_pstrcat(op->pool, fact.value, " ", name, NULL);
        }
    }
    status = anshin_txn_put(txn, &anshin_record_fact, key_of(op, to), &fact);
    return status == APR_SUCCESS ? anshin_former_forget(op, txn, from) : status;
}

apr_status_t anshin_former_forget(const anshin_op_t *op, anshin_txn_t *txn, const char *contract)
{
    return anshin_txn_delete(txn, &anshin_record_fact, key_of(op, contract));
}
