/*
 * Measuring for the benchmark programs: alternatives in turns, the median of each and how far it spreads, and the rows
 * that t/bench/run puts into its table.
 *
 * A row is printed twice, for people and for programs. The second form has 13 fields with a TAB between them:
 *   row SECTION NAME UNIT MEDIAN LOW HIGH RATIO RATIO_LOW RATIO_HIGH CPU_US GOAL MET
 * A field that does not apply is empty. RATIO is taken round by round against the first row of its section, which has
 * 1; GOAL is text such as ">= 1.5", of the ratio or, with a unit behind it, of the median; MET is "met" or "missed".
 */
#ifndef ANSHIN_BENCH_BENCH_H
#define ANSHIN_BENCH_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH_ROUNDS_MAX 101

static inline double bench_us_of(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static inline double bench_wall_us(void)
{
    return bench_us_of(CLOCK_MONOTONIC);
}

/* CPU time of this process, all threads. */
static inline double bench_cpu_us(void)
{
    return bench_us_of(CLOCK_PROCESS_CPUTIME_ID);
}

/* CPU time of this thread: without the store's own, which makes checkpoints. */
static inline double bench_thread_us(void)
{
    return bench_us_of(CLOCK_THREAD_CPUTIME_ID);
}

static inline void bench_must(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "%s failed\n", what);
        exit(1);
    }
}

typedef struct bench_spread_t {
    double median;
    double low;
    double high;
} bench_spread_t;

static inline int bench_by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts the values. */
static inline bench_spread_t bench_spread(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(double), bench_by_size);
    return (bench_spread_t){values[count / 2], values[0], values[count - 1]};
}

typedef enum bench_goal_t { BENCH_NO_GOAL, BENCH_AT_LEAST, BENCH_AT_MOST } bench_goal_t;

typedef struct bench_row_t {
    const char *section;
    const char *name;
    const char *unit;
    bench_spread_t value;
    bench_spread_t ratio; /* median 0: none */
    double cpu_us;        /* of one operation; 0: not known */
    bench_goal_t kind;
    double goal;
    int of_value; /* the goal is one of the value, not of the ratio */
} bench_row_t;

/* Print a row; 1 when its goal is missed. */
static inline int bench_print(const bench_row_t *row)
{
    const char *sign = row->kind == BENCH_AT_LEAST ? ">=" : "<=";
    double judged = row->of_value ? row->value.median : row->ratio.median;
    int missed = row->kind != BENCH_NO_GOAL && (row->kind == BENCH_AT_LEAST ? judged < row->goal : judged > row->goal);
    char goal[48] = "";

    if (row->kind != BENCH_NO_GOAL) {
        snprintf(goal, sizeof(goal), "%s %g%s%s", sign, row->goal, row->of_value ? " " : "",
                 row->of_value ? row->unit : "");
    }
    printf("%-58s %11.3f %s (%.3f to %.3f)", row->name, row->value.median, row->unit, row->value.low, row->value.high);
    if (row->ratio.median > 0) {
        printf(", ratio %.3f (%.3f to %.3f)", row->ratio.median, row->ratio.low, row->ratio.high);
    }
    if (*goal != '\0') {
        printf(", goal %s: %s", goal, missed ? "MISSED" : "met");
    }
    printf("\nrow\t%s\t%s\t%s\t%.3f\t%.3f\t%.3f", row->section, row->name, row->unit, row->value.median, row->value.low,
           row->value.high);
    if (row->ratio.median > 0) {
        printf("\t%.3f\t%.3f\t%.3f", row->ratio.median, row->ratio.low, row->ratio.high);
    } else {
        printf("\t\t\t");
    }
    printf("\t");
    if (row->cpu_us > 0) {
        printf("%.2f", row->cpu_us);
    }
    printf("\t%s\t%s\n", goal, *goal == '\0' ? "" : missed ? "missed" : "met");
    fflush(stdout);
    return missed;
}

typedef enum bench_ratio_t {
    BENCH_SPEED, /* how many times as fast as the first */
    BENCH_COST   /* how many times its time */
} bench_ratio_t;

/* The ratios of values to those of the first, round by round. */
static inline bench_spread_t bench_ratios(const double *values, const double *first, int count, bench_ratio_t ratio)
{
    double ratios[BENCH_ROUNDS_MAX] = {0};

    for (int i = 0; i < count; i++) {
        ratios[i] = ratio == BENCH_SPEED ? first[i] / values[i] : values[i] / first[i];
    }
    return bench_spread(ratios, count);
}

/* One alternative: its name, the work, and what is wanted of it against the first. */
typedef struct bench_t {
    const char *name;
    void (*run)(void);
    bench_goal_t kind;
    double goal;
    double us[BENCH_ROUNDS_MAX]; /* CPU of an operation, by round */
    double median;               /* of these */
} bench_t;

/* What is measured together. */
typedef struct bench_section_t {
    const char *name;
    bench_t *benches;
    int count;
    int rounds;
    int operations; /* that one run does */
    bench_ratio_t ratio;
} bench_section_t;

static inline int bench_report(const bench_section_t *section, int index)
{
    bench_t *bench = &section->benches[index];
    bench_row_t row = {
        .section = section->name, .name = bench->name, .unit = "us CPU", .kind = bench->kind, .goal = bench->goal};
    double values[BENCH_ROUNDS_MAX];

    memcpy(values, bench->us, sizeof(values));
    row.value = bench_spread(values, section->rounds);
    row.ratio = bench_ratios(bench->us, section->benches[0].us, section->rounds, section->ratio);
    row.cpu_us = bench->median = row.value.median;
    return bench_print(&row);
}

/* Run all in turns, so that whatever else the machine does hits each alike; the first round is not counted. Answers how
 * many goals are missed. */
static inline int bench_run(const bench_section_t *section)
{
    int missed = 0;

    for (int round = -1; round < section->rounds; round++) {
        for (int i = 0; i < section->count; i++) {
            double start = bench_cpu_us();

            section->benches[i].run();
            if (round >= 0) {
                section->benches[i].us[round] = (bench_cpu_us() - start) / section->operations;
            }
        }
    }
    for (int i = 0; i < section->count; i++) {
        missed += bench_report(section, i);
    }
    return missed;
}

/* 1 in the quick form (ANSHIN_BENCH_QUICK): smaller sizes, fewer rounds; figures to look at, not to believe. */
static inline int bench_quick(void)
{
    const char *quick = getenv("ANSHIN_BENCH_QUICK");

    return quick != NULL && *quick != '\0' && strcmp(quick, "0") != 0;
}

#endif
