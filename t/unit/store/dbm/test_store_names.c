/*
 * A name is used only when it is on disk for good: what a process died over, or another has only just made, is synced
 * before anything relies on it. What was acknowledged must be there after a loss of power (S21).
 *
 * The C library's fsync and unlinkat are defined here, take their place and note what they did.
 */
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "unit/dbm_session.h"
#include "unit/scratch.h"
#include "unit/tap.h"

#define STORE "/the-store"
#define FIRST "ab23456789abcdef0123456789abcdef"
#define SECOND "ab99999999abcdef0123456789abcdef"

static char events[8192]; /* "+PATH;" synced, path from the store on; "-NAME;" removed; in their order */

static void add(char what, const char *name)
{
    apr_size_t length = strlen(events);

    (void)apr_snprintf(events + length, sizeof(events) - length, "%c%s;", what, name);
}

int fsync(int fd)
{
    char link[40];
    char path[512];
    ssize_t length;
    const char *from;

    (void)apr_snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof(path) - 1);
    path[length > 0 ? length : 0] = '\0';
    from = strstr(path, STORE);
    if (from != NULL) {
        add('+', from);
    }
    return (int)syscall(SYS_fsync, fd);
}

int unlinkat(int directory, const char *name, int flags)
{
    int answer = (int)syscall(SYS_unlinkat, directory, name, flags);

    if (answer == 0) {
        add('-', name);
    }
    return answer;
}

static int happened(const char *event)
{
    return strstr(events, event) != NULL;
}

/* Both happened, in this order. */
static int precedes(const char *first, const char *second)
{
    const char *at = strstr(events, first);

    return at != NULL && strstr(at, second) != NULL && strstr(events, second) > at;
}

static void put_blob(session_t *session, const char *name)
{
    events[0] = '\0';
    ok(put_blob_in(session, name, "secret") == APR_SUCCESS, "a blob is put");
}

/* Another process has made the shelf, and has got no further. */
static void test_shelf(apr_pool_t *pool)
{
    const char *where = apr_pstrcat(pool, scratch_directory(pool), STORE, NULL);
    session_t session;
    session_t other;

    if (open_store(&session, where, pool) != APR_SUCCESS) {
        printf("# %s\n", session.err.text);
        exit(1);
    }
    (void)mkdir(apr_pstrcat(pool, where, "/blobs", NULL), 0700);
    (void)mkdir(apr_pstrcat(pool, where, "/blobs/ab", NULL), 0700);
    put_blob(&session, FIRST);
    ok(happened("+" STORE "/blobs/ab;") && happened("+" STORE "/blobs;") && happened("+" STORE ";"),
       "when a blob is acknowledged, all names above it are on disk, whoever made them (S21)");
    put_blob(&session, SECOND);
    ok(happened("+" STORE "/blobs/ab;") && !happened("+" STORE "/blobs;") && !happened("+" STORE ";"),
       "which the next one need not do again");
    close_store(&session);
    (void)open_store(&other, where, pool);
    put_blob(&other, FIRST);
    ok(happened("+" STORE "/blobs;"), "but another process, which does not know of it");
    close_store(&other);
}

static void put_long(session_t *session)
{
    anshin_fact_t fact = {.at = 1};
    anshin_txn_t *txn;
    apr_status_t status = anshin_txn_begin(&txn, session->store, ANSHIN_TXN_WRITE, &session->err, session->pool);

    for (int i = 0; i < 150 && status == APR_SUCCESS; i++) {
        fact.value = apr_psprintf(session->pool, "%0*d", 30000, i);
        status = anshin_txn_put(txn, &anshin_record_fact, apr_psprintf(session->pool, "%d", i), &fact);
    }
    if (anshin_txn_end(txn, status, ANSHIN_DURABLE) != APR_SUCCESS) {
        printf("# %s\n", session->err.text);
        exit(1);
    }
}

/* Who made the new base may have died between its rename and the sync of that. */
static void test_base(apr_pool_t *pool)
{
    const char *where = apr_pstrcat(pool, scratch_directory(pool), STORE, NULL);
    session_t session;

    (void)open_store(&session, where, pool);
    put_long(&session);
    close_store(&session); /* makes base 2, and keeps what it was made of */
    events[0] = '\0';
    ok(open_store(&session, where, pool) == APR_SUCCESS && happened("-base.1;") && happened("-journal.1;"),
       "who opens the store alone removes the base before and its journal");
    ok(precedes("+" STORE ";", "-base.1;") && precedes("+" STORE ";", "-journal.1;"),
       "but only when the name of the new one is on disk (S21)");
    close_store(&session);
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_shelf(pool);
    test_base(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
