/*
 * The crash harness: does the dbm store keep what it acknowledged when its processes are killed, or the power goes?
 *
 *   workload.c  what the processes under test do, and the check of what must be left
 *   blobs.c     the same of their blobs
 *   kill.c      kill -9 of writers at random moments, under load
 *   trace.c     a log of what two writers do to their files, taken with ptrace
 *   tree.c      what the names of their directories stand for meanwhile
 *   power.c     that log replayed up to a random moment
 *   remains.c   what the disk may hold then: what was not synced survives at random
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

typedef enum check_how_t {
    CHECK_ALOUD = 0,
    CHECK_QUIET = 1,  /* a loss is expected */
    CHECK_ALONE = 2,  /* no writer is at work: blobs in the making are looked at as well */
    CHECK_RECORDS = 4 /* no blobs: with writers that lie nothing can be said of them */
} check_how_t;

/* Are these commits of each writer there, whole batches only, and the blobs that go with them? Then write something. In
 * a process of its own. how: of check_how_t. */
int workload_check(const char *where, const int64_t acknowledged[WRITERS], int how);

/* The same from outside: forks, waits at most `seconds`, answers the exit code (-1: it hung). */
int workload_check_apart(const char *where, const int64_t acknowledged[WRITERS], int how, int seconds);

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

#define NAME_SIZE 96

typedef enum event_kind_t {
    EVENT_CREATE,   /* name, file */
    EVENT_MKDIR,    /* name, file: a directory counts as a file whose contents are names */
    EVENT_RENAME,   /* name -> other, of this file */
    EVENT_UNLINK,   /* name */
    EVENT_WRITE,    /* file, offset, data, length */
    EVENT_TRUNCATE, /* file, offset: its new size */
    EVENT_SYNC,     /* file; what happened in it before event `since` is durable */
    EVENT_ACK       /* ack */
} event_kind_t;

typedef struct event_t {
    event_kind_t kind;
    int file;
    int directory; /* of the names, which are paths below the store's directory */
    int64_t offset;
    size_t length;
    unsigned char *data;
    char name[NAME_SIZE];
    char other[NAME_SIZE];
    size_t since;
    ack_t ack;
} event_t;

typedef struct trace_t {
    event_t *events;
    size_t count;
    size_t room;
    int files; /* number 0 is the store's directory */
} trace_t;

event_t *trace_add(trace_t *trace, event_kind_t kind);

/* Let two writers work in `directory`, which exists, and log what happens. 0: done. */
int trace_run(trace_t *trace, const char *directory, const char *where, int64_t commits, unsigned seed);
void trace_free(trace_t *trace);

/* --- power.c --- */

/* What the disk says it has synced and has not: for the harness to find out. */
typedef enum lies_t { LIES_NONE, LIES_ALL, LIES_BLOBS } lies_t;

typedef struct power_report_t {
    int cuts;
    int lost;
    int broken;
    size_t events;
    int syncs;
    int bases; /* that got their name while the log was taken */
    int blobs; /* put then */
} power_report_t;

typedef struct power_t {
    const char *scratch; /* a directory to work in */
    const char *type;    /* of the store */
    int cuts;
    lies_t lies;
    unsigned seed;
} power_t;

/* Let writers of a store of this type be traced; 0: done. The trace is the caller's, to be given to trace_free(). */
int power_trace(trace_t *trace, const char *scratch, const char *type, unsigned seed);

/* Cut the power `cuts` times at random events of the trace, or until it is seen that the disk lies. */
void power_run(power_report_t *report, const trace_t *trace, const power_t *power);

#endif
