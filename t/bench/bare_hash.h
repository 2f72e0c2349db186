/*
 * argon2id by libargon2 alone, one pass and lane: what hashing through our slots is set against.
 */
#ifndef ANSHIN_BENCH_BARE_HASH_H
#define ANSHIN_BENCH_BARE_HASH_H

#include <argon2.h>
#include <stddef.h>

static uint8_t *bare_arena; /* the memory of every call; NULL: malloc for each */

static inline int bare_take(uint8_t **memory, size_t size)
{
    (void)size;
    *memory = bare_arena;
    return ARGON2_OK;
}

static inline void bare_give(uint8_t *memory, size_t size)
{
    (void)memory;
    (void)size;
}

/* memory in KiB; ARGON2_OK, or an error of libargon2. */
static inline int bare_hash(uint32_t memory)
{
    uint8_t out[32];
    argon2_context context = {.out = out,
                              .outlen = sizeof(out),
                              .pwd = (uint8_t *)"password",
                              .pwdlen = 8,
                              .salt = (uint8_t *)"0123456789abcdef",
                              .saltlen = 16,
                              .t_cost = 1,
                              .m_cost = memory,
                              .lanes = 1,
                              .threads = 1,
                              .version = ARGON2_VERSION_13,
                              .allocate_cbk = bare_arena != NULL ? bare_take : NULL,
                              .free_cbk = bare_arena != NULL ? bare_give : NULL};

    return argon2id_ctx(&context);
}

#endif
