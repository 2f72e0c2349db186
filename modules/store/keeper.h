/*
 * The keeper: a thread of every process that has the store open, for what no transaction should wait for. It makes
 * checkpoints (or takes up one whose maker was killed), and lets go of a base that a newer one has replaced: a process
 * that has nothing to do must not keep old bases from being used again.
 */
#ifndef ANSHIN_STORE_KEEPER_H
#define ANSHIN_STORE_KEEPER_H

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "store/control.h"
#include "store/view.h"
#include "store/viewer.h"
#include "store/writer.h"

typedef struct anshin_keeper_t {
    const anshin_hash_place_t *place;
    anshin_control_t *control;
    anshin_viewer_t *viewer;
    anshin_writer_t *writer;
    int lock_fd; /* an open of the control file of its own; see checkpoint.h */
    apr_thread_t *thread;
    apr_thread_mutex_t *mutex; /* around stopping, and for changed */
    apr_thread_cond_t *changed;
    int stopping;
} anshin_keeper_t;

/* Start. The others must outlive it, and pool. */
apr_status_t anshin_keeper_open(anshin_keeper_t *keeper, const anshin_hash_place_t *place, anshin_control_t *control,
                                anshin_viewer_t *viewer, anshin_writer_t *writer, anshin_error_t *err,
                                apr_pool_t *pool);

/* There is something to do: not at the next look, but now. */
void anshin_keeper_wake(anshin_keeper_t *keeper);

/* Wait until it has done what is to be done, and end it. */
void anshin_keeper_close(anshin_keeper_t *keeper);

/* After fork, in the child, which has no such thread: give up what was inherited. */
void anshin_keeper_forget(anshin_keeper_t *keeper);

#endif
