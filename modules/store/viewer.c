/*
 * The viewer hands out views: see viewer.h.
 */
#include "store/viewer.h"

#define TRIES 100

apr_status_t anshin_viewer_open(anshin_viewer_t *viewer, const anshin_hash_place_t *place,
                                const anshin_control_t *control, anshin_error_t *err, apr_pool_t *pool)
{
    viewer->place = place;
    viewer->control = control;
    viewer->newest = NULL;
    if (apr_thread_mutex_create(&viewer->mutex, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0385", "store: cannot make a mutex");
    }
    return APR_SUCCESS;
}

static void drop(anshin_view_t *view)
{
    if (view != NULL && --view->references == 0) {
        anshin_view_close(view);
    }
}

void anshin_viewer_close(anshin_viewer_t *viewer)
{
    drop(viewer->newest);
    viewer->newest = NULL;
}

/* The newest view, brought up to a state. */
static apr_status_t reach(anshin_viewer_t *viewer, anshin_state_t state, anshin_error_t *err)
{
    anshin_view_t *view = viewer->newest;
    apr_status_t status;

    if (view != NULL && anshin_base_number(view->base) == anshin_state_base(state)) {
        return view->position == anshin_state_position(state) ? APR_SUCCESS
                                                              : anshin_view_advance(view, viewer->place, state, err);
    }
    status = anshin_view_open(&view, viewer->place, state, err);
    if (status == APR_SUCCESS) {
        drop(viewer->newest);
        view->references = 1;
        viewer->newest = view;
    }
    return status;
}

/* Files of a state that has passed may be gone: then there is a newer one. */
static apr_status_t refresh(anshin_viewer_t *viewer, anshin_error_t *err)
{
    for (int i = 0; i < TRIES; i++) {
        anshin_state_t state = anshin_control_state(viewer->control);
        apr_status_t status = reach(viewer, state, err);

        if (status != ANSHIN_ENOTFOUND) {
            return status;
        }
        if (state == anshin_control_state(viewer->control)) {
            break;
        }
    }
    return anshin_fail(err, ANSHIN_EFAULT, "AN0387", "store: a file of the current state is missing in %s",
                       viewer->place->folder->path);
}

apr_status_t anshin_viewer_take(anshin_view_t **view, anshin_position_t *position, anshin_mark_t *mark,
                                anshin_viewer_t *viewer, anshin_error_t *err)
{
    apr_status_t status;

    apr_thread_mutex_lock(viewer->mutex);
    status = refresh(viewer, err);
    if (status == APR_SUCCESS) {
        *view = viewer->newest;
        (*view)->references++;
        *position = (*view)->position;
        *mark = (*view)->mark;
    }
    apr_thread_mutex_unlock(viewer->mutex);
    return status;
}

void anshin_viewer_give_back(anshin_viewer_t *viewer, anshin_view_t *view)
{
    apr_thread_mutex_lock(viewer->mutex);
    drop(view);
    apr_thread_mutex_unlock(viewer->mutex);
}

void anshin_viewer_let_go(anshin_viewer_t *viewer)
{
    apr_thread_mutex_lock(viewer->mutex);
    if (viewer->newest != NULL &&
        anshin_base_number(viewer->newest->base) != anshin_state_base(anshin_control_state(viewer->control))) {
        drop(viewer->newest);
        viewer->newest = NULL;
    }
    apr_thread_mutex_unlock(viewer->mutex);
}
