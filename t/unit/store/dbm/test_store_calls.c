/*
 * The dbm store with every system call that it makes for its files failing once, in turn: it is made or opened, written
 * to and read. The rule: what was acknowledged is there, then and after the next start, and a failure is never taken
 * for "not found" (S21).
 *
 * The functions of the C library that the store calls are defined here and take their place; Berkeley DB calls others.
 */
#undef _FORTIFY_SOURCE /* it would define some of them itself */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "unit/dbm_session.h"
#include "unit/scratch.h"
#include "unit/tap.h"

static atomic_int calls_left = -1; /* until the one that fails; below 0: none will */
static int error_to_give;
static const char *failed_call;

static int fails(const char *name)
{
    if (calls_left < 0 || calls_left-- > 0) {
        return 0;
    }
    failed_call = name;
    errno = error_to_give;
    return 1;
}

/* --- what fails --- */

static int open_at(const char *call, int directory, const char *path, int flags, mode_t mode)
{
    return fails(call) ? -1 : (int)syscall(SYS_openat, directory, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list more;

    if ((flags & O_CREAT) != 0) {
        va_start(more, flags);
        mode = va_arg(more, mode_t);
        va_end(more);
    }
    return open_at("openat", directory, path, flags, mode);
}

ssize_t pread(int fd, void *data, size_t length, off_t at)
{
    return fails("pread") ? -1 : syscall(SYS_pread64, fd, data, length, at);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at)
{
    return fails("pwrite") ? -1 : syscall(SYS_pwrite64, fd, data, length, at);
}

int fdatasync(int fd)
{
    return fails("fdatasync") ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    return fails("fsync") ? -1 : (int)syscall(SYS_fsync, fd);
}

int ftruncate(int fd, off_t length)
{
    return fails("ftruncate") ? -1 : (int)syscall(SYS_ftruncate, fd, length);
}

int posix_fallocate(int fd, off_t at, off_t length)
{
    if (fails("posix_fallocate")) {
        return error_to_give;
    }
    return syscall(SYS_fallocate, fd, 0, at, length) == 0 ? 0 : errno;
}

int renameat(int from, const char *old, int to, const char *new)
{
    return fails("renameat") ? -1 : (int)syscall(SYS_renameat2, from, old, to, new, 0);
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
    return fails("linkat") ? -1 : (int)syscall(SYS_linkat, from, old, to, new, flags);
}

int unlinkat(int directory, const char *path, int flags)
{
    return fails("unlinkat") ? -1 : (int)syscall(SYS_unlinkat, directory, path, flags);
}

int fchmod(int fd, mode_t mode)
{
    return fails("fchmod") ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int mkdir(const char *path, mode_t mode)
{
    return fails("mkdir") ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

/* --- the work --- */

enum { KEYS = 4 };
static const char *const keys[KEYS] = {"a", "b", "c", "d"};
static const char *const blob = "0123456789abcdef0123456789abcdef";

static apr_status_t put(session_t *session, const char *key, anshin_durability_t durability)
{
    anshin_fact_t fact = {.at = key[0], .value = key};
    anshin_txn_t *txn;
    apr_status_t status = anshin_txn_begin(&txn, session->store, ANSHIN_TXN_WRITE, &session->err, session->pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_txn_put(txn, &anshin_record_fact, key, &fact);
    return anshin_txn_end(txn, status, durability);
}

static apr_status_t get(session_t *session, const char *key)
{
    anshin_fact_t fact = {.at = 0};
    anshin_txn_t *txn;
    apr_status_t status = anshin_txn_begin(&txn, session->store, ANSHIN_TXN_READ, &session->err, session->pool);

    if (status == APR_SUCCESS) {
        status = anshin_txn_get(txn, &anshin_record_fact, key, &fact);
        anshin_txn_abort(txn);
    }
    return status == APR_SUCCESS && fact.at != key[0] ? APR_EGENERAL : status;
}

/* What has been acknowledged: a bit a key. */
static unsigned work(const char *where, unsigned before, apr_pool_t *pool, int *lies)
{
    unsigned acknowledged = before;
    anshin_bytes_t data;
    session_t session;
    int has_blob;

    if (open_store(&session, where, pool) != APR_SUCCESS) {
        close_store(&session);
        return acknowledged;
    }
    for (int i = 0; i < KEYS; i++) {
        apr_status_t status = put(&session, keys[i], i % 2 == 0 ? ANSHIN_DURABLE : ANSHIN_LAZY);

        acknowledged |= status == APR_SUCCESS ? 1u << i : 0;
        status = get(&session, keys[i]);
        *lies += (acknowledged & 1u << i) != 0 && status != APR_SUCCESS && status != ANSHIN_EFAULT;
    }
    has_blob = put_blob_in(&session, blob, "secret") == APR_SUCCESS;
    if (has_blob) {
        apr_status_t status = get_blob_in(&session, blob, &data);

        *lies += status != ANSHIN_EFAULT &&
                 (status != APR_SUCCESS || data.length != 6 || memcmp(data.data, "secret", 6) != 0);
        if (anshin_blob_wipe(session.store, blob, &session.err) == APR_SUCCESS) {
            *lies += get_blob_in(&session, blob, &data) == APR_SUCCESS;
        }
    }
    close_store(&session);
    return acknowledged;
}

/* After the next start, with nothing failing: is all there that was acknowledged? */
static int all_there(const char *where, unsigned acknowledged, apr_pool_t *pool)
{
    session_t session;
    int there;

    if (open_store(&session, where, pool) != APR_SUCCESS) {
        printf("# it does not open any more: %s %s\n", session.err.id, session.err.text);
        close_store(&session);
        return 0;
    }
    there = 1;
    for (int i = 0; i < KEYS; i++) {
        apr_status_t status = get(&session, keys[i]);

        there = there && (status == APR_SUCCESS || (status == ANSHIN_ENOTFOUND && (acknowledged & 1u << i) == 0));
    }
    there = there && put(&session, "later", ANSHIN_DURABLE) == APR_SUCCESS;
    close_store(&session);
    return there;
}

/* 1: there was a call of that number. */
static int attempt(int number, int has_begun, int *failures, apr_pool_t *parent)
{
    unsigned acknowledged = 0;
    const char *where;
    apr_pool_t *pool;
    int lies = 0;
    int fired;

    apr_pool_create(&pool, parent);
    where = apr_pstrcat(pool, scratch_directory(pool), "/store", NULL);
    if (has_begun) {
        acknowledged = work(where, 0, pool, &lies);
    }
    calls_left = number;
    acknowledged = work(where, acknowledged, pool, &lies);
    fired = calls_left < 0;
    calls_left = -1;
    if (lies > 0 || !all_there(where, acknowledged, pool) || (!fired && acknowledged != (1u << KEYS) - 1)) {
        printf("# %s (call %d) fails: %d wrong answers, acknowledged %x\n", fired ? failed_call : "nothing", number,
               lies, acknowledged);
        ++*failures;
    }
    apr_pool_destroy(pool);
    return fired;
}

static void test_calls(int error, const char *why, int has_begun, const char *what, apr_pool_t *pool)
{
    int failures = 0;
    int number = 0;

    error_to_give = error;
    while (attempt(number, has_begun, &failures, pool)) {
        number++;
    }
    ok(failures == 0 && number > 10, "%s, %s, at each of %d calls: nothing acknowledged is lost (S21)", what, why,
       number);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_calls(EIO, "an error of the disk", 0, "a new store", pool);
    test_calls(EIO, "an error of the disk", 1, "a store that was there", pool);
    test_calls(ENOSPC, "a full disk", 0, "a new store", pool);
    test_calls(ENOSPC, "a full disk", 1, "a store that was there", pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
