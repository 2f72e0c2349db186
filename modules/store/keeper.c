/*
 * The keeper: see keeper.h.
 *
 * It looks twice a second, which costs next to nothing and needs no way for one process to call another.
 */
#include "store/keeper.h"

#include <signal.h>
#include <unistd.h>

#include "store/checkpoint.h"

#define LOOK_EVERY (APR_USEC_PER_SEC / 2)
#define RETRY_AFTER apr_time_from_sec(2)

/* Why a checkpoint failed is noted until one works: for the operator, and for the writer that finds the journal full.
 * Answers when to try again. */
static apr_time_t make_checkpoint(anshin_keeper_t *keeper, apr_time_t not_before)
{
    anshin_error_t err = {0};
    apr_status_t status;

    if (!anshin_state_folding(anshin_control_state(keeper->control)) || apr_time_now() < not_before) {
        return not_before;
    }
    status = anshin_checkpoint_run(keeper->place, keeper->control, keeper->lock_fd, &err);
    if (err.status != APR_SUCCESS) {
        anshin_control_note(keeper->control, err.text);
    } else if (status == APR_SUCCESS && !anshin_state_folding(anshin_control_state(keeper->control))) {
        anshin_control_note(keeper->control, "");
    }
    return status == APR_SUCCESS ? 0 : apr_time_now() + RETRY_AFTER;
}

/* A journal that became long while the last checkpoint was made, and that nobody has written to since. */
static void begin_journal(anshin_keeper_t *keeper)
{
    anshin_position_t position;
    anshin_view_t *view;
    anshin_mark_t end;

    if (!anshin_writer_is_due(keeper->writer) || anshin_writer_lock(keeper->writer, NULL) != APR_SUCCESS) {
        return;
    }
    if (anshin_viewer_take(&view, &position, &end, keeper->viewer, NULL) == APR_SUCCESS) {
        anshin_writer_rotate(keeper->writer, anshin_view_journal(view), end);
        anshin_viewer_give_back(keeper->viewer, view);
    }
    anshin_writer_unlock(keeper->writer);
}

static void *APR_THREAD_FUNC keep(apr_thread_t *thread, void *baton)
{
    anshin_keeper_t *keeper = baton;
    apr_time_t not_before = 0;
    int stopping = 0;

    (void)thread;
    while (!stopping) {
        begin_journal(keeper);
        not_before = make_checkpoint(keeper, not_before);
        anshin_viewer_let_go(keeper->viewer);
        apr_thread_mutex_lock(keeper->mutex);
        if (!keeper->stopping) {
            (void)apr_thread_cond_timedwait(keeper->changed, keeper->mutex, LOOK_EVERY);
        }
        stopping = keeper->stopping;
        apr_thread_mutex_unlock(keeper->mutex);
    }
    (void)make_checkpoint(keeper, not_before); /* programs that run for a moment must not leave it all to others */
    return NULL;
}

/* Signals belong to the program's own threads. */
static apr_status_t start_thread(anshin_keeper_t *keeper, apr_pool_t *pool)
{
    sigset_t all;
    sigset_t before;
    apr_status_t status;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    status = apr_thread_create(&keeper->thread, NULL, keep, keeper, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

apr_status_t anshin_keeper_open(anshin_keeper_t *keeper, const anshin_hash_place_t *place, anshin_control_t *control,
                                anshin_viewer_t *viewer, anshin_writer_t *writer, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = anshin_control_reopen(&keeper->lock_fd, place->folder, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    keeper->place = place;
    keeper->control = control;
    keeper->viewer = viewer;
    keeper->writer = writer;
    keeper->stopping = 0;
    if (apr_thread_mutex_create(&keeper->mutex, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS ||
        apr_thread_cond_create(&keeper->changed, pool) != APR_SUCCESS || start_thread(keeper, pool) != APR_SUCCESS) {
        anshin_keeper_forget(keeper);
        return anshin_fail(err, ANSHIN_EFAULT, "AN0393", "store: cannot start a thread");
    }
    return APR_SUCCESS;
}

void anshin_keeper_wake(anshin_keeper_t *keeper)
{
    apr_thread_cond_signal(keeper->changed);
}

void anshin_keeper_close(anshin_keeper_t *keeper)
{
    apr_status_t status;

    apr_thread_mutex_lock(keeper->mutex);
    keeper->stopping = 1;
    apr_thread_cond_signal(keeper->changed);
    apr_thread_mutex_unlock(keeper->mutex);
    (void)apr_thread_join(&status, keeper->thread);
    anshin_keeper_forget(keeper);
}

void anshin_keeper_forget(anshin_keeper_t *keeper)
{
    close(keeper->lock_fd);
    keeper->lock_fd = -1;
}
