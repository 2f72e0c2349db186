/*
 * kill -9 under load: see crash.h.
 *
 * Four writers and a reader. Every round one writer, the reader, or all of them are killed at a random moment, and the
 * check runs at once, while the survivors go on; then what was killed is started again and everybody must make
 * progress.
 */
#include "crash.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READER WRITERS
#define PROCESSES (WRITERS + 1)
#define PATIENCE 15 /* seconds for anything to go on */

typedef struct bench_t {
    const char *where;
    int early;
    unsigned seed;
    int pipes[2];
    pid_t processes[PROCESSES];
    int64_t acknowledged[WRITERS];
    kill_report_t *report;
} bench_t;

static void start(bench_t *bench, int index)
{
    workload_t workload = {.where = bench->where,
                           .writer = index,
                           .ack_fd = bench->pipes[1],
                           .early = bench->early,
                           .seed = (unsigned)rand_r(&bench->seed)};

    fflush(stdout);
    bench->processes[index] = fork();
    if (bench->processes[index] == 0) {
        close(bench->pipes[0]);
        _exit(index == READER ? workload_read(bench->where) : workload_write(&workload));
    }
}

static void end_process(bench_t *bench, int index)
{
    int status;

    kill(bench->processes[index], SIGKILL);
    waitpid(bench->processes[index], &status, 0);
    if (!WIFSIGNALED(status)) { /* it had given up before */
        bench->report->broken++;
    }
    bench->processes[index] = 0;
}

/* Take the acknowledgements that have come, waiting up to `milliseconds` for the first. Answers how many. */
static int take_acks(bench_t *bench, int milliseconds)
{
    struct pollfd ready = {.fd = bench->pipes[0], .events = POLLIN};
    ack_t acks[64];
    ssize_t got;
    int count = 0;

    if (poll(&ready, 1, milliseconds) <= 0) {
        return 0;
    }
    while ((got = read(bench->pipes[0], acks, sizeof(acks))) > 0) {
        for (ssize_t i = 0; i < got / (ssize_t)sizeof(ack_t); i++, count++) {
            bench->acknowledged[acks[i].writer] = acks[i].number;
        }
    }
    return count;
}

static void work_on(bench_t *bench, int microseconds)
{
    struct timespec pause = {0, microseconds * 1000L};

    nanosleep(&pause, NULL);
    take_acks(bench, 0);
}

/* Does every writer commit something more? */
static void expect_progress(bench_t *bench)
{
    int64_t before[WRITERS];
    time_t deadline = time(NULL) + PATIENCE;
    int waiting;

    memcpy(before, bench->acknowledged, sizeof(before));
    do {
        take_acks(bench, 50);
        waiting = 0;
        for (int i = 0; i < WRITERS; i++) {
            waiting += bench->acknowledged[i] == before[i];
        }
    } while (waiting > 0 && time(NULL) < deadline);
    bench->report->hung += waiting;
}

static void check(bench_t *bench)
{
    int64_t acknowledged[WRITERS];
    int code;

    take_acks(bench, 0);
    memcpy(acknowledged, bench->acknowledged, sizeof(acknowledged));
    code = workload_check_apart(bench->where, acknowledged, bench->early ? CHECK_QUIET | CHECK_RECORDS : CHECK_ALOUD,
                                PATIENCE);
    bench->report->lost += code == CHECK_LOST;
    bench->report->hung += code == -1;
    bench->report->broken += code != 0 && code != CHECK_LOST && code != -1;
}

static void round_of_kills(bench_t *bench)
{
    int victim = (int)(rand_r(&bench->seed) % (PROCESSES + 2));

    work_on(bench, 1000 + (int)(rand_r(&bench->seed) % 25000));
    for (int i = 0; i < PROCESSES; i++) {
        if (victim == i || victim >= PROCESSES) {
            end_process(bench, i);
            bench->report->kills++;
        }
    }
    check(bench);
    /* In a store that lies the writers may go back; count from what is there. */
    if (bench->early) {
        memset(bench->acknowledged, 0, sizeof(bench->acknowledged));
    }
    for (int i = 0; i < PROCESSES; i++) {
        if (bench->processes[i] == 0) {
            start(bench, i);
        }
    }
    expect_progress(bench);
}

void kill_run(kill_report_t *report, const char *where, int kills, int early, unsigned seed)
{
    bench_t bench = {.where = where, .early = early, .seed = seed, .report = report};
    int64_t none[WRITERS] = {0};

    memset(report, 0, sizeof(*report));
    if (pipe(bench.pipes) != 0 || fcntl(bench.pipes[0], F_SETFL, O_NONBLOCK) != 0 ||
        workload_check_apart(where, none, CHECK_ALOUD, PATIENCE) != 0) {
        report->broken++;
        return;
    }
    for (int i = 0; i < PROCESSES; i++) {
        start(&bench, i);
    }
    while (report->kills < kills && report->hung == 0 && report->broken == 0 && (!early || report->lost == 0)) {
        round_of_kills(&bench);
    }
    for (int i = 0; i < PROCESSES; i++) {
        end_process(&bench, i);
    }
    check(&bench);
    for (int i = 0; i < WRITERS; i++) {
        report->commits += bench.acknowledged[i];
    }
    close(bench.pipes[0]);
    close(bench.pipes[1]);
}
