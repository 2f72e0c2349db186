/*
 * Slots: how many password hashes all processes together may compute at once, and the memory each of them works in.
 * Private to modules/crypto.
 *
 * A slot is a lock on a file slot.N, so the kernel gives it back when its holder dies. The memory of a slot (its arena)
 * belongs to this process and is used again, since fresh memory costs more than the hash itself; between hashes the
 * kernel may take the pages back when it needs them.
 */
#ifndef ANSHIN_CRYPTO_SLOT_H
#define ANSHIN_CRYPTO_SLOT_H

#include "core/base/crypto.h"

typedef struct anshin_slots_t anshin_slots_t;

typedef struct anshin_slot_t {
    int number;
    void *arena; /* arena_size octets, aligned to a huge page; content undefined */
    apr_size_t arena_size;
} anshin_slot_t;

typedef struct anshin_slot_limits_t {
    int count;                /* of slots, over all processes: 1 to ANSHIN_HASH_SLOTS_MAX */
    apr_size_t arena_size;    /* octets */
    int line;                 /* threads of this process that wait at once; strangers leave a quarter; 0: any number */
    apr_interval_time_t wait; /* how long each of them */
} anshin_slot_limits_t;

/* Two lines: who is known stands in the first, and is served before all who stand in the second, in this process and in
 * the others (S37). In the second, one address has a quarter of the places (two at least) as soon as half of them are
 * taken; of one known account one attempt stands in the first, further ones in the second.
 *
 * Opens the lock files (made where missing, mode 0660) for this process alone; the arenas come at their first use.
 * pool's cleanup closes and unmaps. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_slots_open(anshin_slots_t **slots, const char *directory, const anshin_slot_limits_t *limits,
                               anshin_error_t *err, apr_pool_t *pool);

/* Take a slot; it is owned until anshin_slot_release(). place NULL: known, and any number of them. Thread safe. Threads
 * of one process are served in the order in which they came to their line; between processes it is chance.
 * APR_SUCCESS; ANSHIN_EBUSY (none came free in time, or at once: too many wait already); ANSHIN_EFAULT (no memory, or
 * this is a forked copy). */
apr_status_t anshin_slot_acquire(anshin_slot_t **slot, anshin_slots_t *slots, const anshin_hash_place_t *place);

/* How many threads of this process wait. */
int anshin_slots_waiting(anshin_slots_t *slots);
void anshin_slot_release(anshin_slots_t *slots, anshin_slot_t *slot);

#endif
