/*
 * The worker takes events out of the store, into the trail (AUD-1): a batch at a time it makes durable what it has
 * read, writes the lines, makes these durable, and then removes the events. Killed in between it finds the lines that
 * it has written, and removes their events alone.
 *
 * A segment that is long enough, or old enough, is closed; its anchor is the value of its last line, and stands in the
 * store and in the log.
 */
#ifndef ANSHIN_CA_CHAINER_H
#define ANSHIN_CA_CHAINER_H

#include "core/audit/line.h"

#define ANSHIN_SEGMENT_EVENTS 50000
#define ANSHIN_SEGMENT_AGE apr_time_from_sec(86400)

typedef struct anshin_chainer_t {
    const anshin_env_t *env;
    apr_int64_t segment_events;      /* so many at least in a closed segment, */
    apr_interval_time_t segment_age; /* unless it is so old */
    int fd;                          /* of the open segment; -1: none is open */
    int is_known;                    /* head is what lies there */
    anshin_audit_anchor_t head;      /* its texts but chain are NULL */
    char chain[ANSHIN_CHAIN_TEXT + 1];
    int failed; /* the log was told that it does not go on */
} anshin_chainer_t;

/* Nothing is opened yet; env outlives it. End: what is open is closed, and looked at anew should a step follow. */
void anshin_chainer_init(anshin_chainer_t *chainer, const anshin_env_t *env);
void anshin_chainer_end(anshin_chainer_t *chainer);

/* One batch, and close the segment where it is time. *more: there are others. Answers of the store; ANSHIN_EFAULT as
 * well: the segment cannot be written, or is not what it was; events wait in the store then. */
apr_status_t anshin_chainer_step(anshin_chainer_t *chainer, anshin_op_t *op, int *more);

/* The same with an operation of its own; what fails is logged once, and tried again. 1: there is more to do. */
int anshin_chainer_run(anshin_chainer_t *chainer);

#endif
