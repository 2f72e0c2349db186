/*
 * The snapshots hands out snapshots: see snapshots.h.
 */
#include "store/dbm/snapshots.h"

#define TRIES 100

apr_status_t anshin_snapshots_open(anshin_snapshots_t *snapshots, const anshin_store_place_t *place,
                                   const anshin_control_t *control, anshin_error_t *err, apr_pool_t *pool)
{
    snapshots->place = place;
    snapshots->control = control;
    snapshots->newest = NULL;
    if (apr_thread_mutex_create(&snapshots->mutex, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0385", "store: cannot make a mutex");
    }
    return APR_SUCCESS;
}

static void drop(anshin_snapshot_t *snapshot)
{
    if (snapshot != NULL && --snapshot->references == 0) {
        anshin_snapshot_close(snapshot);
    }
}

void anshin_snapshots_close(anshin_snapshots_t *snapshots)
{
    drop(snapshots->newest);
    snapshots->newest = NULL;
}

/* The newest snapshot, brought up to a state. */
static apr_status_t reach(anshin_snapshots_t *snapshots, anshin_state_t state, anshin_error_t *err)
{
    anshin_snapshot_t *snapshot = snapshots->newest;
    apr_status_t status;

    if (snapshot != NULL && anshin_base_number(snapshot->base) == anshin_state_base(state)) {
        return snapshot->position == anshin_state_position(state)
                   ? APR_SUCCESS
                   : anshin_snapshot_advance(snapshot, snapshots->place, state, err);
    }
    status = anshin_snapshot_open(&snapshot, snapshots->place, state, err);
    if (status == APR_SUCCESS) {
        drop(snapshots->newest);
        snapshot->references = 1;
        snapshots->newest = snapshot;
    }
    return status;
}

/* Files of a state that has passed may be gone: then there is a newer one. */
static apr_status_t refresh(anshin_snapshots_t *snapshots, anshin_error_t *err)
{
    for (int i = 0; i < TRIES; i++) {
        anshin_state_t state = anshin_control_state(snapshots->control);
        apr_status_t status = reach(snapshots, state, err);

        if (status != ANSHIN_ENOTFOUND) {
            return status;
        }
        if (state == anshin_control_state(snapshots->control)) {
            break;
        }
    }
    return anshin_fail(err, ANSHIN_EFAULT, "AN0387", "store: a file of the current state is missing in %s",
                       snapshots->place->directory->path);
}

apr_status_t anshin_snapshots_take(anshin_snapshot_t **snapshot, anshin_position_t *position, anshin_mark_t *mark,
                                   anshin_snapshots_t *snapshots, anshin_error_t *err)
{
    apr_status_t status;

    apr_thread_mutex_lock(snapshots->mutex);
    status = refresh(snapshots, err);
    if (status == APR_SUCCESS) {
        *snapshot = snapshots->newest;
        (*snapshot)->references++;
        *position = (*snapshot)->position;
        *mark = (*snapshot)->mark;
    }
    apr_thread_mutex_unlock(snapshots->mutex);
    return status;
}

void anshin_snapshots_give_back(anshin_snapshots_t *snapshots, anshin_snapshot_t *snapshot)
{
    apr_thread_mutex_lock(snapshots->mutex);
    drop(snapshot);
    apr_thread_mutex_unlock(snapshots->mutex);
}

void anshin_snapshots_let_go(anshin_snapshots_t *snapshots)
{
    apr_thread_mutex_lock(snapshots->mutex);
    if (snapshots->newest != NULL &&
        anshin_base_number(snapshots->newest->base) != anshin_state_base(anshin_control_state(snapshots->control))) {
        drop(snapshots->newest);
        snapshots->newest = NULL;
    }
    apr_thread_mutex_unlock(snapshots->mutex);
}
