/*
 * From the store into the trail: see chainer.h.
 *
 * SECURITY: the seal key makes the chain. The directory is the worker's alone; all the same a segment is opened without
 * following a link, and used only when it is our own.
 */
#include "ca/chainer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "ca/log.h"
#include "core/audit/chain.h"
#include "core/audit/trail.h"
#include "runtime/io.h"
#include "runtime/trail_file.h"

#define BATCH 200
#define MODE 0640

void anshin_chainer_init(anshin_chainer_t *chainer, const anshin_env_t *env)
{
    *chainer = (anshin_chainer_t){
        .env = env, .segment_events = ANSHIN_SEGMENT_EVENTS, .segment_age = ANSHIN_SEGMENT_AGE, .fd = -1};
}

void anshin_chainer_end(anshin_chainer_t *chainer)
{
    if (chainer->fd >= 0) {
        (void)close(chainer->fd);
    }
    chainer->fd = -1;
    chainer->is_known = 0;
}

static apr_status_t failed(anshin_op_t *op, const char *what, const char *path)
{
    return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1467", "audit: %s %s: %s", what, path, strerror(errno));
}

static void set_head(anshin_chainer_t *chainer, const anshin_audit_anchor_t *head)
{
    chainer->head = *head;
    apr_cpystrn(chainer->chain, head->chain, sizeof(chainer->chain));
    chainer->head.chain = chainer->chain;
    chainer->head.mac = NULL;
    chainer->head.later = (anshin_bytes_t){NULL, 0};
}

/* --- the segment that is written -------------------------------------------------------------------------------- */

static apr_status_t open_segment(anshin_chainer_t *chainer, anshin_op_t *op, struct stat *seen)
{
    const char *path = anshin_trail_path(op->env, chainer->head.segment, op->pool);

    if (chainer->fd >= 0) {
        (void)close(chainer->fd);
    }
    chainer->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, MODE);
    if (chainer->fd < 0 || fstat(chainer->fd, seen) != 0) {
        return failed(op, "cannot open", path);
    }
    if (!S_ISREG(seen->st_mode) || seen->st_uid != geteuid() || seen->st_nlink != 1) {
        return anshin_fail(&op->error, ANSHIN_EFAULT, "AN1468", "audit: %s is not the worker's own; move it away",
                           path);
    }
    return anshin_io_sync_directory(anshin_trail_directory(op->env, op->pool)) == APR_SUCCESS
               ? APR_SUCCESS
               : failed(op, "cannot sync the directory of", path);
}

static apr_status_t write_lines(anshin_chainer_t *chainer, anshin_op_t *op, const char *text, apr_size_t length)
{
    if (anshin_io_write(chainer->fd, text, length) != APR_SUCCESS || fdatasync(chainer->fd) != 0) {
        return failed(op, "cannot write", anshin_trail_path(op->env, chainer->head.segment, op->pool));
    }
    return APR_SUCCESS;
}

static const char *mark(const anshin_audit_anchor_t *head, apr_time_t now, apr_pool_t *pool)
{
    return apr_psprintf(pool,
                        "{\"segment\":%" APR_INT64_T_FMT ",\"events\":%" APR_INT64_T_FMT ",\"at\":%" APR_TIME_T_FMT "}",
                        head->segment, head->events, apr_time_sec(now));
}

/* Lines to be written, and where the trail ends with them. */
typedef struct draft_t {
    anshin_op_t *op;
    anshin_audit_anchor_t head;
    apr_array_header_t *parts; /* of const char * */
} draft_t;

static apr_status_t draft_line(draft_t *draft, const anshin_line_t *line)
{
    const char *text = anshin_line_make(draft->op, line, draft->head.chain, &draft->head.chain, draft->op->pool);

    if (text == NULL) {
        return anshin_fail(&draft->op->error, ANSHIN_EFAULT, "AN1469", "audit: no line can be made");
    }
    APR_ARRAY_PUSH(draft->parts, const char *) = text;
    draft->head.lines++;
    draft->head.events += line->kind == ANSHIN_LINE_EVENT;
    draft->head.octets += (apr_int64_t)strlen(text);
    return APR_SUCCESS;
}

static apr_status_t begin_draft(draft_t *draft, const anshin_chainer_t *chainer, anshin_op_t *op)
{
    *draft = (draft_t){op, chainer->head, apr_array_make(op->pool, BATCH + 1, sizeof(const char *))};
    if (draft->head.lines > 0) {
        return APR_SUCCESS;
    }
    draft->head.begun_at = op->now;
    return draft_line(draft,
                      &(anshin_line_t){.kind = ANSHIN_LINE_BEGIN, .body = mark(&draft->head, op->now, op->pool)});
}

static apr_status_t write_draft(anshin_chainer_t *chainer, const draft_t *draft)
{
    const char *text = apr_array_pstrcat(draft->op->pool, draft->parts, 0);

    return write_lines(chainer, draft->op, text, strlen(text));
}

