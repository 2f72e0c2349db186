/*
 * Two threads of one process, one journal, a disk that fails: the kernel tells that once a descriptor. fdatasync here
 * does as the kernel: its first caller is in it for long and is told EIO, one that comes meanwhile is told that all is
 * well. Nobody may believe the second (S21).
 *
 * The C library's fdatasync and APR's wait for a mutex are defined here and take their place; waiting for another
 * thread is given up at once.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "unit/dbm_session.h"
#include "unit/scratch.h"
#include "unit/tap.h"

#define LONG_FSYNC apr_time_from_sec(1)
#define VALUE 30000

static struct {
    apr_thread_mutex_t *mutex;
    apr_thread_cond_t *changed;
    int armed;
    int callers;
} disk;

static void wait_for_callers(int count, apr_interval_time_t limit)
{
    apr_time_t end = apr_time_now() + limit;
    apr_interval_time_t left;

    while (disk.callers < count && (left = end - apr_time_now()) > 0) {
        (void)apr_thread_cond_timedwait(disk.changed, disk.mutex, left);
    }
}

int fdatasync(int fd)
{
    int is_first;

    if (!disk.armed) {
        return (int)syscall(SYS_fdatasync, fd);
    }
    apr_thread_mutex_lock(disk.mutex);
    is_first = ++disk.callers == 1;
    apr_thread_cond_broadcast(disk.changed);
    if (is_first) {
        wait_for_callers(2, LONG_FSYNC);
    }
    apr_thread_mutex_unlock(disk.mutex);
    errno = EIO;
    return is_first ? -1 : 0;
}

apr_status_t apr_thread_mutex_timedlock(apr_thread_mutex_t *mutex, apr_interval_time_t timeout)
{
    (void)timeout;
    return apr_thread_mutex_trylock(mutex);
}

typedef struct commit_t {
    session_t *session;
    int puts;
    anshin_error_t err;
    apr_status_t status;
} commit_t;

static void *APR_THREAD_FUNC commit(apr_thread_t *thread, void *baton)
{
    commit_t *self = baton;
    anshin_fact_t fact = {.at = 1};
    anshin_txn_t *txn;
    apr_pool_t *pool;
    char *value;

    (void)thread;
    apr_pool_create_unmanaged(&pool);
    value = apr_palloc(pool, VALUE + 1);
    memset(value, 'v', VALUE);
    value[VALUE] = '\0';
    fact.value = value;
    self->status = anshin_txn_begin(&txn, self->session->store, ANSHIN_TXN_WRITE, &self->err, pool);
    for (int i = 0; i < self->puts && self->status == APR_SUCCESS; i++) {
        self->status = anshin_txn_put(txn, &anshin_record_fact, apr_psprintf(pool, "%d-%d", self->puts, i), &fact);
    }
    if (self->status == APR_SUCCESS) {
        self->status = anshin_txn_commit(txn, ANSHIN_DURABLE);
    }
    apr_pool_destroy(pool);
    return NULL;
}

/* The second thread commits so many records while the first is in fdatasync. */
static void test_overlap(int puts, const char *what, apr_pool_t *parent)
{
    commit_t first = {.puts = 1};
    commit_t second = {.puts = puts};
    const char *where;
    apr_thread_t *thread;
    apr_status_t ended;
    session_t session;
    apr_pool_t *pool;

    apr_pool_create(&pool, parent);
    where = apr_pstrcat(pool, scratch_directory(pool), "/store", NULL);
    ok(open_store(&session, where, pool) == APR_SUCCESS, "a store");
    first.session = second.session = &session;
    disk.callers = 0;
    disk.armed = 1;
    if (apr_thread_create(&thread, NULL, commit, &first, pool) != APR_SUCCESS) {
        exit(1);
    }
    apr_thread_mutex_lock(disk.mutex);
    wait_for_callers(1, apr_time_from_sec(60));
    apr_thread_mutex_unlock(disk.mutex);
    (void)commit(NULL, &second);
    apr_thread_join(&ended, thread);
    disk.armed = 0;
    ok(first.status == ANSHIN_EFAULT && strcmp(first.err.id, "AN0370") == 0, "%s: who is told of the failure says so",
       what);
    ok(second.status == ANSHIN_EFAULT && strcmp(second.err.id, "AN0370") == 0,
       "%s: who comes meanwhile does not acknowledge what is not on disk (S21)", what);
    ok(disk.callers == 1, "%s: and did not ask a disk that has failed", what);
    ok(access(apr_pstrcat(pool, where, "/journal.2", NULL), F_OK) != 0,
       "%s: no journal begins after one that is not on disk", what);
    close_store(&session);
    apr_pool_destroy(pool);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_thread_mutex_create(&disk.mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    apr_thread_cond_create(&disk.changed, pool);
    test_overlap(2, "two syncs", pool);
    test_overlap(150, "a sync and the next journal's begin", pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
