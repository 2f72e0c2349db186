/*
 * Orders for many users: see bulk_order.h.
 */
#include "core/context/bulk_order.h"

#include <string.h>

#define ID_TEXT 32

typedef struct keeping_t {
    const char *id;
    const anshin_desk_bulk_t *order;
} keeping_t;

int anshin_bulk_id_valid(const char *id)
{
    return strlen(id) == ID_TEXT && strspn(id, "0123456789abcdef") == ID_TEXT;
}

apr_status_t anshin_bulk_begin_in(anshin_op_t *op, anshin_txn_t *txn, const char *id, const anshin_desk_bulk_t *order)
{
    anshin_desk_bulk_t there;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_desk_bulk, id, &there);

    if (status != ANSHIN_ENOTFOUND) {
        return status == APR_SUCCESS ? ANSHIN_ECONFLICT : status;
    }
    status = anshin_txn_put(txn, &anshin_record_desk_bulk, id, order);
    return status == APR_SUCCESS ? anshin_expiry_file(op, txn, &anshin_record_desk_bulk, id, op->now + ANSHIN_KEEP_BULK)
                                 : status;
}

static apr_status_t begin(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const keeping_t *keeping = baton;

    return anshin_bulk_begin_in(op, txn, keeping->id, keeping->order);
}

apr_status_t anshin_bulk_begin(anshin_op_t *op, const char *id, const anshin_desk_bulk_t *order)
{
    return anshin_op_write(op, ANSHIN_DURABLE, begin, &(keeping_t){id, order});
}

static apr_status_t end(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const keeping_t *keeping = baton;
    anshin_desk_bulk_t there;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_desk_bulk, keeping->id, &there);

    (void)op;
    return status == APR_SUCCESS ? anshin_txn_put(txn, &anshin_record_desk_bulk, keeping->id, keeping->order) : status;
}

apr_status_t anshin_bulk_end(anshin_op_t *op, const char *id, const anshin_desk_bulk_t *order)
{
    return anshin_op_write(op, ANSHIN_DURABLE, end, &(keeping_t){id, order});
}

static apr_time_t over(const anshin_op_t *op, const char *key, const void *record)
{
    (void)key;
    return anshin_expiry_over(op, ((const anshin_desk_bulk_t *)record)->at + ANSHIN_KEEP_BULK);
}

const anshin_expiry_rule_t anshin_bulk_expiry = {&anshin_record_desk_bulk, over, NULL, NULL};
