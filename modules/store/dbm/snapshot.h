/*
 * A snapshot: what one process sees of the store, a base and the overlay over it. It grows as the journal grows; when
 * the next base is there, a new snapshot takes its place, and the old one lives until its last transaction has ended.
 */
#ifndef ANSHIN_STORE_SNAPSHOT_H
#define ANSHIN_STORE_SNAPSHOT_H

#include "store/files/base.h"
#include "store/files/control.h"
#include "store/files/journal.h"
#include "store/files/overlay.h"

typedef struct anshin_snapshot_t {
    apr_pool_t *pool;
    anshin_room_t room; /* of pool, for what is read of the journals */
    anshin_base_t *base;
    anshin_overlay_t *overlay;
    anshin_journal_t journals[2]; /* of the base's number, and the one after it */
    int journal_count;
    anshin_mark_t mark;         /* how far the last of them was read */
    anshin_position_t position; /* the same as a position */
    int references;             /* kept by the owner */
} anshin_snapshot_t;

/* Where and how the store lies; outlives every snapshot. */
typedef struct anshin_store_place_t {
    const anshin_directory_t *directory;
    const char *base_type;
    int lock_fd;
    apr_uint64_t hash_key[2];
} anshin_store_place_t;

/* Open the snapshot of a state. ANSHIN_ENOTFOUND (no error recorded): a file of it is gone, because the state has moved
 * on.
 */
apr_status_t anshin_snapshot_open(anshin_snapshot_t **snapshot, const anshin_store_place_t *place, anshin_state_t state,
                                  anshin_error_t *err);
void anshin_snapshot_close(anshin_snapshot_t *snapshot);

/* Read on to a later state with the same base. One thread at a time; others may read the overlay meanwhile. The answers
 * of anshin_snapshot_open. */
apr_status_t anshin_snapshot_advance(anshin_snapshot_t *snapshot, const anshin_store_place_t *place,
                                     anshin_state_t state, anshin_error_t *err);

/* The journal that is written. */
anshin_journal_t *anshin_snapshot_journal(anshin_snapshot_t *snapshot);

#endif
