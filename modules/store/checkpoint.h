/*
 * Checkpoints: folding a full journal into the next base, so that journals stay short.
 *
 *   writer   journal.G has grown over the limit: begins journal.G+1 (writer.h) and sets folding
 *   thread   makes base.work of base.G-1 and journals G-1 and G, or of a copy of base.G and journal G; reads it through;
 *            renames it base.G+1; clears folding; removes what nobody needs any more
 *
 * Killed at any point, it is begun anew by the next writer that finds folding set and nobody at it: base.work is always
 * made from the start, and every step before the rename leaves base.G and the journals as they are.
 */
#ifndef ANSHIN_STORE_CHECKPOINT_H
#define ANSHIN_STORE_CHECKPOINT_H

#include <stdatomic.h>

#include <apr_thread_proc.h>

#include "store/control.h"
#include "store/view.h"

typedef struct anshin_checkpoint_t {
    const anshin_place_t *place;
    anshin_control_t *control;
    int lock_fd; /* an open of the control file of its own, to exclude readers in this process too */
    apr_pool_t *pool;
    apr_thread_t *thread;
    _Atomic int running;
    _Atomic apr_time_t retry_at; /* after a failure */
} anshin_checkpoint_t;

/* Make one that can run. place and control must outlive it. */
apr_status_t anshin_checkpoint_open(anshin_checkpoint_t *checkpoint, const anshin_place_t *place,
                                    anshin_control_t *control, anshin_error_t *err);

/* Start it in the background if there is need and nobody is at it. Why it failed is noted in the control file. */
void anshin_checkpoint_start(anshin_checkpoint_t *checkpoint);

/* Wait until it has ended. */
void anshin_checkpoint_close(anshin_checkpoint_t *checkpoint);

/* After fork, in the child: give up what belongs to the parent without touching its locks. */
void anshin_checkpoint_forget(anshin_checkpoint_t *checkpoint);

/* Remove unfinished work, journals older than `oldest`, and bases older than it that nobody reads. */
apr_status_t anshin_checkpoint_clean(const anshin_folder_t *folder, apr_uint32_t oldest, int lock_fd,
                                     anshin_error_t *err);

/* The number N of a name "STEM.N", or 0. */
apr_uint32_t anshin_checkpoint_number(const char *name, const char *stem);

#endif
