/*
 * Writing: one writer at a time appends its batch to the journal and moves the state word; then it waits, without the
 * lock, until the batch is durable. One fdatasync serves all batches written before it began.
 */
#ifndef ANSHIN_STORE_WRITER_H
#define ANSHIN_STORE_WRITER_H

#include <apr_thread_mutex.h>

#include "store/files/control.h"
#include "store/dbm/snapshot.h"

typedef struct anshin_writer_t {
    const anshin_store_place_t *place;
    anshin_control_t *control;
    apr_thread_mutex_t *writing;  /* among the threads of this process, before ANSHIN_LOCK_WRITER */
    apr_thread_mutex_t *syncing;  /* the same before ANSHIN_LOCK_SYNC */
    apr_thread_mutex_t *flushing; /* around every fdatasync of this process and what is said of it; without a limit */
} anshin_writer_t;

/* Begin; place and control outlive it, pool as well. APR_SUCCESS or ANSHIN_EFAULT. */
apr_status_t anshin_writer_open(anshin_writer_t *writer, const anshin_store_place_t *place, anshin_control_t *control,
                                anshin_error_t *err, apr_pool_t *pool);

/* Become the writer. ANSHIN_EBUSY after 5 seconds; ANSHIN_EFAULT when the store has stopped writing. */
apr_status_t anshin_writer_lock(anshin_writer_t *writer, anshin_error_t *err);
void anshin_writer_unlock(anshin_writer_t *writer);

/* Append under the lock, at the end of the journal that *mark tells; everybody sees the batch when this returns, and
 * *position is where it ends. Begins the next journal when this one has become long. ANSHIN_EFAULT: nothing was
 * written. */
apr_status_t anshin_writer_append(anshin_writer_t *writer, anshin_journal_t *journal, anshin_mark_t mark,
                                  anshin_batch_t *batch, anshin_position_t *position, anshin_error_t *err);

/* Is a checkpoint due, because the journal has become long? */
int anshin_writer_is_due(const anshin_writer_t *writer);

/* Under the lock: if it is, begin the next journal where *journal ends. anshin_writer_append does so by itself; this is
 * for a journal that became long while a checkpoint was made, and that nobody writes to now. */
void anshin_writer_rotate(anshin_writer_t *writer, const anshin_journal_t *journal, anshin_mark_t end);

/* Under the lock, while no checkpoint is under way: begin the next journal, however short this one is. ANSHIN_EFAULT.
 */
apr_status_t anshin_writer_begin_next(anshin_writer_t *writer, const anshin_journal_t *journal, anshin_mark_t end,
                                      anshin_error_t *err);

/* Without the lock: wait until all up to position is durable. journal: the one that position lies in.
 * ANSHIN_EFAULT: it cannot be made so, and nothing may be written any more. */
apr_status_t anshin_writer_sync(anshin_writer_t *writer, const anshin_journal_t *journal, anshin_position_t position,
                                anshin_error_t *err);

#endif
