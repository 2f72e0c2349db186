/*
 * What the store has of the trail: see chain.h.
 */
#include "core/audit/chain.h"

#include "core/audit/anchor.h"
#include "core/audit/line.h"
#include "core/audit/trail.h"

/* --- places ------------------------------------------------------------------------------------------------------ */

static apr_status_t get_place(anshin_op_t *op, anshin_txn_t *txn, const char *what, anshin_audit_anchor_t *place)
{
    apr_status_t status = anshin_anchor_get(op, txn, anshin_anchor_key(op->env, what, op->pool), place);

    if (status == ANSHIN_ENOTFOUND) {
        *place = (anshin_audit_anchor_t){.segment = 1, .chain = anshin_chain_none};
        status = APR_SUCCESS;
    }
    return status;
}

static apr_status_t put_place(anshin_op_t *op, anshin_txn_t *txn, const char *what, const anshin_audit_anchor_t *place)
{
    return anshin_anchor_put(op, txn, anshin_anchor_key(op->env, what, op->pool), place);
}

static apr_status_t get_places(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    anshin_trail_places_t *places = baton;
    apr_status_t status = get_place(op, txn, ANSHIN_ANCHOR_HEAD, &places->head);

    status = status == APR_SUCCESS ? get_place(op, txn, ANSHIN_ANCHOR_START, &places->start) : status;
    status = status == APR_SUCCESS ? get_place(op, txn, ANSHIN_ANCHOR_COMMAND, &places->command) : status;
    if (status == APR_SUCCESS) {
        const char *key = anshin_anchor_key(op->env, ANSHIN_ANCHOR_EVENTS, op->pool);

        places->events = (anshin_audit_anchor_t){.segment = 0, .chain = anshin_chain_none};
        status = anshin_anchor_get(op, txn, key, &places->events);
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_trail_places(anshin_op_t *op, anshin_trail_places_t *places)
{
    return anshin_op_read(op, get_places, places);
}

typedef struct reached_t {
    const char *what;
    const anshin_audit_anchor_t *place;
} reached_t;

static apr_status_t put_reached(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const reached_t *reached = baton;

    return put_place(op, txn, reached->what, reached->place);
}

apr_status_t anshin_trail_put_command(anshin_op_t *op, const anshin_audit_anchor_t *place)
{
    return anshin_op_write(op, ANSHIN_LAZY, put_reached, &(reached_t){ANSHIN_ANCHOR_COMMAND, place});
}

apr_status_t anshin_trail_put_events(anshin_op_t *op, const anshin_audit_anchor_t *place)
{
    return anshin_op_write(op, ANSHIN_LAZY, put_reached, &(reached_t){ANSHIN_ANCHOR_EVENTS, place});
}

/* --- events that wait -------------------------------------------------------------------------------------------- */

typedef struct waiting_t {
    int limit;
    anshin_trail_batch_t *batch;
    anshin_trail_places_t *places;     /* NULL: nobody asks */
    const anshin_audit_anchor_t *head; /* that is written again; NULL: none */
} waiting_t;

static apr_status_t keep_event(void *baton, const char *key, const void *record)
{
    anshin_trail_batch_t *batch = baton;

    APR_ARRAY_PUSH(batch->keys, const char *) = key;
    APR_ARRAY_PUSH(batch->records, anshin_audit_event_t) = *(const anshin_audit_event_t *)record;
    return APR_SUCCESS;
}

static apr_status_t read_waiting(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const waiting_t *waiting = baton;
    const anshin_due_queue_t queue = {&anshin_record_audit_event, anshin_trail_node(op->env)};
    apr_array_header_t *keys = apr_array_make(op->pool, 16, sizeof(const char *));
    apr_array_header_t *entries;
    apr_status_t status = anshin_txn_list_due(txn, &queue, waiting->limit, &entries);

    waiting->batch->keys = apr_array_make(op->pool, 16, sizeof(const char *));
    waiting->batch->records = apr_array_make(op->pool, 16, sizeof(anshin_audit_event_t));
    for (int i = 0; status == APR_SUCCESS && i < entries->nelts; i++) {
        APR_ARRAY_PUSH(keys, const char *) = APR_ARRAY_IDX(entries, i, anshin_due_entry_t).key;
    }
    if (status == APR_SUCCESS) {
        status = anshin_txn_get_many(txn, &anshin_record_audit_event, keys, keep_event, waiting->batch);
    }
    if (status == APR_SUCCESS && waiting->places != NULL) {
        status = get_places(waiting->places, op, txn);
    }
    return status == APR_SUCCESS && waiting->head != NULL ? put_place(op, txn, ANSHIN_ANCHOR_HEAD, waiting->head)
                                                          : status;
}

apr_status_t anshin_trail_waiting(anshin_op_t *op, int limit, anshin_trail_batch_t *batch,
                                  anshin_trail_places_t *places)
{
    return anshin_op_read(op, read_waiting, &(waiting_t){limit, batch, places, NULL});
}

/* Something is written, so that the commit makes durable what was read as well. */
apr_status_t anshin_trail_settle(anshin_op_t *op, const anshin_audit_anchor_t *head, int limit,
                                 anshin_trail_batch_t *batch)
{
    return anshin_op_write(op, ANSHIN_DURABLE, read_waiting, &(waiting_t){limit, batch, NULL, head});
}

static apr_status_t write_done(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_trail_done_t *done = baton;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < done->keys->nelts; i++) {
        status = anshin_txn_delete(txn, &anshin_record_audit_event, APR_ARRAY_IDX(done->keys, i, const char *));
    }
    if (status == APR_SUCCESS && done->closed != NULL) {
        status =
            anshin_anchor_put(op, txn, anshin_anchor_segment(op->env, done->closed->segment, op->pool), done->closed);
    }
    return status == APR_SUCCESS ? put_place(op, txn, ANSHIN_ANCHOR_HEAD, done->head) : status;
}

apr_status_t anshin_trail_done(anshin_op_t *op, const anshin_trail_done_t *done)
{
    anshin_trail_done_t copy = *done;

    return anshin_op_write(op, done->closed != NULL ? ANSHIN_DURABLE : ANSHIN_LAZY, write_done, &copy);
}

/* --- everything -------------------------------------------------------------------------------------------------- */

static apr_status_t visit_all(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const anshin_trail_visit_t *visit = baton;
    apr_status_t status;

    (void)op;
    visit->begin(visit->baton);
    status = anshin_txn_each(txn, &anshin_record_audit_anchor, "", visit->anchor, visit->baton);
    if (status == APR_SUCCESS) {
        status = anshin_txn_each(txn, &anshin_record_audit_series, "", visit->series, visit->baton);
    }
    return status == APR_SUCCESS ? anshin_txn_each(txn, &anshin_record_audit_event, "", visit->event, visit->baton)
                                 : status;
}

apr_status_t anshin_trail_visit(anshin_op_t *op, const anshin_trail_visit_t *visit)
{
    anshin_trail_visit_t copy = *visit;

    return anshin_op_read(op, visit_all, &copy);
}
