/*
 * Locks between processes: bytes of the control file, locked with "open file description" locks (Linux, F_OFD_SETLK).
 *
 * They belong to an open of the file, not to a process: they exclude every other open, also one in the same process;
 * they are not lost when another descriptor of the file is closed, and the kernel drops them when their holder dies.
 * They do not exclude the threads that share the descriptor: those take a mutex first.
 */
#ifndef ANSHIN_STORE_LOCK_H
#define ANSHIN_STORE_LOCK_H

#include <fcntl.h>

#include "core/base/anshin.h"

/* The bytes; they lie behind the control page. */
#define ANSHIN_LOCK_ALIVE 4096      /* shared: has the store open. Exclusive: is alone, and may repair it */
#define ANSHIN_LOCK_WRITER 4097     /* may append to the journal and begin the next one */
#define ANSHIN_LOCK_SYNC 4098       /* is in fdatasync for everybody */
#define ANSHIN_LOCK_CHECKPOINT 4099 /* is making the next base */
#define ANSHIN_LOCK_BASE 8192       /* + N, shared: reads base.N. Exclusive: may change or remove it */

typedef enum anshin_lock_kind_t {
    ANSHIN_LOCK_SHARED = F_RDLCK,
    ANSHIN_LOCK_EXCLUSIVE = F_WRLCK,
    ANSHIN_LOCK_NONE = F_UNLCK
} anshin_lock_kind_t;

/* Take, change or give back a lock without waiting. APR_SUCCESS; ANSHIN_EBUSY (no error recorded): somebody holds it.
 */
apr_status_t anshin_lock_try(int fd, apr_off_t byte, anshin_lock_kind_t kind, anshin_error_t *err);

/* The same, trying again for as long as `wait`. */
apr_status_t anshin_lock_wait(int fd, apr_off_t byte, anshin_lock_kind_t kind, apr_interval_time_t wait,
                              anshin_error_t *err);

/* Give back. */
void anshin_lock_release(int fd, apr_off_t byte);

/* Sleep between two tries; pause begins with 0 and grows. */
void anshin_lock_pause(apr_interval_time_t *pause);

#endif
