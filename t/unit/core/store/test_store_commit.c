/*
 * The contract of the store (core/store/store.h), the three answers of a commit: done, not done, not known. The same
 * cases on every provider that runs without a server. What goes wrong is made from outside: a lock that others have, a
 * disk that fails, the fate that the store in memory asks for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <apr_strings.h>

#include "store/files/lock.h"
#include "store/store_mem.h"
#include "unit/opened.h"
#include "unit/tap.h"

static int disk_fails;

int fdatasync(int fd)
{
    errno = EIO;
    return disk_fails ? -1 : (int)syscall(SYS_fdatasync, fd);
}

static anshin_mem_fate_t fate;

anshin_mem_fate_t anshin_store_mem_fate(void)
{
    return fate;
}

/* A batch of two records. *busy: the provider said so, and it may be run again. */
static apr_status_t commit_pair(opened_t *f, const char *value, int *busy)
{
    anshin_txn_t *txn = opened_begin(f, ANSHIN_TXN_WRITE, f->pool);
    apr_status_t status = fact_put(txn, "pair/1", value);

    status = status == APR_SUCCESS ? fact_put(txn, "pair/2", value) : status;
    status = anshin_txn_end(txn, status, ANSHIN_DURABLE);
    *busy = anshin_txn_was_busy(txn);
    return status;
}

static int pair_is(opened_t *f, const char *value)
{
    return same_text(fact_of(f, "pair/1"), value) && same_text(fact_of(f, "pair/2"), value);
}

static void test_done(opened_t *f)
{
    int busy;

    ok(commit_pair(f, "done", &busy) == APR_SUCCESS && !busy && pair_is(f, "done"),
       "%s: done: whoever reads sees all of it", f->name);
}

/* A lock that others have, while this lasts; -1: the provider has none. */
static int hold_lock(opened_t *f)
{
    const provider_t *provider = f->provider;
    int fd = provider->lock != NULL
                 ? open(apr_pstrcat(f->pool, f->place, "/", provider->lock, NULL), O_RDWR | O_CLOEXEC)
                 : -1;

    if (provider->lock != NULL &&
        anshin_lock_try(fd, provider->lock_byte, ANSHIN_LOCK_EXCLUSIVE, &f->err) != APR_SUCCESS) {
        printf("# lock: %s\n", f->err.text);
        exit(1);
    }
    return fd;
}

static void test_not_done(opened_t *f)
{
    int fd = hold_lock(f);
    int busy;

    fate = ANSHIN_MEM_NOT_DONE;
    ok(commit_pair(f, "busy", &busy) == ANSHIN_EBUSY && busy, "%s: others are in the way: busy, and the store said so",
       f->name);
    ok(pair_is(f, "done"), "%s: busy: nothing of it is done, and readers need not wait", f->name);
    fate = ANSHIN_MEM_DONE;
    close(fd);
    ok(pair_is(f, "done"), "%s: nor is it done when they are gone", f->name);
    ok(commit_pair(f, "again", &busy) == APR_SUCCESS && !busy && pair_is(f, "again"), "%s: run again it is done",
       f->name);
}

static void test_not_known(opened_t *f, anshin_mem_fate_t of)
{
    const char *before = fact_of(f, "pair/1");
    int busy;

    disk_fails = 1;
    fate = of;
    ok(commit_pair(f, "fault", &busy) == ANSHIN_EFAULT && f->err.status == ANSHIN_EFAULT && *f->err.id != '\0',
       "%s: a failure at the end of a commit: a fault, with its cause", f->name);
    disk_fails = 0;
    fate = ANSHIN_MEM_DONE;
    ok(!busy, "%s: a fault is not busy: it is not run again, for it may be done", f->name);
    ok(pair_is(f, "fault") || pair_is(f, before), "%s: all of it is there, or nothing", f->name);
}

static void cases(opened_t *f)
{
    test_done(f);
    if (!f->provider->lock_elsewhere) {
        test_not_done(f);
    }
    test_not_known(f, ANSHIN_MEM_LOST);
    test_not_known(f, ANSHIN_MEM_FOUND); /* after a fault dbm refuses to write */
}

int main(void)
{
    opened_run(cases);
    return done();
}