/* The segment ends with its last line, which is in the file; another one follows. */
static apr_status_t note_closed(anshin_chainer_t *chainer, anshin_op_t *op, const anshin_audit_anchor_t *closed,
                                const apr_array_header_t *keys)
{
    const anshin_audit_anchor_t next = {.segment = closed->segment + 1, .chain = closed->chain};
    anshin_trail_done_t done = {&next, closed, keys};
    apr_status_t status;

    /* Before the store knows: so that no anchor is missing there. */
    anshin_log(ANSHIN_LOG_NOTICE, "AN1470",
               "audit: segment %" APR_INT64_T_FMT " is closed with %" APR_INT64_T_FMT " events, anchor %s",
               closed->segment, closed->events, closed->chain);
    status = anshin_trail_done(op, &done);
    if (status == APR_SUCCESS) {
        (void)close(chainer->fd);
        chainer->fd = -1;
        set_head(chainer, &next);
    }
    return status;
}

static apr_status_t close_segment(anshin_chainer_t *chainer, anshin_op_t *op)
{
    draft_t draft;
    apr_status_t status = begin_draft(&draft, chainer, op);

    if (status == APR_SUCCESS) {
        status =
            draft_line(&draft, &(anshin_line_t){.kind = ANSHIN_LINE_END, .body = mark(&draft.head, op->now, op->pool)});
    }
    if (status == APR_SUCCESS) {
        status = write_draft(chainer, &draft);
    }
    draft.head.closed_at = op->now;
    return status == APR_SUCCESS
               ? note_closed(chainer, op, &draft.head, apr_array_make(op->pool, 1, sizeof(const char *)))
               : status;
}

/* --- after a start, and after whatever failed -------------------------------------------------------------------- */

/* Lines that the store does not know of yet. */
typedef struct rest_t {
    anshin_audit_anchor_t head; /* with them */
    apr_array_header_t *keys;   /* of their events */
    int is_closed;
    int is_torn; /* what follows is no line of ours: it was being written */
} rest_t;

static int take_line(rest_t *rest, anshin_op_t *op, const anshin_trail_reader_t *reader)
{
    anshin_line_t line;
    json_t *event;
    const char *key;

    if (rest->is_closed || anshin_line_read(&line, reader->text, op->pool) != APR_SUCCESS ||
        !anshin_line_follows(op, &line, rest->head.chain, op->pool)) {
        return 0;
    }
    if (line.kind == ANSHIN_LINE_EVENT) {
        event = json_loads(line.body, 0, NULL);
        key = anshin_trail_key(op->env, event, op->pool);
        json_decref(event);
        if (key == NULL) {
            return 0;
        }
        APR_ARRAY_PUSH(rest->keys, const char *) = key;
        rest->head.events++;
    }
    rest->head.begun_at = line.kind == ANSHIN_LINE_BEGIN ? op->now : rest->head.begun_at;
    rest->is_closed = line.kind == ANSHIN_LINE_END;
    rest->head.chain = line.chain;
    rest->head.lines++;
    rest->head.octets = reader->octets;
    return 1;
}

static apr_status_t read_rest(rest_t *rest, anshin_op_t *op)
{
    anshin_trail_reader_t reader;
    int next;
    apr_status_t status = anshin_trail_read(&reader, anshin_trail_path(op->env, rest->head.segment, op->pool),
                                            rest->head.octets, &op->error, op->pool);

    if (status != APR_SUCCESS) {
        return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    while ((next = anshin_trail_next(&reader)) == 1 && take_line(rest, op, &reader)) {}
    rest->is_torn = next != 0;
    anshin_trail_close(&reader);
    return APR_SUCCESS;
}

/* It is shorter than it was: the trail goes on in the next one, and what is missing stays to be seen. */
static apr_status_t leave_damaged(anshin_chainer_t *chainer, anshin_op_t *op)
{
    anshin_audit_anchor_t closed = chainer->head;

    anshin_log(ANSHIN_LOG_ERROR, "AN1471",
               "audit: segment %" APR_INT64_T_FMT " has lost its end; the trail goes on in the next one. See htanshin "
               "audit verify",
               closed.segment);
    closed.closed_at = op->now;
    return note_closed(chainer, op, &closed, apr_array_make(op->pool, 1, sizeof(const char *)));
}

static apr_status_t take_up_rest(anshin_chainer_t *chainer, anshin_op_t *op)
{
    rest_t rest = {.head = chainer->head, .keys = apr_array_make(op->pool, BATCH, sizeof(const char *))};
    anshin_trail_done_t done = {&rest.head, NULL, rest.keys};
    apr_status_t status = read_rest(&rest, op);

    if (status == APR_SUCCESS && rest.is_torn) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1472", "audit: what was half written is written anew");
        if (ftruncate(chainer->fd, (off_t)rest.head.octets) != 0) {
            status = failed(op, "cannot cut", anshin_trail_path(op->env, rest.head.segment, op->pool));
        }
    }
    if (status != APR_SUCCESS || rest.head.lines == chainer->head.lines) {
        return status;
    }
    if (fdatasync(chainer->fd) != 0) {
        return failed(op, "cannot sync", anshin_trail_path(op->env, rest.head.segment, op->pool));
    }
    if (rest.is_closed) {
        rest.head.closed_at = op->now;
        return note_closed(chainer, op, &rest.head, rest.keys);
    }
    status = anshin_trail_done(op, &done);
    if (status == APR_SUCCESS) {
        set_head(chainer, &rest.head);
    }
    return status;
}

