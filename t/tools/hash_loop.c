/*
 * hash_loop MEMORY COUNT malloc|arena: argon2id of MEMORY KiB, one pass and lane, COUNT times by libargon2 alone: with
 * memory of malloc for each call, or in one arena. Prints hashes a second and CPU us of each.
 *
 * What a login is set against (t/bench/login).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "bench/bare_hash.h"

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

        bare_arena = aligned_alloc(huge, size);
        if (bare_arena == NULL) {
            return 1;
        }
        madvise(bare_arena, size, MADV_HUGEPAGE);
    }
    if (bare_hash(memory) != ARGON2_OK) { /* warms up, and faults the arena in */
        return 1;
    }
    began = now_us(CLOCK_MONOTONIC);
    cpu = now_us(CLOCK_PROCESS_CPUTIME_ID);
    for (long i = 0; i < count; i++) {
        if (bare_hash(memory) != ARGON2_OK) {
            return 1;
        }
    }
    cpu = now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%.3f %.1f\n", (double)count * 1e6 / (now_us(CLOCK_MONOTONIC) - began), cpu / (double)count);
    free(bare_arena);
    return 0;
}
