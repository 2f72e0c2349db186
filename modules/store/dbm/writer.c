/*
 * Writing: see writer.h.
 *
 * A writer that dies before it moved the state word leaves octets behind the end of the journal; the next one writes
 * over them, with an end behind its batch, so that nothing of them can ever be taken for a batch.
 */
#include "store/dbm/writer.h"

#include <string.h>

#include "core/base/waiting.h"
#include "store/files/lock.h"

#define WRITE_WAIT apr_time_from_sec(5)
#define SYNC_WAIT apr_time_from_sec(5)
#define CHECKPOINT_LENGTH 4194304

apr_status_t anshin_writer_open(anshin_writer_t *writer, const anshin_store_place_t *place, anshin_control_t *control,
                                anshin_error_t *err, apr_pool_t *pool)
{
    writer->place = place;
    writer->control = control;
    if (apr_thread_mutex_create(&writer->writing, APR_THREAD_MUTEX_TIMED, pool) != APR_SUCCESS ||
        apr_thread_mutex_create(&writer->syncing, APR_THREAD_MUTEX_TIMED, pool) != APR_SUCCESS ||
        apr_thread_mutex_create(&writer->flushing, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0369", "store: cannot make a mutex");
    }
    return APR_SUCCESS;
}

static apr_status_t check_fault(const anshin_writer_t *writer, anshin_error_t *err)
{
    int code = anshin_control_fault(writer->control);

    if (code != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0370",
                           "store: writing has stopped, because the disk failed: %s; "
                           "restart all programs that use the store",
                           strerror(code));
    }
    return APR_SUCCESS;
}

/* The kernel tells a failed write once a descriptor, which all threads of a process share: of two that sync at the same
 * time one would hear that all is well. So they go one by one, and whoever comes after a failure finds the fault. */
static apr_status_t flush(anshin_writer_t *writer, const anshin_journal_t *journal)
{
    int code;

    apr_thread_mutex_lock(writer->flushing);
    code = anshin_control_fault(writer->control);
    if (code == 0) {
        code = anshin_journal_sync(journal);
        if (code != 0) {
            anshin_control_set_fault(writer->control, code);
        }
    }
    apr_thread_mutex_unlock(writer->flushing);
    return code;
}

/* --- the lock ----------------------------------------------------------------------------------------------------- */

