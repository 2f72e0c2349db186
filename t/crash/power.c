/*
 * The power goes: a log of trace.c replayed up to a random event, then what the disk may hold (remains.h). The store is
 * opened in a new process, and must hold what was acknowledged as durable before the cut; and what was wiped must not
 * be on the disk, under no name either. See crash.h.
 */
#include "remains.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "blobs.h"

#define COMMITS 320 /* of each writer: two checkpoints or three */
#define PATIENCE 20

static int remove_one(const char *path, const struct stat *facts, int type, struct FTW *where)
{
    (void)facts;
    (void)type;
    (void)where;
    return remove(path);
}

static void make_directory(const char *path)
{
    if (mkdir(path, 0770) != 0 || chmod(path, 02770) != 0) {
        abort();
    }
}

/* What was acknowledged as durable. A durable commit takes the lazy ones before it along, of all writers; the numbers
 * of others that it covers are known only from their acknowledgements, so theirs count when they came before it. */
static void promises(const remains_t *remains, int64_t acknowledged[WRITERS])
{
    memset(acknowledged, 0, WRITERS * sizeof(acknowledged[0]));
    for (size_t i = 0; i < remains->cut; i++) {
        const event_t *event = &remains->trace->events[i];

        if (event->kind == EVENT_ACK && event->ack.durable) {
            acknowledged[event->ack.writer] = event->ack.number;
        }
    }
}

static int cut_once(remains_t *remains, const char *directory, const char *type)
{
    int64_t acknowledged[WRITERS];
    char where[512];
    int readable;
    int wiped;
    int code;

    make_directory(directory);
    remains_write(remains, directory);
    promises(remains, acknowledged);
    readable = remains_readable(remains, acknowledged, &wiped);
    snprintf(where, sizeof(where), "%s?type=%s", directory, type);
    code = workload_check_apart(where, acknowledged,
                                CHECK_ALONE | (remains->lies == LIES_NONE ? CHECK_ALOUD : CHECK_QUIET), PATIENCE);
    if ((code != 0 || readable > 0) && remains->lies == LIES_NONE) {
        printf("# cut after event %lu of %lu, blocks of %lu: %d; %d of %d wiped blobs can be read\n",
               (unsigned long)remains->cut, (unsigned long)remains->trace->count, (unsigned long)remains->block, code,
               readable, wiped);
    }
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return code == 0 && readable > 0 ? CHECK_BROKEN : code;
}

static void count_events(power_report_t *report, const trace_t *trace)
{
    int writer;
    int64_t blob;

    report->events = trace->count;
    for (size_t i = 0; i < trace->count; i++) {
        const event_t *event = &trace->events[i];

        report->syncs += event->kind == EVENT_SYNC;
        report->bases += event->kind == EVENT_RENAME && strncmp(event->other, "base.", 5) == 0 &&
                         strcmp(event->other, "base.work") != 0;
        report->blobs += event->kind == EVENT_RENAME && blob_of_name(&writer, &blob, event->other);
    }
}

int power_trace(trace_t *trace, const char *scratch, const char *type, unsigned seed)
{
    char *real = realpath(scratch, NULL); /* as the kernel has it */
    char directory[480];
    char where[512];
    int failed;

    snprintf(directory, sizeof(directory), "%s/power", real != NULL ? real : scratch);
    free(real);
    snprintf(where, sizeof(where), "%s?type=%s", directory, type);
    make_directory(directory);
    failed = trace_run(trace, directory, where, COMMITS, seed);
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return failed;
}

void power_run(power_report_t *report, const trace_t *trace, const power_t *power)
{
    char directory[480];
    remains_t remains;

    memset(report, 0, sizeof(*report));
    snprintf(directory, sizeof(directory), "%s/power", power->scratch);
    count_events(report, trace);
    remains_begin(&remains, trace, power->lies, power->seed);
    while (report->cuts < power->cuts && report->broken == 0 && (power->lies == LIES_NONE || report->lost == 0)) {
        int code;

        remains_cut(&remains, (size_t)rand_r(&remains.seed) % (trace->count + 1));
        code = cut_once(&remains, directory, power->type);
        report->cuts++;
        report->lost += code == CHECK_LOST;
        report->broken += code != 0 && code != CHECK_LOST;
    }
    remains_end(&remains);
}
