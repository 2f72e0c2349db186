/*
 * The checkpointer: a thread of every process that has the store open, for what no transaction should wait for. It
 * makes checkpoints (or takes up one whose maker was killed), and lets go of a base that a newer one has replaced: a
 * process that has nothing to do must not keep old bases from being used again.
 */
#ifndef ANSHIN_STORE_CHECKPOINTER_H
#define ANSHIN_STORE_CHECKPOINTER_H

#include <apr_thread_proc.h>

#include "core/base/waiting.h"
#include "store/files/control.h"
#include "store/dbm/snapshot.h"
#include "store/dbm/snapshots.h"
#include "store/dbm/writer.h"

typedef struct anshin_checkpointer_t {
    anshin_snapshots_t *snapshots;
    anshin_writer_t *writer;
    int lock_fd; /* an open of the control file of its own; see checkpoint.h */
    apr_thread_t *thread;
    anshin_monitor_t monitor; /* over stopping */
    int stopping;
} anshin_checkpointer_t;

/* Start. The others must outlive it, and pool. */
apr_status_t anshin_checkpointer_open(anshin_checkpointer_t *checkpointer, anshin_snapshots_t *snapshots,
                                      anshin_writer_t *writer, anshin_error_t *err, apr_pool_t *pool);

/* There is something to do: not at the next look, but now. */
void anshin_checkpointer_wake(anshin_checkpointer_t *checkpointer);

/* Wait until it has done what is to be done, and end it. */
void anshin_checkpointer_close(anshin_checkpointer_t *checkpointer);

/* After fork, in the child, which has no such thread: give up what was inherited. */
void anshin_checkpointer_forget(anshin_checkpointer_t *checkpointer);

#endif
