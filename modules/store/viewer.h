/*
 * The viewer hands out views: to every transaction of a process the one that shows all that is committed when it
 * begins.
 */
#ifndef ANSHIN_STORE_VIEWER_H
#define ANSHIN_STORE_VIEWER_H

#include <apr_thread_mutex.h>

#include "store/control.h"
#include "store/view.h"

typedef struct anshin_viewer_t {
    const anshin_hash_place_t *place;
    const anshin_control_t *control;
    apr_thread_mutex_t *mutex; /* around newest, its growth, and the references of all views */
    anshin_view_t *newest;     /* NULL until the first transaction */
} anshin_viewer_t;

apr_status_t anshin_viewer_open(anshin_viewer_t *viewer, const anshin_hash_place_t *place,
                                const anshin_control_t *control, anshin_error_t *err, apr_pool_t *pool);

/* After the last view was given back. */
void anshin_viewer_close(anshin_viewer_t *viewer);

/* Take a view: *position is what it shows now, *mark the same as a place in the journal. Others may let it grow: look
 * at nothing beyond *position. Give it back. */
apr_status_t anshin_viewer_take(anshin_view_t **view, anshin_position_t *position, anshin_mark_t *mark,
                                anshin_viewer_t *viewer, anshin_error_t *err);
void anshin_viewer_give_back(anshin_viewer_t *viewer, anshin_view_t *view);

/* If the newest view is of a base that was replaced, let go of it; transactions that have it keep it. */
void anshin_viewer_let_go(anshin_viewer_t *viewer);

#endif
