/*
 * The default store: a journal over immutable apr_dbm files, in a directory on a local disk, shared by any number of
 * processes and threads of one machine.
 *
 * Address: DIR, or DIR?type=gdbm. type is that of the apr_dbm files: "db" (Berkeley DB) or "gdbm", that of
 * anshin_store_dbm_type() when not given; "sdbm" is refused, its records may have 1,008 octets at most. DIR is made
 * when it is missing (its parent must be there), with mode 2770; one that is accessible to others is refused (S31).
 *
 *   DIR/control      page shared by all processes, and their locks       control.h, lock.h
 *   DIR/base.N       records, an apr_dbm file that nobody writes to      base.h, table.h
 *   DIR/journal.N    batches since base.N                                journal.h
 *   DIR/base.work    the next base in the making                         checkpoint.h, checkpointer.h
 *   DIR/blobs/NN/    blobs                                               blobs.h
 *
 * A read is one load of the state word in the control page, a look-up in the overlay (overlay.h, snapshot.h) and at
 * most one fetch from the base; it takes no lock between processes. A commit appends one batch to the journal
 * (writer.h) and, when durable, waits for an fdatasync that it may share with others. Recovery after kill -9 or loss of
 * power: recovery.h.
 *
 * Every process that has the store open has one thread of its own for checkpoints (checkpointer.h). A store may be
 * opened by several users of DIR's group. A copy of DIR that was made while nobody had the store open is a backup, and
 * so is what copy.h hands out at any time; `control` need not be in it.
 */
#ifndef ANSHIN_STORE_STORE_DBM_H
#define ANSHIN_STORE_STORE_DBM_H

#include "core/store/store_provider.h"

extern const anshin_store_driver_t anshin_store_dbm;

/* "db", or "gdbm" where APR-util was built without Berkeley DB. */
const char *anshin_store_dbm_type(void);

#endif
