/*
 * The checkpointer: see checkpointer.h.
 *
 * It looks twice a second, which costs next to nothing and needs no way for one process to call another.
 */
#include "store/dbm/checkpointer.h"

#include <signal.h>
#include <unistd.h>

#include "store/dbm/checkpoint.h"

#define LOOK_EVERY (APR_USEC_PER_SEC / 2)
#define RETRY_AFTER apr_time_from_sec(2)

/* Why a checkpoint failed is noted until one works: for the operator, and for the writer that finds the journal full.
 * Answers when to try again. */
static apr_time_t make_checkpoint(anshin_checkpointer_t *checkpointer, apr_time_t not_before)
{
    anshin_control_t *control = checkpointer->writer->control;
    anshin_error_t err = {0};
    apr_status_t status;

    if (!anshin_state_checkpointing(anshin_control_state(control)) || anshin_uptime_now() < not_before) {
        return not_before;
    }
    status = anshin_checkpoint_run(checkpointer->writer->place, control, checkpointer->lock_fd, &err);
    if (err.status != APR_SUCCESS) {
        anshin_control_note(control, err.text);
    } else if (status == APR_SUCCESS && !anshin_state_checkpointing(anshin_control_state(control))) {
        anshin_control_note(control, "");
    }
    return status == APR_SUCCESS ? 0 : anshin_uptime_now() + RETRY_AFTER;
}

/* A journal that became long while the last checkpoint was made, and that nobody has written to since. */
static void begin_journal(anshin_checkpointer_t *checkpointer)
{
    anshin_position_t position;
    anshin_snapshot_t *snapshot;
    anshin_mark_t end;

    if (!anshin_writer_is_due(checkpointer->writer) || anshin_writer_lock(checkpointer->writer, NULL) != APR_SUCCESS) {
        return;
    }
    if (anshin_snapshots_take(&snapshot, &position, &end, checkpointer->snapshots, NULL) == APR_SUCCESS) {
        anshin_writer_rotate(checkpointer->writer, anshin_snapshot_journal(snapshot), end);
        anshin_snapshots_give_back(checkpointer->snapshots, snapshot);
    }
    anshin_writer_unlock(checkpointer->writer);
}

static void *APR_THREAD_FUNC keep(apr_thread_t *thread, void *baton)
{
    anshin_checkpointer_t *checkpointer = baton;
    apr_time_t not_before = 0;
    int stopping = 0;

    (void)thread;
    while (!stopping) {
        begin_journal(checkpointer);
        not_before = make_checkpoint(checkpointer, not_before);
        anshin_snapshots_let_go(checkpointer->snapshots);
        anshin_monitor_enter(&checkpointer->monitor);
        if (!checkpointer->stopping) {
            anshin_monitor_wait(&checkpointer->monitor, anshin_uptime_now() + LOOK_EVERY);
        }
        stopping = checkpointer->stopping;
        anshin_monitor_leave(&checkpointer->monitor);
    }
    (void)make_checkpoint(checkpointer,
                          not_before); /* programs that run for a moment must not leave it all to others */
    return NULL;
}

/* Signals belong to the program's own threads. */
static apr_status_t start_thread(anshin_checkpointer_t *checkpointer, apr_pool_t *pool)
{
    sigset_t all;
    sigset_t before;
    apr_status_t status;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    status = apr_thread_create(&checkpointer->thread, NULL, keep, checkpointer, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

apr_status_t anshin_checkpointer_open(anshin_checkpointer_t *checkpointer, anshin_snapshots_t *snapshots,
                                      anshin_writer_t *writer, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = anshin_control_reopen(&checkpointer->lock_fd, writer->place->directory, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    checkpointer->snapshots = snapshots;
    checkpointer->writer = writer;
    checkpointer->stopping = 0;
    anshin_monitor_init(&checkpointer->monitor);
    if (start_thread(checkpointer, pool) != APR_SUCCESS) {
        anshin_checkpointer_forget(checkpointer);
        return anshin_fail(err, ANSHIN_EFAULT, "AN0393", "store: cannot start a thread");
    }
    return APR_SUCCESS;
}

void anshin_checkpointer_wake(anshin_checkpointer_t *checkpointer)
{
    anshin_monitor_tell(&checkpointer->monitor);
}

void anshin_checkpointer_close(anshin_checkpointer_t *checkpointer)
{
    apr_status_t status;

    anshin_monitor_enter(&checkpointer->monitor);
    checkpointer->stopping = 1;
    anshin_monitor_tell(&checkpointer->monitor);
    anshin_monitor_leave(&checkpointer->monitor);
    (void)apr_thread_join(&status, checkpointer->thread);
    anshin_checkpointer_forget(checkpointer);
}

void anshin_checkpointer_forget(anshin_checkpointer_t *checkpointer)
{
    close(checkpointer->lock_fd);
    checkpointer->lock_fd = -1;
}
