/*
 * What ends in time: see expiry.h.
 */
#include "core/context/expiry.h"

apr_time_t anshin_expiry_over(const anshin_op_t *op, apr_time_t end)
{
    return end <= op->now ? 0 : end;
}

apr_status_t anshin_expiry_file(anshin_op_t *op, anshin_txn_t *txn, const anshin_record_type_t *type, const char *key,
                                apr_time_t due)
{
    /* Never by now: what files itself again must not be taken again at once. */
    return anshin_txn_due(txn, type, key, due > op->now ? due : op->now + 1);
}

typedef struct taking_t {
    anshin_due_queue_t queue;
    anshin_expiry_look_fn *look;
    void *baton;
} taking_t;

/* Looking takes no lock that writers would wait for. ANSHIN_ENOTFOUND: nothing is due. */
static apr_status_t peek(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    apr_array_header_t *first;
    apr_status_t status = anshin_txn_list_due(txn, &((const taking_t *)baton)->queue, 1, &first);

    if (status == APR_SUCCESS && (first->nelts == 0 || APR_ARRAY_IDX(first, 0, anshin_due_entry_t).when > op->now)) {
        return ANSHIN_ENOTFOUND;
    }
    return status;
}

static apr_status_t take(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const taking_t *taking = baton;
    const char *key;
    apr_status_t status = anshin_txn_take_due(txn, &taking->queue, op->now, &key);

    return status == APR_SUCCESS ? taking->look(taking->baton, op, txn, key) : status;
}

apr_status_t anshin_expiry_take(anshin_op_t *op, const anshin_record_type_t *type, anshin_expiry_look_fn *look,
                                void *baton)
{
    taking_t taking = {{type, NULL}, look, baton};
    apr_status_t status = anshin_op_read(op, peek, &taking);

    return status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_LAZY, take, &taking)
                                 : status; /* lost, it is done again */
}
