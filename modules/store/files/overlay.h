/*
 * The overlay: what the journals say, in memory, over a base that does not have it yet.
 *
 * Every version of a record that the journals hold stays until the overlay goes, stamped with the position at which it
 * was committed; so a transaction sees the state at the position it began with, whatever is added meanwhile.
 *
 * One thread at a time may add. Any number may find and walk at the same moment, without a lock.
 */
#ifndef ANSHIN_STORE_OVERLAY_H
#define ANSHIN_STORE_OVERLAY_H

#include "store/files/control.h"
#include "store/files/journal.h"

typedef struct anshin_overlay_t anshin_overlay_t;

typedef struct anshin_version_t {
    const struct anshin_version_t *older;
    anshin_position_t position;
    const void *value; /* NULL: erased */
    apr_size_t length;
} anshin_version_t;

/* An empty one. hash_key: random, so that nobody can choose keys that collide. octets: how much journal it is going to
 * hold at first; it may grow beyond that. */
anshin_overlay_t *anshin_overlay_make(const apr_uint64_t hash_key[2], apr_size_t octets, apr_pool_t *pool);

/* Add a change. Its key and value are not copied: they must live as long as the overlay's pool. */
void anshin_overlay_add(anshin_overlay_t *overlay, const anshin_change_t *change, anshin_position_t position);

/* The newest version not after position; NULL: the overlay knows nothing of this record, ask the base. */
const anshin_version_t *anshin_overlay_find(const anshin_overlay_t *overlay, unsigned char type, const char *key,
                                            apr_size_t key_length, anshin_position_t position);

/* Call visit for every record that has a version not after position, with that version as a change. An answer other
 * than APR_SUCCESS ends the walk and is returned. */
typedef apr_status_t anshin_overlay_visit_fn(void *baton, const anshin_change_t *change);
apr_status_t anshin_overlay_each(const anshin_overlay_t *overlay, anshin_position_t position,
                                 anshin_overlay_visit_fn *visit, void *baton);

#endif
