/*
 * Measuring for the benchmark programs: CPU time of this process, alternatives in turns, the median of each.
 */
#ifndef ANSHIN_BENCH_BENCH_H
#define ANSHIN_BENCH_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH_ROUNDS_MAX 101

static inline double bench_cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static inline int bench_by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* One alternative: its name, the work, and what was measured. */
typedef struct bench_t {
    const char *name;
    void (*run)(void);
    double ms[BENCH_ROUNDS_MAX];
    double median;
} bench_t;

/* Run all in turns, so that whatever else the machine does hits each alike; the first round is not counted. */
static inline void bench_run(bench_t *benches, int count, int rounds)
{
    for (int round = -1; round < rounds; round++) {
        for (int i = 0; i < count; i++) {
            double start = bench_cpu_ms();

            benches[i].run();
            if (round >= 0) {
                benches[i].ms[round] = bench_cpu_ms() - start;
            }
        }
    }
    for (int i = 0; i < count; i++) {
        qsort(benches[i].ms, (size_t)rounds, sizeof(double), bench_by_size);
        benches[i].median = benches[i].ms[rounds / 2];
        printf("%-48s %8.3f ms CPU (%.3f to %.3f)\n", benches[i].name, benches[i].median, benches[i].ms[0],
               benches[i].ms[rounds - 1]);
    }
}

static inline void bench_must(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "%s failed\n", what);
        exit(1);
    }
}

#endif
