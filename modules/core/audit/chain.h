/*
 * What the store has of the trail, for those who write and read its segments (ca/chainer.h, htanshin audit).
 */
#ifndef ANSHIN_CORE_AUDIT_CHAIN_H
#define ANSHIN_CORE_AUDIT_CHAIN_H

#include "core/context/op.h"

/* Where the trail ends, begins, and how far the operator's commands have it; of a trail that has just begun the first
 * segment, with nothing in it. */
typedef struct anshin_trail_places_t {
    anshin_audit_anchor_t head;
    anshin_audit_anchor_t start;
    anshin_audit_anchor_t command; /* AnshinAuditCommand */
    anshin_audit_anchor_t events;  /* AnshinEventCommand; segment 0: it has never seen anything of it */
} anshin_trail_places_t;

/* Events that wait to be chained, in their order. */
typedef struct anshin_trail_batch_t {
    apr_array_header_t *keys;    /* of const char * */
    apr_array_header_t *records; /* of anshin_audit_event_t */
} anshin_trail_batch_t;

/* ANSHIN_EFAULT as well: somebody else has written one of them. */
apr_status_t anshin_trail_places(anshin_op_t *op, anshin_trail_places_t *places);

/* The command has the trail as far as this. */
apr_status_t anshin_trail_put_command(anshin_op_t *op, const anshin_audit_anchor_t *place);

/* The same of AnshinEventCommand. */
apr_status_t anshin_trail_put_events(anshin_op_t *op, const anshin_audit_anchor_t *place);

/* At most limit events that wait, and, unless it is NULL, where the trail ended when they were read. */
apr_status_t anshin_trail_waiting(anshin_op_t *op, int limit, anshin_trail_batch_t *batch,
                                  anshin_trail_places_t *places);

/* The same for whoever chains them: what is read has not gone when the power does. head: where the trail ends. */
apr_status_t anshin_trail_settle(anshin_op_t *op, const anshin_audit_anchor_t *head, int limit,
                                 anshin_trail_batch_t *batch);

/* What is written when lines are in a segment, and durable. */
typedef struct anshin_trail_done_t {
    const anshin_audit_anchor_t *head;   /* the new end */
    const anshin_audit_anchor_t *closed; /* NULL: no segment was */
    const apr_array_header_t *keys;      /* of events that are in it */
} anshin_trail_done_t;
apr_status_t anshin_trail_done(anshin_op_t *op, const anshin_trail_done_t *done);

/* Everything, in one snapshot, by type; a visitor's answer that is not APR_SUCCESS ends it. Should others be in the way
 * it begins anew: begin is called before each time. */
typedef struct anshin_trail_visit_t {
    void *baton;
    void (*begin)(void *baton);
    anshin_visit_fn *anchor;
    anshin_visit_fn *series;
    anshin_visit_fn *event;
} anshin_trail_visit_t;
apr_status_t anshin_trail_visit(anshin_op_t *op, const anshin_trail_visit_t *visit);

#endif
