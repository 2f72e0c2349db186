/*
 * All of a store into another one: see move.h.
 */
#include "core/keeping/move.h"

#include <string.h>

#include "core/context/store_mark.h"
#include "core/keeping/rotation.h"
#include "core/keeping/shared_key.h"
#include "core/mail/job_node.h"

#define STRIDE 1000 /* lines, after which somebody is told how far it is */

typedef struct moving_t {
    anshin_op_t *op; /* of the source */
    const anshin_move_t *move;
    apr_int64_t lines;
} moving_t;

static void tell(const moving_t *moving, anshin_move_step_t step, apr_int64_t lines)
{
    if (moving->move->progress != NULL && lines % STRIDE == 0) {
        moving->move->progress(moving->move->baton, step, lines);
    }
}

/* --- before anything is done -------------------------------------------------------------------------------------- */

/* What has a mark of its own; *again: it was moved to this target, and whether to the end the target tells. */
static apr_status_t check_source(anshin_op_t *op, const char *to, int *again)
{
    anshin_fact_t fact;
    apr_status_t status = anshin_store_mark_get(op, ANSHIN_MARK_LOADING, &fact);

    *again = 0;
    if (status == APR_SUCCESS) {
        return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1937",
                           "store move: what AnshinStore names is not whole itself: end the load or the move into it "
                           "first");
    }
    status = status == ANSHIN_ENOTFOUND ? anshin_store_mark_get(op, ANSHIN_MARK_MOVED, &fact) : status;
    if (status == APR_SUCCESS && (fact.value == NULL || strcmp(fact.value, to) != 0)) {
        return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1938",
                           "store move: this store was moved to %.100s before; that one can be moved, this one no more",
                           fact.value != NULL ? fact.value : "another one");
    }
    *again = status == APR_SUCCESS;
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* Where both marks are set the end was missing; without the target's it was there. */
static apr_status_t check_again(anshin_op_t *op, const anshin_env_t *target, const char *to)
{
    anshin_op_t other;
    anshin_fact_t fact;
    apr_status_t status;

    anshin_op_init(&other, target, NULL, &op->actor, op->pool);
    status = anshin_store_mark_get(&other, ANSHIN_MARK_LOADING, &fact);
    if (status == ANSHIN_ENOTFOUND) {
        return anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1939",
                           "store move: it was moved to %.100s already; let AnshinStore name that one", to);
    }
    op->error = status == APR_SUCCESS ? op->error : other.error;
    return status;
}

/* What one machine has begun lies in its own Maildir; the worker of another store would not look there. */
static apr_status_t check_mails(anshin_op_t *op)
{
    apr_int64_t bound;
    apr_status_t status = anshin_jobs_bound(op, &bound);

    return status != APR_SUCCESS || bound == 0
               ? status
               : anshin_fail(&op->error, ANSHIN_ECONFLICT, "AN1940",
                             "store move: %ld mails are half delivered: start the CA worker that has "
                             "begun them for a moment; of a machine that is gone see htanshin mail hand-over",
                             (long)bound);
}

static apr_status_t check(anshin_op_t *op, const anshin_move_t *move)
{
    int again = 0;
    apr_status_t status = anshin_store_alone(op->env->store, &op->error);

    status = status == APR_SUCCESS ? check_source(op, move->to, &again) : status;
    status = status == APR_SUCCESS && again ? check_again(op, move->target, move->to) : status;
    status = status == APR_SUCCESS ? anshin_shared_key_check(op->env, &op->error, op->pool) : status;
    status = status == APR_SUCCESS ? anshin_rotation_recall(op->env, &op->error, op->pool) : status;
    return status == APR_SUCCESS ? check_mails(op) : status;
}

/* --- the source --------------------------------------------------------------------------------------------------- */

static apr_status_t write_line(void *baton, const char *line, apr_size_t length)
{
    moving_t *moving = baton;

    tell(moving, ANSHIN_MOVE_READ, ++moving->lines);
    return moving->move->write(moving->move->file, line, length);
}

static apr_status_t read_source(void *baton, anshin_op_t *target)
{
    moving_t *moving = baton;
    apr_status_t status = anshin_dump_lines(moving->op, write_line, moving);

    status = status == APR_SUCCESS ? moving->move->settle(moving->move->file) : status;
    if (status != APR_SUCCESS && moving->op->error.text[0] == '\0') {
        status = anshin_fail(&moving->op->error, status, "AN1941",
                             "store move: what is read out of the store cannot be kept for so long: the disk of the "
                             "state directory is full");
    }
    status = status == APR_SUCCESS ? moving->move->lines->rewind(moving->move->lines->ctx, &moving->op->error) : status;
    target->error = moving->op->error;
    return status;
}

/* --- the target --------------------------------------------------------------------------------------------------- */

static void tell_load(void *baton, int writes, apr_int64_t lines)
{
    tell(baton, writes ? ANSHIN_MOVE_WRITTEN : ANSHIN_MOVE_CHECKED, lines);
}

static apr_status_t compare_line(void *baton, const char *line, apr_size_t length)
{
    moving_t *moving = baton;
    const anshin_load_source_t *lines = moving->move->lines;
    anshin_error_t *err = &moving->op->error;
    const char *theirs;
    apr_size_t its;
    apr_status_t status = lines->next(lines->ctx, &theirs, &its, err);

    tell(moving, ANSHIN_MOVE_COMPARED, ++moving->lines);
    if (status == ANSHIN_EFAULT) {
        return status;
    }
    return status == APR_SUCCESS && its == length && memcmp(line, theirs, length) == 0
               ? APR_SUCCESS
               : anshin_fail(err, ANSHIN_EFAULT, "AN1942",
                             "store move: what was written is not what was read, at line %ld; nobody can open "
                             "the target, and the source is as it was",
                             (long)moving->lines);
}

/* Is it all there? Then nobody works on the source any more. */
static apr_status_t settle(void *baton, anshin_op_t *target)
{
    moving_t *moving = baton;
    const anshin_load_source_t *lines = moving->move->lines;
    anshin_error_t *err = &moving->op->error;
    const char *none;
    apr_size_t length;
    apr_status_t status = lines->rewind(lines->ctx, err);

    moving->lines = 0;
    status = status == APR_SUCCESS ? anshin_dump_lines(target, compare_line, moving) : status;
    if (status == APR_SUCCESS && lines->next(lines->ctx, &none, &length, err) != APR_EOF) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN1943", "store move: not all that was read was written");
    }
    if (status == APR_SUCCESS) {
        status = anshin_store_mark_set(moving->op, ANSHIN_MARK_MOVED, moving->move->to);
    }
    target->error = err->text[0] != '\0' ? *err : target->error;
    return status;
}

apr_status_t anshin_move(anshin_op_t *op, const anshin_move_t *move, anshin_loaded_t *moved)
{
    moving_t moving = {.op = op, .move = move};
    const anshin_load_how_t how = {.replace = move->replace,
                                   .moves = 1,
                                   .begin = read_source,
                                   .settle = settle,
                                   .progress = tell_load,
                                   .baton = &moving};
    anshin_op_t target;
    apr_status_t status = check(op, move);

    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_op_init(&target, move->target, NULL, &op->actor, op->pool);
    status = anshin_load_by(&target, move->lines, &how, moved);
    if (status != APR_SUCCESS) {
        op->error = target.error;
    }
    return status;
}