static apr_status_t learn(anshin_chainer_t *chainer, anshin_op_t *op)
{
    anshin_trail_places_t places;
    struct stat seen;
    apr_status_t status = anshin_trail_places(op, &places);

    if (status != APR_SUCCESS) {
        return status;
    }
    set_head(chainer, &places.head);
    status = open_segment(chainer, op, &seen);
    if (status == APR_SUCCESS && seen.st_size < places.head.octets) {
        status = leave_damaged(chainer, op);
    } else if (status == APR_SUCCESS && seen.st_size > places.head.octets) {
        status = take_up_rest(chainer, op);
    }
    chainer->is_known = status == APR_SUCCESS;
    return status;
}

/* --- a step ------------------------------------------------------------------------------------------------------ */

static apr_status_t chain_batch(anshin_chainer_t *chainer, anshin_op_t *op, const anshin_trail_batch_t *batch)
{
    draft_t draft;
    anshin_trail_done_t done = {&draft.head, NULL, batch->keys};
    struct stat seen;
    apr_status_t status = chainer->fd < 0 ? open_segment(chainer, op, &seen) : APR_SUCCESS;

    if (status == APR_SUCCESS) {
        status = begin_draft(&draft, chainer, op);
    }
    for (int i = 0; status == APR_SUCCESS && i < batch->records->nelts; i++) {
        const anshin_audit_event_t *event = &APR_ARRAY_IDX(batch->records, i, anshin_audit_event_t);

        status = draft_line(&draft, &(anshin_line_t){.kind = ANSHIN_LINE_EVENT,
                                                     .body = event->event != NULL ? event->event : "{}",
                                                     .mac = event->mac != NULL ? event->mac : anshin_chain_none});
    }
    if (status == APR_SUCCESS) {
        status = write_draft(chainer, &draft);
    }
    if (status == APR_SUCCESS) {
        status = anshin_trail_done(op, &done);
    }
    if (status == APR_SUCCESS) {
        set_head(chainer, &draft.head);
    }
    return status;
}

static int is_full(const anshin_chainer_t *chainer, apr_time_t now)
{
    const anshin_audit_anchor_t *head = &chainer->head;

    return head->events >= chainer->segment_events ||
           (head->events > 0 && (now >= head->begun_at + chainer->segment_age || now < head->begun_at));
}

static apr_status_t step(anshin_chainer_t *chainer, anshin_op_t *op, int *more)
{
    anshin_trail_batch_t batch;
    apr_status_t status = chainer->is_known ? APR_SUCCESS : learn(chainer, op);

    if (status == APR_SUCCESS) {
        status = anshin_trail_waiting(op, BATCH, &batch, NULL);
    }
    if (status == APR_SUCCESS && batch.keys->nelts > 0) {
        status = anshin_trail_settle(op, &chainer->head, BATCH, &batch);
        if (status == APR_SUCCESS && batch.keys->nelts > 0) {
            status = chain_batch(chainer, op, &batch);
        }
    }
    if (status == APR_SUCCESS && is_full(chainer, op->now)) {
        struct stat seen;

        status = chainer->fd < 0 ? open_segment(chainer, op, &seen) : APR_SUCCESS;
        status = status == APR_SUCCESS ? close_segment(chainer, op) : status;
    }
    *more = status == APR_SUCCESS && batch.keys->nelts == BATCH;
    return status;
}

apr_status_t anshin_chainer_step(anshin_chainer_t *chainer, anshin_op_t *op, int *more)
{
    apr_status_t status;

    *more = 0;
    status = step(chainer, op, more);
    if (status != APR_SUCCESS) {
        anshin_chainer_end(chainer); /* what was written of it is looked at anew */
    }
    return status;
}

int anshin_chainer_run(anshin_chainer_t *chainer)
{
    anshin_op_t op;
    apr_pool_t *scratch;
    int more;
    apr_status_t status;

    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    anshin_op_init(&op, chainer->env, NULL, &anshin_actor_worker, scratch);
    status = anshin_chainer_step(chainer, &op, &more);
    if (status != APR_SUCCESS && !chainer->failed) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN1473", "audit: events wait in the store", status, &op.error);
    } else if (status == APR_SUCCESS && chainer->failed) {
        anshin_log(ANSHIN_LOG_NOTICE, "AN1474", "audit: events are chained again");
    }
    chainer->failed = status != APR_SUCCESS;
    apr_pool_destroy(scratch);
    return more;
}
