/*
 * The default store: see store_dbm.h. Here the parts are put together: opening and closing. Transactions: dbm_txn.h.
 *
 * SECURITY: trusts the files of its directory as far as their checksums go; who may write there can forge records. A
 * process that has inherited an open store over fork leaves it alone, for locks and mutexes would exclude nobody.
 */
#include "store/dbm/store_dbm.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <apr_strings.h>
#include <apu.h>

#include "core/base/waiting.h"
#include "store/dbm/copy.h"
#include "store/dbm/dbm_txn.h"
#include "store/due.h"
#include "store/files/lock.h"
#include "store/dbm/recovery.h"
#include "store/dbm/scrub.h"

#define ALIVE_WAIT apr_time_from_sec(60)

/* --- opening and closing ------------------------------------------------------------------------------------------ */

/* Known when this is built: APR-util's header says what it was built with. */
#if APU_HAVE_DB
#define TYPE_DEFAULT "db"
#else
#define TYPE_DEFAULT "gdbm"
#endif

const char *anshin_store_dbm_type(void)
{
    return TYPE_DEFAULT;
}

/* DIR?type=gdbm */
static apr_status_t parse_address(const char **path, const char **type, const char *where, anshin_error_t *err,
                                  apr_pool_t *pool)
{
    const char *question = strchr(where, '?');

    *path = question != NULL ? apr_pstrmemdup(pool, where, (apr_size_t)(question - where)) : apr_pstrdup(pool, where);
    *type = TYPE_DEFAULT;
    if (question != NULL) {
        if (strncmp(question, "?type=", 6) != 0) {
            return anshin_fail(err, ANSHIN_EINVALID, "AN0379",
                               "store: unknown option in address %s; only type=db and type=gdbm are known", where);
        }
        *type = apr_pstrdup(pool, question + 6);
    }
    if (strcmp(*type, "sdbm") == 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0380",
                           "store: type sdbm cannot be used, its records may have 1,008 "
                           "octets at most; use db or gdbm");
    }
    if (strcmp(*type, "db") != 0 && strcmp(*type, "gdbm") != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0381", "store: type %s is unknown; use db or gdbm", *type);
    }
    if ((*path)[0] == '\0') {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0382", "store: the address names no directory");
    }
    return APR_SUCCESS;
}

/* Join those who have the store open; whoever is alone first makes sure that it is whole. */
static apr_status_t join(anshin_dbm_t *store, anshin_error_t *err)
{
    apr_interval_time_t pause = 0;
    apr_time_t deadline = anshin_uptime_now() + ALIVE_WAIT;
    int fd = store->control.fd;

    for (;;) {
        apr_status_t status = anshin_lock_try(fd, ANSHIN_LOCK_ALIVE, ANSHIN_LOCK_EXCLUSIVE, err);

        if (status == APR_SUCCESS) {
            status = anshin_recovery_run(&store->place, &store->control, err);
            return status == APR_SUCCESS ? anshin_lock_try(fd, ANSHIN_LOCK_ALIVE, ANSHIN_LOCK_SHARED, err) : status;
        }
        if (status == ANSHIN_EBUSY) {
            status = anshin_lock_try(fd, ANSHIN_LOCK_ALIVE, ANSHIN_LOCK_SHARED, err);
        }
        if (status == APR_SUCCESS && anshin_control_valid(&store->control)) {
            return APR_SUCCESS;
        }
        if (status != APR_SUCCESS && status != ANSHIN_EBUSY) {
            return status;
        }
        anshin_lock_release(fd, ANSHIN_LOCK_ALIVE);
        if (anshin_uptime_now() >= deadline) {
            return anshin_fail(err, ANSHIN_EFAULT, "AN0383",
                               "store: %s is being opened by another process, which does not end",
                               store->directory.path);
        }
        anshin_lock_pause(&pause);
    }
}

static apr_status_t open_parts(anshin_dbm_t *store, anshin_error_t *err)
{
    apr_status_t status;

    store->place.directory = &store->directory;
    store->place.lock_fd = store->control.fd;
    if (getrandom(store->place.hash_key, sizeof(store->place.hash_key), 0) != sizeof(store->place.hash_key)) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0384", "store: the system gives no random bytes: %s",
                           strerror(errno));
    }
    status = anshin_snapshots_open(&store->snapshots, &store->place, &store->control, err, store->pool);
    if (status == APR_SUCCESS) {
        status = anshin_writer_open(&store->writer, &store->place, &store->control, err, store->pool);
    }
    if (status == APR_SUCCESS) {
        status = join(store, err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_checkpointer_open(&store->checkpointer, &store->snapshots, &store->writer, err, store->pool);
    }
    return status;
}

static apr_status_t close_store(void *self)
{
    anshin_dbm_t *store = self;

    if (anshin_fork_mark_mine(store->mark)) {
        anshin_checkpointer_close(&store->checkpointer);
        anshin_snapshots_close(&store->snapshots);
    } else {
        anshin_checkpointer_forget(&store->checkpointer);
    }
    anshin_control_close(&store->control);
    anshin_directory_close(&store->directory);
    if (anshin_fork_mark_mine(store->mark)) {
        apr_pool_destroy(store->pool);
    }
    return APR_SUCCESS;
}

