/*
 * Acts whose effect is not in the store: see outside.h.
 */
#include "core/keeping/outside.h"

typedef struct telling_t {
    const anshin_event_t *event;
    anshin_outside_fn *effect;
    void *baton;
} telling_t;

static apr_status_t tell(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const telling_t *telling = baton;
    apr_status_t status = anshin_event(op, txn, telling->event);

    return status == APR_SUCCESS && telling->effect != NULL ? telling->effect(telling->baton) : status;
}

apr_status_t anshin_outside_tell(anshin_op_t *op, const anshin_event_t *event, anshin_outside_fn *effect, void *baton)
{
    return anshin_op_write(op, ANSHIN_DURABLE, tell, &(telling_t){event, effect, baton});
}
