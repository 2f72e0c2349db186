/*
 * What a disk may hold when the power goes. See crash.h; private to power.c.
 *
 * Of every block that was written since its file was synced, any of its contents since then may be there, also the old
 * one: blocks of 4 KiB, or sectors of 512 octets, so that one write may be torn within. The size of a file may be the
 * synced one, the last one, or between them; and every change of names since their directory was synced may have
 * happened or not. That is more than any file system does.
 */
#ifndef ANSHIN_CRASH_REMAINS_H
#define ANSHIN_CRASH_REMAINS_H

#include "crash.h"

typedef struct remains_t {
    const trace_t *trace;
    lies_t lies;
    unsigned seed;
    size_t cut;      /* events that happened */
    size_t block;    /* what is written at once */
    int odds;        /* in 8 that a change which was not synced has happened */
    size_t *durable; /* for every file: events in it before this index are synced */
    size_t *first;   /* for every file: index of its first event */
    size_t *next;    /* for every event: index of the next of its file; the number of events: none */
    size_t *names;   /* indices of the events that change names */
    size_t named;    /* how many */
    char *is_blob;   /* for every file: it lies below blobs/ */
} remains_t;

void remains_begin(remains_t *remains, const trace_t *trace, lies_t lies, unsigned seed);
void remains_end(remains_t *remains);

/* The power goes after `cut` events. Then write what is left into a directory, which is there and empty. */
void remains_cut(remains_t *remains, size_t cut);
void remains_write(remains_t *remains, const char *directory);

/* How many files still have something to read, though the blobs in them were wiped before these commits were
 * acknowledged? They need not have a name. *wiped: how many were looked at. */
int remains_readable(remains_t *remains, const int64_t acknowledged[WRITERS], int *wiped);

#endif