/* APR runs it in a process that it forked to be a program of the site. Berkeley DB opens its files without O_CLOEXEC
 * and marks them one call later; a thread of ours may be just there (S36). Who forks past APR, as embedded
 * interpreters do, has to close what it does not hand on. */
static apr_status_t leave_to_program(void *self)
{
    anshin_directory_leave(&((anshin_dbm_t *)self)->directory);
    return APR_SUCCESS;
}

static apr_status_t open_directory(anshin_dbm_t *store, const char *path, anshin_error_t *err)
{
    apr_status_t status = anshin_directory_open(&store->directory, path, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_control_open(&store->control, &store->directory, err, store->pool);
    if (status == APR_SUCCESS) {
        status = open_parts(store, err);
        if (status != APR_SUCCESS) {
            anshin_control_close(&store->control);
        }
    }
    if (status != APR_SUCCESS) {
        anshin_directory_close(&store->directory);
    }
    return status;
}

static apr_status_t dbm_open(void **self, const char *where, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_dbm_t *store;
    const char *path;
    apr_pool_t *own;
    apr_status_t status;

    if (apr_pool_create_unmanaged(&own) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0386", "store: no memory to open it");
    }
    store = apr_pcalloc(own, sizeof(*store));
    store->pool = own;
    status = anshin_fork_mark_make(&store->mark, err, own);
    if (status == APR_SUCCESS) {
        status = parse_address(&path, &store->place.base_type, where, err, own);
    }
    if (status == APR_SUCCESS) {
        status = anshin_dbm_file_load_driver(store->place.base_type, err);
    }
    if (status == APR_SUCCESS) {
        status = open_directory(store, path, err);
    }
    if (status != APR_SUCCESS) {
        apr_pool_destroy(own);
        return status;
    }
    apr_pool_cleanup_register(pool, store, close_store, leave_to_program);
    *self = store;
    return APR_SUCCESS;
}

/* --- what it tells of itself -------------------------------------------------------------------------------------- */

static anshin_store_version_t dbm_version(void *self)
{
    const anshin_dbm_t *store = self;

    return anshin_state_position(anshin_control_state(&store->control));
}

/* A note of a checkpoint that another process has made up for in the meantime is none. */
static void dbm_health(void *self, anshin_store_health_t *trouble, apr_pool_t *pool)
{
    const anshin_dbm_t *store = self;
    anshin_state_t state = anshin_control_state(&store->control);
    char note[160];

    anshin_control_last_note(note, sizeof(note), &store->control);
    if (note[0] != '\0' && (anshin_state_checkpointing(state) || anshin_writer_is_due(&store->writer))) {
        trouble->why = apr_pstrdup(pool, note);
    }
    anshin_control_last_detour(note, sizeof(note), &store->control);
    trouble->detour = note[0] != '\0' ? apr_pstrdup(pool, note) : NULL;
    trouble->length = anshin_state_length(state);
    trouble->limit = ANSHIN_JOURNAL_LIMIT;
}

static apr_status_t dbm_scrub(void *self, anshin_error_t *err)
{
    anshin_dbm_t *store = self;

    return anshin_scrub_run(&store->place, &store->control, &store->writer, &store->snapshots, err);
}

static apr_status_t dbm_copy(void *self, const anshin_store_sink_t *sink, anshin_error_t *err)
{
    anshin_dbm_t *store = self;

    return anshin_copy_run(&store->place, &store->control, &store->snapshots, sink, err);
}

/* Others wait in join() until this one closes it. */
static apr_status_t dbm_alone(void *self, anshin_error_t *err)
{
    const anshin_dbm_t *store = self;
    apr_status_t status = anshin_lock_try(store->control.fd, ANSHIN_LOCK_ALIVE, ANSHIN_LOCK_EXCLUSIVE, err);

    return status == ANSHIN_EBUSY
               ? anshin_fail(err, status, "AN1355", "store: %s is open in other processes", store->directory.path)
               : status;
}

const anshin_store_driver_t anshin_store_dbm = {
    .name = "dbm",
    .open = dbm_open,
    .version = dbm_version,
    .trouble = dbm_health,
    .begin = anshin_dbm_begin,
    .get = anshin_dbm_get,
    .put = anshin_dbm_put,
    .erase = anshin_dbm_erase,
    .each = anshin_dbm_each,
    .seen = anshin_dbm_seen,
    .changes = anshin_dbm_changes,
    .due = anshin_due_file,
    .take_due = anshin_due_take,
    .list_due = anshin_due_list,
    .count_due = anshin_due_count,
    .each_due = anshin_due_each,
    .commit = anshin_dbm_commit,
    .abort = anshin_dbm_abort,
    .blob_put = anshin_dbm_blob_put,
    .blob_get = anshin_dbm_blob_get,
    .blob_replace = anshin_dbm_blob_replace,
    .blob_wipe = anshin_dbm_blob_wipe,
    .blob_each = anshin_dbm_blob_each,
    .alone = dbm_alone,
    .scrub = dbm_scrub,
    .copy = dbm_copy,
};
