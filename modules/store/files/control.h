/*
 * The control file: one page that every process of the store maps, and (behind it) the lock bytes of lock.h.
 *
 * Its heart is the state word, one 64-bit atomic that says what is committed:
 *
 *     bit 63      checkpointing: base.G is not made yet, readers use base.G-1 with journal.G-1 and journal.G
 *     bits 32-62  G, the generation: the number of the journal that is written
 *     bits 0-31   how many octets of journal.G are committed
 *
 * A position is a state word without the checkpointing bit; positions grow with every commit. The page says nothing
 * after a reboot, so it carries the boot id; the truth is in journals and bases; recovery (recovery.h) makes it anew.
 */
#ifndef ANSHIN_STORE_CONTROL_H
#define ANSHIN_STORE_CONTROL_H

#include "store/files/directory.h"

typedef apr_uint64_t anshin_state_t;
typedef apr_uint64_t anshin_position_t;

#define ANSHIN_GENERATION_MAX 0x7fffffffu
#define ANSHIN_POSITION_LAST (~(anshin_position_t)0) /* after every position */

/* The state word of these parts. */
static inline anshin_state_t anshin_state_make(apr_uint32_t generation, apr_uint32_t length, int checkpointing)
{
    return (checkpointing ? (apr_uint64_t)1 << 63 : 0) | (apr_uint64_t)generation << 32 | length;
}

/* G. */
static inline apr_uint32_t anshin_state_generation(anshin_state_t state)
{
    return (apr_uint32_t)(state >> 32) & ANSHIN_GENERATION_MAX;
}

/* Octets of journal.G. */
static inline apr_uint32_t anshin_state_length(anshin_state_t state)
{
    return (apr_uint32_t)state;
}

/* 1 or 0. */
static inline int anshin_state_checkpointing(anshin_state_t state)
{
    return (int)(state >> 63);
}

/* The number of the base that readers use. */
static inline apr_uint32_t anshin_state_base(anshin_state_t state)
{
    return anshin_state_generation(state) - (apr_uint32_t)anshin_state_checkpointing(state);
}

/* Without the checkpointing bit. */
static inline anshin_position_t anshin_state_position(anshin_state_t state)
{
    return state & ~((apr_uint64_t)1 << 63);
}

struct anshin_page_t;

typedef struct anshin_control_t {
    int fd; /* also for the locks of lock.h */
    struct anshin_page_t *page;
} anshin_control_t;

/* Open and map; make the file when there is none. The page may still be invalid. */
apr_status_t anshin_control_open(anshin_control_t *control, const anshin_directory_t *directory, anshin_error_t *err,
                                 apr_pool_t *pool);
void anshin_control_close(anshin_control_t *control);

/* A second open of the file, for locks that must exclude the first one as well. */
apr_status_t anshin_control_reopen(int *fd, const anshin_directory_t *directory, anshin_error_t *err);

/* Was the page written since this machine started? */
int anshin_control_valid(const anshin_control_t *control);

/* Begin anew with this state: nothing known to be durable, no fault. Only while alone (ANSHIN_LOCK_ALIVE). */
apr_status_t anshin_control_begin(anshin_control_t *control, anshin_state_t state, anshin_error_t *err);

/* The state word now; the page is valid. */
anshin_state_t anshin_control_state(const anshin_control_t *control);

/* Commit octets more of the current journal (under ANSHIN_LOCK_WRITER). */
void anshin_control_advance(anshin_control_t *control, apr_uint32_t octets);

/* Go on to the next journal, whose header is `length` octets long (under ANSHIN_LOCK_WRITER). Sets checkpointing. */
void anshin_control_rotate(anshin_control_t *control, apr_uint32_t generation, apr_uint32_t length);

/* The new base is there (under ANSHIN_LOCK_CHECKPOINT). Clears checkpointing. */
void anshin_control_checkpointed(anshin_control_t *control);

/* Up to which position is everything durable? Never goes back. */
anshin_position_t anshin_control_synced(const anshin_control_t *control);
void anshin_control_set_synced(anshin_control_t *control, anshin_position_t position);

/* An errno once a sync has failed, or 0. From then on nothing may be written until the store was opened by somebody who
 * is alone: the kernel may have dropped what it could not write. */
int anshin_control_fault(const anshin_control_t *control);
void anshin_control_set_fault(anshin_control_t *control, int code);

/* Why the last checkpoint failed, "" when it did not: for the operator, and for whoever finds the journal too long. */
void anshin_control_note(anshin_control_t *control, const char *text);
void anshin_control_last_note(char *text, apr_size_t size, const anshin_control_t *control);

/* What was wrong when the last base was made, which found another way; "": nothing. */
void anshin_control_detour(anshin_control_t *control, const char *text);
void anshin_control_last_detour(char *text, apr_size_t size, const anshin_control_t *control);

#endif
