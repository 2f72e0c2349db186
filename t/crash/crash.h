/*
 * The crash harness: does the dbm store keep what it acknowledged when its processes are killed, or the power goes?
 *
 *   workload.c  what the processes under test do, and the check of what must be left
 *   kill.c      kill -9 of writers at random moments, under load
 *   trace.c     a log of what two writers do to their files, taken with ptrace
 *   power.c     that log replayed up to a random moment, what was not synced surviving at random
 */
#ifndef ANSHIN_CRASH_H
#define ANSHIN_CRASH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WRITERS 4

/* Sent down the pipe, at once (it is shorter than PIPE_BUF), for every commit that was answered. */
typedef struct ack_t {
    int32_t writer;
    int32_t durable;
    int64_t number; /* the writer's commits so far */
} ack_t;

/* --- workload.c --- */

typedef struct workload_t {
    const char *where; /* address of the store */
    int writer;        /* 0 to WRITERS - 1 */
    int ack_fd;
    int64_t commits; /* how many; 0: until killed */
    int early;       /* acknowledge before the commit: a store that lies, for the harness to find out */
    unsigned seed;
} workload_t;

/* Run in a process of its own; the answers are exit codes, 0: as wanted. Complaints go to stdout as TAP comments. */
int workload_write(const workload_t *workload);
int workload_read(const char *where); /* looks for half batches until killed */

#define CHECK_LOST 3   /* an acknowledged commit is not there */
#define CHECK_BROKEN 4 /* half a batch, a wrong record, or the store does not open */

/* Are these commits of each writer there, and whole batches only? Then write something. In a process of its own. */
int workload_check(const char *where, const int64_t acknowledged[WRITERS], int quiet);

/* The same from outside: forks, waits at most `seconds`, answers the exit code (-1: it hung). */
int workload_check_apart(const char *where, const int64_t acknowledged[WRITERS], int quiet, int seconds);

/* Wait for a process, `seconds` at most; then kill it. The exit code, -1: it hung, -2: it was killed by a signal. */
int workload_wait(pid_t pid, int seconds);

/* --- kill.c --- */

typedef struct kill_report_t {
    int kills;
    int lost;   /* checks that missed an acknowledged commit */
    int broken; /* checks that found worse */
    int hung;   /* times somebody did not go on */
    int64_t commits;
} kill_report_t;

/* Kill until `kills` is reached (or, when early, a loss was seen). */
void kill_run(kill_report_t *report, const char *where, int kills, int early, unsigned seed);

/* --- trace.c --- */

typedef enum event_kind_t {
    EVENT_CREATE,   /* name, file */
    EVENT_RENAME,   /* name -> other */
    EVENT_UNLINK,   /* name */
    EVENT_WRITE,    /* file, offset, data, length */
    EVENT_TRUNCATE, /* file, offset: its new size */
    EVENT_SYNC,     /* file; what happened before event `since` is durable */
    EVENT_SYNC_DIR, /* the same of names */
    EVENT_ACK       /* ack */
} event_kind_t;

typedef struct event_t {
    event_kind_t kind;
    int file;
    int64_t offset;
    size_t length;
    unsigned char *data;
    char name[64];
    char other[64];
    size_t since;
    ack_t ack;
} event_t;

typedef struct trace_t {
    event_t *events;
    size_t count;
    size_t room;
    int files;
} trace_t;

/* Let two writers work in `directory`, which exists, and log what happens. 0: done. */
int trace_run(trace_t *trace, const char *directory, const char *where, int64_t commits, unsigned seed);
void trace_free(trace_t *trace);

/* --- power.c --- */

typedef struct power_report_t {
    int cuts;
    int lost;
    int broken;
    size_t events;
    int syncs;
    int bases; /* that got their name while the log was taken */
} power_report_t;

/* Cut the power `cuts` times at random events. no_sync: the disk lies about syncs, for the harness to find out. */
void power_run(power_report_t *report, const char *scratch, const char *type, int cuts, int no_sync, unsigned seed);

#endif
