/*
 * Closed segments of the trail: see trail_keeping.h.
 */
#include "core/admin/trail_keeping.h"

#include <apr_strings.h>

#include "core/audit/anchor.h"
#include "core/mail/event.h"

static apr_status_t anchor_or(anshin_op_t *op, anshin_txn_t *txn, const char *what, anshin_audit_anchor_t *anchor)
{
    apr_status_t status = anshin_anchor_get(op, txn, anshin_anchor_key(op->env, what, op->pool), anchor);

    if (status == ANSHIN_ENOTFOUND) {
        *anchor = (anshin_audit_anchor_t){.segment = 1};
        status = APR_SUCCESS;
    }
    return status;
}

/* Those from the start to the head. */
static apr_status_t read_segments(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    apr_array_header_t **segments = baton;
    anshin_audit_anchor_t start;
    anshin_audit_anchor_t head;
    apr_status_t status = anchor_or(op, txn, ANSHIN_ANCHOR_START, &start);

    *segments = apr_array_make(op->pool, 16, sizeof(anshin_audit_anchor_t));
    status = status == APR_SUCCESS ? anchor_or(op, txn, ANSHIN_ANCHOR_HEAD, &head) : status;
    for (apr_int64_t at = start.segment; status == APR_SUCCESS && at < head.segment; at++) {
        status = anshin_anchor_get(op, txn, anshin_anchor_segment(op->env, at, op->pool), apr_array_push(*segments));
    }
    return status == ANSHIN_ENOTFOUND ? anshin_fail(&op->error, ANSHIN_EFAULT, "AN1477",
                                                    "audit: an anchor is missing; see htanshin audit verify")
                                      : status;
}

apr_status_t anshin_trail_segments(anshin_op_t *op, apr_array_header_t **segments)
{
    return anshin_op_read(op, read_segments, segments);
}

static apr_status_t tell(anshin_op_t *op, anshin_txn_t *txn, anshin_act_t act, apr_int64_t first, apr_int64_t last)
{
    const anshin_event_t event = {
        .act = act,
        .reason = apr_psprintf(op->pool, "segments %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT, first, last)};

    return anshin_event(op, txn, &event);
}

static apr_status_t note_archived(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const apr_array_header_t *segments = baton;
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < segments->nelts; i++) {
        anshin_audit_anchor_t anchor = APR_ARRAY_IDX(segments, i, anshin_audit_anchor_t);

        anchor.archived_at = op->now;
        status = anshin_anchor_put(op, txn, anshin_anchor_segment(op->env, anchor.segment, op->pool), &anchor);
    }
    return status == APR_SUCCESS
               ? tell(op, txn, ANSHIN_ACT_AUDIT_ARCHIVED, APR_ARRAY_IDX(segments, 0, anshin_audit_anchor_t).segment,
                      APR_ARRAY_IDX(segments, segments->nelts - 1, anshin_audit_anchor_t).segment)
               : status;
}

apr_status_t anshin_trail_archived(anshin_op_t *op, const apr_array_header_t *segments)
{
    return segments->nelts > 0 ? anshin_op_write(op, ANSHIN_DURABLE, note_archived, (void *)(uintptr_t)segments)
                               : APR_SUCCESS;
}

typedef struct retiring_t {
    apr_time_t until;
    int piped;
    apr_int64_t first; /* that is kept */
} retiring_t;

static apr_status_t retire(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    retiring_t *retiring = baton;
    anshin_audit_anchor_t start = {.segment = 0};
    anshin_audit_anchor_t command = {.segment = 0};
    apr_array_header_t *segments;
    apr_int64_t from = 0;
    apr_status_t status = read_segments(&segments, op, txn);

    if (status == APR_SUCCESS && retiring->piped) {
        status = anchor_or(op, txn, ANSHIN_ANCHOR_COMMAND, &command);
    }
    for (int i = 0; status == APR_SUCCESS && i < segments->nelts; i++) {
        const anshin_audit_anchor_t *segment = &APR_ARRAY_IDX(segments, i, anshin_audit_anchor_t);

        if (segment->archived_at == 0 || segment->closed_at >= retiring->until ||
            (retiring->piped && segment->segment >= command.segment)) {
            break;
        }
        start = *segment;
        from = from == 0 ? segment->segment : from;
        status = anshin_txn_delete(txn, &anshin_record_audit_anchor,
                                   anshin_anchor_segment(op->env, segment->segment, op->pool));
    }
    if (status != APR_SUCCESS || from == 0) {
        return status != APR_SUCCESS ? status : ANSHIN_ENOTFOUND;
    }
    status = tell(op, txn, ANSHIN_ACT_AUDIT_RETIRED, from, start.segment);
    retiring->first = ++start.segment;
    return status == APR_SUCCESS
               ? anshin_anchor_put(op, txn, anshin_anchor_key(op->env, ANSHIN_ANCHOR_START, op->pool), &start)
               : status;
}

apr_status_t anshin_trail_retire(anshin_op_t *op, apr_time_t until, int piped, apr_int64_t *first)
{
    retiring_t retiring = {until, piped, 0};
    apr_status_t status = anshin_op_write(op, ANSHIN_DURABLE, retire, &retiring);

    *first = retiring.first;
    return status;
}
