/*
 * A view: what one process sees of the store, a base and the overlay over it. It grows as the journal grows; when the
 * next base is there, a new view takes its place, and the old one lives until its last transaction has ended.
 */
#ifndef ANSHIN_STORE_VIEW_H
#define ANSHIN_STORE_VIEW_H

#include "store/base.h"
#include "store/control.h"
#include "store/journal.h"
#include "store/overlay.h"

typedef struct anshin_view_t {
    apr_pool_t *pool;
    anshin_base_t *base;
    anshin_overlay_t *overlay;
    anshin_journal_t journals[2]; /* of the base's number, and the one after it */
    int journal_count;
    anshin_mark_t mark;         /* how far the last of them was read */
    anshin_position_t position; /* the same as a position */
    int references;             /* kept by the owner */
} anshin_view_t;

/* Where and how the store lies; outlives every view. */
typedef struct anshin_hash_place_t {
    const anshin_folder_t *folder;
    const char *base_type;
    int lock_fd;
    apr_uint64_t hash_key[2];
} anshin_hash_place_t;

/* Open the view of a state. ANSHIN_ENOTFOUND (no error recorded): a file of it is gone, because the state has moved on.
 */
apr_status_t anshin_view_open(anshin_view_t **view, const anshin_hash_place_t *place, anshin_state_t state,
                              anshin_error_t *err);
void anshin_view_close(anshin_view_t *view);

/* Read on to a later state with the same base. One thread at a time; others may read the overlay meanwhile. The answers
 * of anshin_view_open. */
apr_status_t anshin_view_advance(anshin_view_t *view, const anshin_hash_place_t *place, anshin_state_t state,
                                 anshin_error_t *err);

/* The journal that is written. */
anshin_journal_t *anshin_view_journal(anshin_view_t *view);

#endif
