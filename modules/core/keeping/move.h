/*
 * All of a store into another one, of another provider for example (CLU-4).
 *
 * Both are closed to all others from the beginning to the end. The source is written as a dump (core/admin/dump.h), the
 * target loads it (core/admin/load.h) and is dumped in turn, and both dumps must be the same text. Then the source gets
 * its mark (core/context/store_mark.h), by which nobody opens it any more, and only then does the target lose its own.
 * So at no moment can both be opened; whoever is killed in the midst has left the source as it was, or marked as moved
 * to this very target, and the same call does it anew.
 */
#ifndef ANSHIN_CORE_KEEPING_MOVE_H
#define ANSHIN_CORE_KEEPING_MOVE_H

#include "core/admin/dump.h"
#include "core/admin/load.h"

/* What is done just now: of so many lines. */
typedef enum anshin_move_step_t {
    ANSHIN_MOVE_READ,    /* out of the source */
    ANSHIN_MOVE_CHECKED, /* once more, to the last line */
    ANSHIN_MOVE_WRITTEN, /* into the target */
    ANSHIN_MOVE_COMPARED /* what the target has, with what the source had */
} anshin_move_step_t;

typedef struct anshin_move_t {
    const anshin_env_t *target; /* opened as for a load (runtime/open.h) */
    const char *to;             /* what it is called, for the mark of the source: the same each time */
    int replace;                /* 1: whatever is in the target goes */
    /* Where the lines lie between: what write and settle have taken, lines reads from the first on. */
    anshin_dump_write_fn *write;
    anshin_dump_settle_fn *settle;
    void *file;
    const anshin_load_source_t *lines;
    void (*progress)(void *baton, anshin_move_step_t step, apr_int64_t lines); /* NULL: nobody asks */
    void *baton;
} anshin_move_t;

/* Move op's store, opened as for a load too. op needs no contract. The cause of what the target answers is in op->error
 * as well. ANSHIN_ECONFLICT: the source was moved already, or has mails that only one worker can go on with, or the
 * target is not empty; ANSHIN_EBUSY: others have one of them open; ANSHIN_EDENIED: the seal key is not the source's;
 * ANSHIN_EFAULT: also where what the target has is not the same. */
apr_status_t anshin_move(anshin_op_t *op, const anshin_move_t *move, anshin_loaded_t *moved);

#endif
