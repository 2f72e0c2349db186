/*
 * hash_loop MEMORY COUNT malloc|arena: argon2id of MEMORY KiB, one pass and lane, COUNT times by libargon2 alone: with
 * memory of malloc for each call, or in one arena. Prints hashes a second and CPU us of each.
 *
 * What a login is set against (t/bench/login).
 */
#include <argon2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static uint8_t *arena;

static int take(uint8_t **memory, size_t size)
{
    (void)size;
    *memory = arena;
    return ARGON2_OK;
}

static void give(uint8_t *memory, size_t size)
{
    (void)memory;
    (void)size;
}

static int hash(uint32_t memory, int in_arena)
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
                              .version = ARGON2_VERSION_13};

    if (in_arena) {
        context.allocate_cbk = take;
        context.free_cbk = give;
    }
    return argon2id_ctx(&context);
}

static double now_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    size_t huge = (size_t)2 * 1024 * 1024;
    uint32_t memory = argc == 4 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
    long count = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
    int in_arena = argc == 4 && strcmp(argv[3], "arena") == 0;
    double began;
    double cpu;

    if (memory < 8 || count < 1 || (!in_arena && strcmp(argv[3], "malloc") != 0)) {
        fprintf(stderr, "usage: hash_loop MEMORY COUNT malloc|arena\n");
        return 2;
    }
    if (in_arena) {
        size_t size = ((size_t)memory * 1024 + huge - 1) / huge * huge;

        arena = aligned_alloc(huge, size);
        if (arena == NULL) {
            return 1;
        }
        madvise(arena, size, MADV_HUGEPAGE);
    }
    if (hash(memory, in_arena) != ARGON2_OK) { /* warms up, and faults the arena in */
        return 1;
    }
    began = now_us(CLOCK_MONOTONIC);
    cpu = now_us(CLOCK_PROCESS_CPUTIME_ID);
    for (long i = 0; i < count; i++) {
        if (hash(memory, in_arena) != ARGON2_OK) {
            return 1;
        }
    }
    cpu = now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%.3f %.1f\n", (double)count * 1e6 / (now_us(CLOCK_MONOTONIC) - began), cpu / (double)count);
    free(arena);
    return 0;
}
