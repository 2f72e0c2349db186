/*
 * Records of the operation's contract: see own.h.
 */
#include "core/context/own.h"

#include <string.h>

int anshin_own(const anshin_op_t *op, const anshin_record_type_t *type, const void *record)
{
    const char *contract = anshin_record_text(type, record, "contract");

    return contract != NULL && strcmp(contract, op->contract->name) == 0;
}

static apr_status_t check(const anshin_op_t *op, const anshin_record_type_t *type, const void *record,
                          apr_status_t status)
{
    return status == APR_SUCCESS && !anshin_own(op, type, record) ? ANSHIN_ENOTFOUND : status;
}

apr_status_t anshin_own_get(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                            void *record)
{
    return check(op, type, record, anshin_txn_get(txn, type, key, record));
}

apr_status_t anshin_own_find(anshin_op_t *op, const anshin_record_type_t *type, const char *key, void *record)
{
    return check(op, type, record, anshin_op_get(op, type, key, record));
}

typedef struct walk_t {
    const anshin_op_t *op;
    const anshin_record_type_t *type;
    const char *prefix;
    anshin_visit_fn *visit;
    void *baton; /* of visit */
    int visited;
} walk_t;

static apr_status_t visit_own(void *baton, const char *key, const void *record)
{
    walk_t *walk = baton;

    if (!anshin_own(walk->op, walk->type, record)) {
        return APR_SUCCESS;
    }
    walk->visited = 1;
    return walk->visit(walk->baton, key, record);
}

/* Too long to be kept until all is read. So it is walked anew only while nothing of it was handed out. */
static apr_status_t walk_own(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    walk_t *walk = baton;

    return walk->visited ? anshin_fail(&op->error, ANSHIN_EBUSY, "AN1143",
                                       "store: others were in the way of a walk over records of type %s; try again",
                                       walk->type->name)
                         : anshin_txn_each(txn, walk->type, walk->prefix, visit_own, walk);
}

apr_status_t anshin_own_each(anshin_op_t *op, const anshin_record_type_t *type, const char *prefix,
                             anshin_visit_fn *visit, void *baton)
{
    return anshin_op_read(op, walk_own, &(walk_t){op, type, prefix, visit, baton, 0});
}

const anshin_contract_t *anshin_own_contract(const anshin_op_t *op, const anshin_record_type_t *type,
                                             const void *record)
{
    const char *name = anshin_record_text(type, record, "contract");

    return name != NULL ? anshin_config_contract(op->env->config, name) : NULL;
}

apr_status_t anshin_own_do(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                           anshin_own_fn *fn, void *baton)
{
    void *record = apr_palloc(op->pool, type->size);
    anshin_op_t own = *op;
    apr_status_t status = anshin_txn_get(txn, type, key, record);

    if (status != APR_SUCCESS) {
        return status;
    }
    own.contract = anshin_own_contract(op, type, record);
    if (own.contract == NULL) {
        return ANSHIN_ENOTFOUND;
    }
    status = fn(baton, &own, txn, record);
    op->error = own.error;
    op->jobs_queued |= own.jobs_queued;
    return status;
}
