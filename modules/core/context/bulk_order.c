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

static int is_first_of(const apr_array_header_t *whom, int at, apr_size_t length)
{
    for (int i = 0; i < at; i++) {
        if (strncmp(APR_ARRAY_IDX(whom, i, const char *), APR_ARRAY_IDX(whom, at, const char *), length) == 0) {
            return 0;
        }
    }
    return 1;
}

int anshin_bulk_users(const apr_array_header_t *whom, const char *contract)
{
    const apr_size_t length = contract != NULL ? strlen(contract) : 0;
    int count = 0;

    for (int i = 0; whom != NULL && i < whom->nelts; i++) {
        const char *entry = APR_ARRAY_IDX(whom, i, const char *);
        const char *behind = strrchr(entry, '/'); /* the device */

        if (behind != NULL && (contract == NULL || (strncmp(entry, contract, length) == 0 && entry[length] == '/'))) {
            count += is_first_of(whom, i, (apr_size_t)(behind + 1 - entry));
        }
    }
    return count;
}

int anshin_bulk_broken(const anshin_op_t *op, const anshin_desk_bulk_t *order)
{
    return order->second != NULL && *order->second != '\0' && order->ended_at == 0 &&
           order->worked_at + ANSHIN_BULK_PAUSE <= op->now;
}

apr_status_t anshin_bulk_go_on_in(anshin_op_t *op, anshin_txn_t *txn, const char *id, const char *number,
                                  anshin_desk_bulk_t *order)
{
    apr_status_t status = anshin_txn_get(txn, &anshin_record_desk_bulk, id, order);

    if (status != APR_SUCCESS || !anshin_bulk_broken(op, order)) {
        return status != APR_SUCCESS ? status : ANSHIN_ECONFLICT;
    }
    order->third = number;
    order->worked_at = op->now;
    order->turn++;
    return anshin_txn_put(txn, &anshin_record_desk_bulk, id, order);
}

/* Of whom it is stays as it is there: somebody may have been erased meanwhile. */
static apr_status_t note(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const keeping_t *keeping = baton;
    anshin_desk_bulk_t there;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_desk_bulk, keeping->id, &there);

    (void)op;
    if (status != APR_SUCCESS) {
        return status;
    }
    if (there.turn != keeping->order->turn) {
        return ANSHIN_ECONFLICT; /* somebody else goes on with it */
    }
    there.came = keeping->order->came;
    there.worked_at = keeping->order->worked_at;
    there.ended_at = keeping->order->ended_at;
    return anshin_txn_put(txn, &anshin_record_desk_bulk, keeping->id, &there);
}

apr_status_t anshin_bulk_note(anshin_op_t *op, const char *id, const anshin_desk_bulk_t *order)
{
    return anshin_op_write(op, order->ended_at != 0 ? ANSHIN_DURABLE : ANSHIN_LAZY, note, &(keeping_t){id, order});
}

static apr_time_t over(const anshin_op_t *op, const char *key, const void *record)
{
    (void)key;
    return anshin_expiry_over(op, ((const anshin_desk_bulk_t *)record)->at + ANSHIN_KEEP_BULK);
}

const anshin_expiry_rule_t anshin_bulk_expiry = {&anshin_record_desk_bulk, over, NULL, NULL};