apr_status_t anshin_writer_lock(anshin_writer_t *writer, anshin_error_t *err)
{
    apr_status_t status = check_fault(writer, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (apr_thread_mutex_timedlock(writer->writing, WRITE_WAIT) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EBUSY, "AN0371", "store: another thread's write transaction does not end");
    }
    status = anshin_lock_wait(writer->place->lock_fd, ANSHIN_LOCK_WRITER, ANSHIN_LOCK_EXCLUSIVE, WRITE_WAIT, err);
    if (status == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    apr_thread_mutex_unlock(writer->writing);
    return status == ANSHIN_EBUSY
               ? anshin_fail(err, status, "AN0372", "store: another process's write transaction does not end")
               : status;
}

void anshin_writer_unlock(anshin_writer_t *writer)
{
    anshin_lock_release(writer->place->lock_fd, ANSHIN_LOCK_WRITER);
    apr_thread_mutex_unlock(writer->writing);
}

/* --- appending ---------------------------------------------------------------------------------------------------- */

/* Begin the next journal. This one becomes durable first: the header of the next says where it ends, and nobody will
 * sync it again. When it does not work (for example because the disk is full), this journal just grows on. */
static void rotate(anshin_writer_t *writer, const anshin_journal_t *journal, anshin_mark_t end, apr_pool_t *pool)
{
    apr_uint32_t next = journal->number + 1;
    anshin_error_t err = {0};

    if (flush(writer, journal) != APR_SUCCESS) {
        return;
    }
    if (next > ANSHIN_GENERATION_MAX || anshin_journal_create(writer->place->directory, next, end,
                                                              writer->place->base_type, &err, pool) != APR_SUCCESS) {
        anshin_control_note(writer->control, err.text);
        return;
    }
    anshin_control_rotate(writer->control, next, ANSHIN_JOURNAL_HEADER);
}

static apr_status_t check_room(const anshin_writer_t *writer, anshin_mark_t mark, const anshin_batch_t *batch,
                               anshin_error_t *err)
{
    char note[160];

    if (batch->length + ANSHIN_BATCH_HEADER <= ANSHIN_JOURNAL_LIMIT - mark.length) {
        return APR_SUCCESS;
    }
    anshin_control_last_note(note, sizeof(note), writer->control);
    return anshin_fail(err, ANSHIN_EFAULT, "AN0332", "store: the journal is full, because checkpoints fail: %s", note);
}

int anshin_writer_is_due(const anshin_writer_t *writer)
{
    anshin_state_t state = anshin_control_state(writer->control);

    return anshin_state_length(state) >= CHECKPOINT_LENGTH && !anshin_state_checkpointing(state);
}

void anshin_writer_rotate(anshin_writer_t *writer, const anshin_journal_t *journal, anshin_mark_t end)
{
    apr_pool_t *pool;

    if (anshin_writer_is_due(writer) && apr_pool_create_unmanaged(&pool) == APR_SUCCESS) {
        rotate(writer, journal, end, pool);
        apr_pool_destroy(pool);
    }
}

apr_status_t anshin_writer_begin_next(anshin_writer_t *writer, const anshin_journal_t *journal, anshin_mark_t end,
                                      anshin_error_t *err)
{
    char note[160];
    apr_pool_t *pool;

    if (apr_pool_create_unmanaged(&pool) == APR_SUCCESS) {
        rotate(writer, journal, end, pool);
        apr_pool_destroy(pool);
    }
    if (anshin_state_generation(anshin_control_state(writer->control)) == journal->number + 1) {
        return APR_SUCCESS;
    }
    anshin_control_last_note(note, sizeof(note), writer->control);
    return anshin_fail(err, ANSHIN_EFAULT, "AN1006", "store: the next journal cannot be begun: %s", note);
}

apr_status_t anshin_writer_append(anshin_writer_t *writer, anshin_journal_t *journal, anshin_mark_t mark,
                                  anshin_batch_t *batch, anshin_position_t *position, anshin_error_t *err)
{
    anshin_mark_t end = mark;
    apr_status_t status = check_fault(writer, err);

    if (status == APR_SUCCESS) {
        status = check_room(writer, mark, batch, err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_journal_append(journal, &end, batch, err);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    *position = anshin_state_make(journal->number, end.length, 0);
    anshin_control_advance(writer->control, end.length - mark.length);
    anshin_writer_rotate(writer, journal, end);
    return APR_SUCCESS;
}

/* --- durability --------------------------------------------------------------------------------------------------- */

/* A journal that is no longer written was synced before the next one began. */
static int is_durable(const anshin_writer_t *writer, anshin_position_t position)
{
    return anshin_control_synced(writer->control) >= position ||
           anshin_state_generation(anshin_control_state(writer->control)) > anshin_state_generation(position);
}

static apr_status_t sync_now(anshin_writer_t *writer, const anshin_journal_t *journal, anshin_error_t *err)
{
    anshin_state_t state = anshin_control_state(writer->control);

    if (anshin_state_generation(state) != journal->number) {
        return APR_SUCCESS;
    }
    if (flush(writer, journal) != APR_SUCCESS) {
        return check_fault(writer, err);
    }
    anshin_control_set_synced(writer->control, anshin_state_position(state));
    return APR_SUCCESS;
}

/* Wait for whoever is at it, or be it. A process that is stopped in the middle must not stop the others, so waiting has
 * an end: syncs of two processes at once do no harm, each has descriptors of its own. Answers 1 when this thread has
 * the lock. */
static int wait_for_turn(anshin_writer_t *writer, anshin_position_t position)
{
    apr_interval_time_t pause = 0;
    apr_time_t deadline = anshin_uptime_now() + SYNC_WAIT;

    while (!is_durable(writer, position) && anshin_control_fault(writer->control) == 0 &&
           anshin_uptime_now() < deadline) {
        if (anshin_lock_try(writer->place->lock_fd, ANSHIN_LOCK_SYNC, ANSHIN_LOCK_EXCLUSIVE, NULL) == APR_SUCCESS) {
            return 1;
        }
        anshin_lock_pause(&pause);
    }
    return 0;
}

apr_status_t anshin_writer_sync(anshin_writer_t *writer, const anshin_journal_t *journal, anshin_position_t position,
                                anshin_error_t *err)
{
    int threads_turn;
    int turn;
    apr_status_t status = APR_SUCCESS;

    if (is_durable(writer, position)) {
        return APR_SUCCESS;
    }
    threads_turn = apr_thread_mutex_timedlock(writer->syncing, SYNC_WAIT) == APR_SUCCESS;
    turn = threads_turn && wait_for_turn(writer, position);
    if (!is_durable(writer, position)) {
        status = check_fault(writer, err);
        if (status == APR_SUCCESS) {
            status = sync_now(writer, journal, err);
        }
    }
    if (turn) {
        anshin_lock_release(writer->place->lock_fd, ANSHIN_LOCK_SYNC);
    }
    if (threads_turn) {
        apr_thread_mutex_unlock(writer->syncing);
    }
    return status;
}
