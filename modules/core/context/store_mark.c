/*
 * Marks of a store: see store_mark.h.
 */
#include "core/context/store_mark.h"

#include <string.h>

int anshin_store_mark_is(const anshin_record_type_t *type, const char *key)
{
    return type == &anshin_record_fact &&
           (strcmp(key, ANSHIN_MARK_LOADING) == 0 || strcmp(key, ANSHIN_MARK_MOVED) == 0);
}

typedef struct marking_t {
    const char *mark;
    const char *value;
} marking_t;

static apr_status_t set(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const marking_t *marking = baton;
    const anshin_fact_t fact = {.value = marking->value, .at = op->now};

    return anshin_txn_put(txn, &anshin_record_fact, marking->mark, &fact);
}

apr_status_t anshin_store_mark_set(anshin_op_t *op, const char *mark, const char *value)
{
    return anshin_op_write(op, ANSHIN_DURABLE, set, &(marking_t){mark, value});
}

apr_status_t anshin_store_mark_get(anshin_op_t *op, const char *mark, anshin_fact_t *fact)
{
    return anshin_op_get(op, &anshin_record_fact, mark, fact);
}

static apr_status_t look(anshin_op_t *op)
{
    anshin_error_t *err = &op->error;
    anshin_fact_t fact;
    apr_status_t status = anshin_store_mark_get(op, ANSHIN_MARK_LOADING, &fact);

    if (status == APR_SUCCESS) {
        return fact.value != NULL && strcmp(fact.value, ANSHIN_MARK_BY_MOVE) == 0
                   ? anshin_fail(err, ANSHIN_EFAULT, "AN1935",
                                 "store: another store was not moved here to its end, and what is there is not whole; "
                                 "run the same htanshin store move again")
                   : anshin_fail(err, ANSHIN_EFAULT, "AN1361",
                                 "store: a dump was not loaded to its end, and what is there is not whole; run the "
                                 "same htanshin load again");
    }
    status = status == ANSHIN_ENOTFOUND ? anshin_store_mark_get(op, ANSHIN_MARK_MOVED, &fact) : status;
    if (status == APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1936",
                           "store: it was moved to %.100s, and what is left here is out of date: let AnshinStore name "
                           "that one",
                           fact.value);
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_store_mark_look(const anshin_env_t *env, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_op_t op;
    apr_status_t status;

    anshin_op_init(&op, env, NULL, &anshin_actor_worker, pool);
    status = look(&op);
    if (status != APR_SUCCESS) {
        *err = op.error;
    }
    return status;
}
