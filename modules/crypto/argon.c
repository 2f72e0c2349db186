/*
 * argon2: see argon.h.
 *
 * SECURITY: libargon2 overwrites the memory it worked in before it gives it back.
 */
#include "crypto/argon.h"

#include <stdlib.h>

const anshin_argon_t anshin_argon_ours = {Argon2_id, ARGON2_VERSION_13, 1};

/* libargon2 asks for memory by callbacks that get no context, on the thread that called it; so the slot in hand is
 * known by thread. Set around each call, NULL otherwise. */
static _Thread_local const anshin_slot_t *slot_in_hand;

/* A hash with larger parameters than ours (set lower since, or imported) does not fit the arena and has memory of its
 * own, within the bounds of phc.c. */
static int take_memory(uint8_t **memory, size_t size)
{
    *memory = size <= slot_in_hand->arena_size ? slot_in_hand->arena : malloc(size);
    return *memory != NULL ? ARGON2_OK : ARGON2_MEMORY_ALLOCATION_ERROR;
}

static void give_memory(uint8_t *memory, size_t size)
{
    (void)size;
    if (memory != slot_in_hand->arena) {
        free(memory);
    }
}

apr_status_t anshin_argon_compute(unsigned char *hash, const anshin_phc_t *phc, const anshin_argon_t *kind,
                                  const char *secret, apr_size_t length, const anshin_slot_t *slot)
{
    /* libargon2's structure has no const; it writes to pwd and salt only when flags ask it to. */
    argon2_context argon2 = {
        .out = hash,
        .outlen = (uint32_t)phc->hash_length,
        .pwd = (uint8_t *)secret,
        .pwdlen = (uint32_t)length,
        .salt = (uint8_t *)phc->salt,
        .saltlen = (uint32_t)phc->salt_length,
        .t_cost = phc->passes,
        .m_cost = phc->memory,
        .lanes = phc->lanes,
        .threads = kind->threaded ? phc->lanes : 1,
        .version = kind->version,
        .allocate_cbk = take_memory,
        .free_cbk = give_memory,
        .flags = ARGON2_DEFAULT_FLAGS,
    };
    int answer;

    if (length > UINT32_MAX) {
        return ANSHIN_EFAULT;
    }
    slot_in_hand = slot;
    answer = argon2_ctx(&argon2, kind->type);
    slot_in_hand = NULL;
    return answer == ARGON2_OK ? APR_SUCCESS : ANSHIN_EFAULT;
}
