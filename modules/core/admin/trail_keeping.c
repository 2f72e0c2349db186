/*
 * Closed segments of the trail: see trail_keeping.h.
 */
#include "core/admin/trail_keeping.h"

#include <apr_strings.h>

#include "core/audit/anchor.h"
#include "core/mail/event.h"

#define GROUP 100 /* series that a transaction writes */

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

/* --- retiring ----------------------------------------------------------------------------------------------------- */

typedef struct asking_t {
    const anshin_trail_limits_t *limits;
    anshin_trail_retirable_t *retirable;
} asking_t;

/* How far a command has it, as the first segment that it does not have whole. */
static apr_status_t taken_by(anshin_op_t *op, anshin_txn_t *txn, const char *what, int is_asked, apr_int64_t *segment)
{
    anshin_audit_anchor_t place;
    apr_status_t status = APR_SUCCESS;

    *segment = APR_INT64_MAX;
    if (is_asked) {
        status = anchor_or(op, txn, what, &place);
        *segment = place.segment;
    }
    return status;
}

static apr_status_t read_retirable(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const asking_t *asking = baton;
    anshin_trail_retirable_t *retirable = asking->retirable;
    apr_array_header_t *segments;
    apr_int64_t piped = 0, told = 0;
    apr_status_t status = read_segments(&segments, op, txn);

    retirable->segments = apr_array_make(op->pool, 16, sizeof(anshin_audit_anchor_t));
    status = status == APR_SUCCESS ? anchor_or(op, txn, ANSHIN_ANCHOR_START, &retirable->start) : status;
    retirable->is_counted = retirable->start.lines == 0;
    status = status == APR_SUCCESS ? taken_by(op, txn, ANSHIN_ANCHOR_COMMAND, asking->limits->audit_command, &piped)
                                   : status;
    status =
        status == APR_SUCCESS ? taken_by(op, txn, ANSHIN_ANCHOR_EVENTS, asking->limits->event_command, &told) : status;
    for (int i = 0; status == APR_SUCCESS && i < segments->nelts; i++) {
        const anshin_audit_anchor_t *segment = &APR_ARRAY_IDX(segments, i, anshin_audit_anchor_t);

        if (segment->archived_at == 0 || segment->closed_at >= asking->limits->until || segment->segment >= piped ||
            segment->segment >= told) {
            break;
        }
        APR_ARRAY_PUSH(retirable->segments, anshin_audit_anchor_t) = *segment;
    }
    return status == APR_SUCCESS && retirable->segments->nelts == 0 ? ANSHIN_ENOTFOUND : status;
}

apr_status_t anshin_trail_retirable(anshin_op_t *op, const anshin_trail_limits_t *limits,
                                    anshin_trail_retirable_t *retirable)
{
    return anshin_op_read(op, read_retirable, &(asking_t){limits, retirable});
}

typedef struct counting_t {
    const apr_array_header_t *parts;
    int from;
} counting_t;

static apr_status_t count_group(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    const counting_t *counting = baton;
    apr_status_t status = APR_SUCCESS;

    for (int i = counting->from; i < counting->parts->nelts && i < counting->from + GROUP; i++) {
        const anshin_trail_part_t *part = &APR_ARRAY_IDX(counting->parts, i, anshin_trail_part_t);

        status = anshin_series_retire(op, txn, part->name, &part->retired);
        if (status != APR_SUCCESS && status != ANSHIN_ENOTFOUND) {
            return status;
        }
    }
    return APR_SUCCESS;
}

apr_status_t anshin_trail_count_retired(anshin_op_t *op, const apr_array_header_t *parts)
{
    anshin_op_t own = *op;
    counting_t counting = {parts, 0};
    apr_status_t status = APR_SUCCESS;

    apr_pool_create(&own.pool, op->pool);
    for (; status == APR_SUCCESS && counting.from < parts->nelts; counting.from += GROUP) {
        apr_pool_clear(own.pool);
        status = anshin_op_write(&own, ANSHIN_LAZY, count_group, &counting);
    }
    op->error = own.error;
    apr_pool_destroy(own.pool);
    return status;
}

typedef struct retiring_t {
    const anshin_trail_retirable_t *retirable;
    apr_int64_t series; /* that have something retired */
    apr_int64_t first;  /* segment that is kept */
} retiring_t;

static apr_status_t count_series(void *baton, const char *key, const void *record)
{
    const anshin_audit_series_t *series = record;
    retiring_t *retiring = baton;

    (void)key;
    retiring->series += series != NULL && series->retired != NULL;
    return APR_SUCCESS;
}

/* Of another machine's as well: that none goes is what counts. */
static apr_status_t read_series(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    retiring_t *retiring = baton;

    (void)op;
    retiring->series = 0;
    return anshin_txn_each(txn, &anshin_record_audit_series, "", count_series, retiring);
}

static apr_status_t retire(void *baton, anshin_op_t *op, anshin_txn_t *txn)
{
    retiring_t *retiring = baton;
    const apr_array_header_t *segments = retiring->retirable->segments;
    const apr_int64_t from = APR_ARRAY_IDX(segments, 0, anshin_audit_anchor_t).segment;
    anshin_audit_anchor_t start;
    apr_status_t status = anchor_or(op, txn, ANSHIN_ANCHOR_START, &start);

    if (status == APR_SUCCESS && start.segment != from) {
        return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1883",
                           "audit: somebody else retires segments at this moment; try again");
    }
    for (int i = 0; status == APR_SUCCESS && i < segments->nelts; i++) {
        start = APR_ARRAY_IDX(segments, i, anshin_audit_anchor_t);
        status = anshin_txn_delete(txn, &anshin_record_audit_anchor,
                                   anshin_anchor_segment(op->env, start.segment, op->pool));
    }
    if (status == APR_SUCCESS) {
        status = tell(op, txn, ANSHIN_ACT_AUDIT_RETIRED, from, start.segment);
    }
    retiring->first = ++start.segment;
    start.lines = start.octets = 0;
    start.events = retiring->series;
    return status == APR_SUCCESS
               ? anshin_anchor_put(op, txn, anshin_anchor_key(op->env, ANSHIN_ANCHOR_START, op->pool), &start)
               : status;
}

/* The count is made before, where it holds nobody up: it only grows. */
apr_status_t anshin_trail_retire(anshin_op_t *op, const anshin_trail_retirable_t *retirable, apr_int64_t *first)
{
    retiring_t retiring = {.retirable = retirable};
    apr_status_t status = anshin_op_read(op, read_series, &retiring);

    status = status == APR_SUCCESS ? anshin_op_write(op, ANSHIN_DURABLE, retire, &retiring) : status;
    *first = retiring.first;
    return status;
}
