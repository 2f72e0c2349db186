/*
 * Checkpoints: a full journal becomes part of the next base, so that journals stay short.
 *
 *   writer        journal.G has grown over the limit: begins journal.G+1 (writer.h) and sets checkpointing
 *   checkpointer  (checkpointer.h) of one process makes base.work of base.G-1 and journals G-1 and G, or of a copy of
 *                 base.G and journal G; reads it through; renames it base.G+1; clears checkpointing; removes what
 *                 nobody needs any more
 *
 * Killed at any point, it is begun anew by the next checkpointer that finds checkpointing set and nobody at it:
 * base.work is always made from the start, and every step before the rename leaves base.G and the journals as they are.
 */
#ifndef ANSHIN_STORE_CHECKPOINT_H
#define ANSHIN_STORE_CHECKPOINT_H

#include "store/files/control.h"
#include "store/dbm/snapshot.h"

/* Make the base that the state waits for, if it waits for one and no other process is at it. lock_fd: an open of the
 * control file of its own, so that readers in this process are excluded as well. ANSHIN_EFAULT: it could not be made,
 * and the store goes on with the old one. */
apr_status_t anshin_checkpoint_run(const anshin_store_place_t *place, anshin_control_t *control, int lock_fd,
                                   anshin_error_t *err);

/* Remove unfinished work, journals older than `oldest`, and bases older than it that nobody reads. */
apr_status_t anshin_checkpoint_clean(const anshin_directory_t *directory, apr_uint32_t oldest, int lock_fd,
                                     anshin_error_t *err);

/* scrub.N: bases up to base.N are made anew, without what was deleted (scrub.h). */
#define ANSHIN_SCRUB_STEM "scrub."

/* The number N of a name "STEM.N", or 0. */
apr_uint32_t anshin_checkpoint_number(const char *name, const char *stem);

#endif
