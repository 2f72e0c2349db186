/*
 * The dbm store on bad days: journals torn and garbled, files missing, leftovers of killed processes, full disks,
 * failed syncs. The rule: what is damaged is a fault, never "not found"; what was torn while nobody had been told is
 * cut off.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/store/store.h"
#include "unit/dbm_session.h"
#include "unit/scratch.h"
#include "store/files/control.h"
#include "store/files/journal.h"
#include "unit/tap.h"

static apr_status_t put_length(session_t *session, const char *key, int length, anshin_durability_t durability)
{
    anshin_fact_t fact = {.at = length};
    anshin_txn_t *txn;
    apr_pool_t *pool;
    apr_status_t status;

    apr_pool_create(&pool, session->pool);
    fact.value = apr_psprintf(pool, "%0*d", length, length);
    anshin_error_clear(&session->err);
    status = anshin_txn_begin(&txn, session->store, ANSHIN_TXN_WRITE, &session->err, pool);
    if (status == APR_SUCCESS) {
        status = anshin_txn_put(txn, &anshin_record_fact, key, &fact);
        status = status == APR_SUCCESS ? anshin_txn_commit(txn, durability) : status;
    }
    apr_pool_destroy(pool);
    return status;
}

/* The length that was put, 0 when it is not there, -1 after a failure. */
static int length_of(session_t *session, const char *key)
{
    anshin_fact_t fact = {.at = 0};
    apr_status_t status = read_numbers(session, &anshin_record_fact, key, &fact);

    return status == APR_SUCCESS || status == ANSHIN_ENOTFOUND ? (int)fact.at : -1;
}

/* A new store in which a to e were put, each in a batch of its own. */
static const char *make_store(const char *scratch, const char *name, apr_pool_t *pool)
{
    const char *directory = apr_pstrcat(pool, scratch, "/", name, NULL);
    session_t session;
    char key[2] = "a";

    if (open_store(&session, directory, pool) != APR_SUCCESS) {
        printf("Bail out! %s\n", session.err.text);
        exit(1);
    }
    for (; key[0] <= 'e'; key[0]++) {
        put_length(&session, key, 100, ANSHIN_DURABLE);
    }
    close_store(&session);
    return directory;
}

static const char *file_of(const char *directory, const char *name, apr_pool_t *pool)
{
    return apr_pstrcat(pool, directory, "/", name, NULL);
}

/* The octet at an offset becomes another one; a negative offset counts from the end. */
static void flip(const char *path, off_t offset)
{
    int fd = open(path, O_RDWR);
    unsigned char octet;

    offset += offset < 0 ? lseek(fd, 0, SEEK_END) : 0;
    if (fd < 0 || pread(fd, &octet, 1, offset) != 1) {
        perror(path);
        exit(1);
    }
    octet ^= 0x10;
    if (pwrite(fd, &octet, 1, offset) != 1) {
        exit(1);
    }
    close(fd);
}

static void forget_boot(const char *directory, apr_pool_t *pool)
{
    unlink(file_of(directory, "control", pool));
}

/* What is there after an open: "abcde", or less; "!" when it does not open. */
static const char *found(const char *directory, session_t *session, apr_pool_t *pool)
{
    char *keys = apr_pstrdup(pool, "");
    char key[2] = "a";

    if (open_store(session, directory, pool) != APR_SUCCESS) {
        return "!";
    }
    for (; key[0] <= 'e'; key[0]++) {
        int length = length_of(session, key);

        if (length != 0) {
            keys = apr_pstrcat(pool, keys, length == 100 ? key : "!", NULL);
        }
    }
    close_store(session);
    return keys;
}

/* --- journals ------------------------------------------------------------------------------------------------------
 */

/* What happens to a journal, and what must be found after it. A batch of make_store is this long: */
#define BATCH (ANSHIN_BATCH_HEADER + 6 + 1 + 1 + 1 + 1 + 100 + 1 + 1 + 2)
#define END (ANSHIN_JOURNAL_HEADER + 5 * BATCH)

typedef struct damage_t {
    const char *what;
    off_t flipped;         /* 0: none */
    off_t cut;             /* 0: not */
    const char *same_boot; /* found when the control page is valid */
    const char *new_boot;  /* found when the machine was restarted */
} damage_t;

static const damage_t damages[] = {
    {"nothing", 0, 0, "abcde", "abcde"},
    {"an octet of the last batch", END - 1, 0, "!", "abcd"},
    {"an octet of the third batch", ANSHIN_JOURNAL_HEADER + 2 * BATCH + 40, 0, "!", "ab"},
    {"the length of the second batch", ANSHIN_JOURNAL_HEADER + BATCH, 0, "!", "a"},
    {"the checksum of the first batch", ANSHIN_JOURNAL_HEADER + 4, 0, "!", ""},
    {"the header", 13, 0, "!", "!"},
    {"an octet behind the end", END + 3, 0, "abcde", "abcde"},
    {"the end of the file within the fourth batch", 0, ANSHIN_JOURNAL_HEADER + 3 * BATCH + 60, "!", "abc"},
    {"the end of the file within the header", 0, 20, "!", "!"},
};

static void test_damaged_journal(const char *scratch, apr_pool_t *pool)
{
    session_t session;
    int cases = (int)(sizeof(damages) / sizeof(damages[0]));

    for (int i = 0; i < cases * 2; i++) {
        const damage_t *damage = &damages[i / 2];
        const char *directory = make_store(scratch, apr_psprintf(pool, "damage%d", i), pool);
        const char *journal = file_of(directory, "journal.1", pool);
        const char *keys;

        if (damage->flipped != 0) {
            flip(journal, damage->flipped);
        }
        if (damage->cut != 0 && truncate(journal, damage->cut) != 0) {
            exit(1);
        }
        if (i % 2 == 1) {
            forget_boot(directory, pool);
        }
        keys = found(directory, &session, pool);
        ok(same_text(keys, i % 2 == 1 ? damage->new_boot : damage->same_boot), "%s damaged, %s: \"%s\" %s",
           damage->what, i % 2 == 1 ? "after a restart of the machine" : "while it runs", keys, session.err.text);
    }
}

/* After a cut the store goes on, and what it writes then stays. */
static void test_goes_on_after_cut(const char *scratch, apr_pool_t *pool)
{
    const char *directory = make_store(scratch, "cut", pool);
    session_t session;

    flip(file_of(directory, "journal.1", pool), ANSHIN_JOURNAL_HEADER + 3 * BATCH + 40);
    forget_boot(directory, pool);
    ok(open_store(&session, directory, pool) == APR_SUCCESS && length_of(&session, "d") == 0 &&
           put_length(&session, "e", 100, ANSHIN_DURABLE) == APR_SUCCESS,
       "after a cut the store is written on");
    close_store(&session);
    forget_boot(directory, pool);
    ok(same_text(found(directory, &session, pool), "abce"), "and nothing from before the cut comes back");
}

/* --- leftovers -----------------------------------------------------------------------------------------------------
 */

/* The journal of make_store, and where it ends. */
static anshin_mark_t open_journal(anshin_journal_t *journal, anshin_directory_t *folder, const char *directory,
                                  apr_pool_t *pool)
{
    anshin_error_t err = {0};
    anshin_mark_t mark = {0, 0};

    if (anshin_directory_open(folder, directory, &err) != APR_SUCCESS ||
        anshin_journal_open(journal, folder, 1, &err, pool) != APR_SUCCESS) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    mark = journal->start;
    anshin_journal_scan(journal, &mark, &err, pool);
    return mark;
}

/* A writer was killed between its write and the state word: a whole batch lies behind the end, and nobody saw it. */
static void test_batch_of_a_killed_writer(const char *scratch, apr_pool_t *pool)
{
    const char *directory = make_store(scratch, "ghost", pool);
    anshin_change_t change = {
        .type = anshin_record_fact.number, .key_length = 5, .key = "ghost", .value = "\1", .value_length = 1};
    anshin_directory_t folder;
    anshin_journal_t journal = {.fd = -1};
    anshin_batch_t batch;
    anshin_mark_t mark = open_journal(&journal, &folder, directory, pool);
    anshin_error_t err = {0};
    session_t session;

    ok(mark.length == END, "the journal is as long as this test thinks (%u)", mark.length);
    anshin_batch_make(&batch, &change, 1, &err, pool);
    ok(anshin_journal_append(&journal, &mark, &batch, &err) == APR_SUCCESS, "a batch that nobody was told of");
    anshin_journal_close(&journal);
    anshin_directory_close(&folder);

    open_store(&session, directory, pool);
    ok(length_of(&session, "ghost") == 0 && put_length(&session, "a", 90, ANSHIN_DURABLE) == APR_SUCCESS,
       "is not seen, and written over");
    close_store(&session);
    forget_boot(directory, pool);
    open_store(&session, directory, pool);
    ok(length_of(&session, "ghost") == 0 && length_of(&session, "a") == 90 && length_of(&session, "e") == 100,
       "nor does it come back after a restart of the machine");
    close_store(&session);
}

/* A batch whose checksums are right and whose last change is not whole: nothing of it may be believed. */
static void test_batch_of_nonsense(const char *scratch, apr_pool_t *pool)
{
    const char *directory = make_store(scratch, "nonsense", pool);
    anshin_change_t changes[] = {
        {.type = anshin_record_fact.number, .key_length = 1, .key = "a", .value = NULL},
        {.type = anshin_record_fact.number, .key_length = 1, .key = "b", .value = "\1", .value_length = 1}};
    anshin_directory_t folder;
    anshin_journal_t journal = {.fd = -1};
    anshin_batch_t batch;
    anshin_mark_t mark = open_journal(&journal, &folder, directory, pool);
    anshin_error_t err = {0};
    session_t session;

    anshin_batch_make(&batch, changes, 2, &err, pool);
    batch.data[batch.length - 7] = 200; /* the length of the second value: longer than the batch */
    ok(anshin_journal_append(&journal, &mark, &batch, &err) == APR_SUCCESS, "a batch that is not one of ours");
    anshin_journal_close(&journal);
    anshin_directory_close(&folder);
    forget_boot(directory, pool);
    ok(same_text(found(directory, &session, pool), "abcde"), "is not there for recovery, not even its first change");
    ok(same_text(found(directory, &session, pool), "abcde"), "nor for whoever opens the store next");
}

/* A process was killed after it made the next journal, and before it told anybody; the journal was written on. */
static void test_journal_of_a_killed_writer(const char *scratch, apr_pool_t *pool)
{
    const char *directory = make_store(scratch, "orphan", pool);
    anshin_directory_t folder;
    anshin_journal_t journal = {.fd = -1};
    anshin_mark_t mark = open_journal(&journal, &folder, directory, pool);
    anshin_error_t err = {0};
    session_t session;

    ok(anshin_journal_create(&folder, 2, mark, "db", &err, pool) == APR_SUCCESS, "the next journal was made early");
    anshin_journal_close(&journal);
    open_store(&session, directory, pool);
    ok(put_length(&session, "a", 90, ANSHIN_DURABLE) == APR_SUCCESS, "the one before it was written on");
    close_store(&session);
    anshin_journal_create(&folder, 2, mark, "db", &err, pool);
    anshin_directory_close(&folder);
    forget_boot(directory, pool);
    ok(open_store(&session, directory, pool) == APR_SUCCESS && length_of(&session, "a") == 90 &&
           length_of(&session, "e") == 100,
       "and counts after a restart of the machine: %s", session.err.text);
    ok(access(file_of(directory, "journal.2", pool), F_OK) != 0, "the early one is gone");
    close_store(&session);
}

static void test_unfinished_store(const char *scratch, apr_pool_t *pool)
{
    static const char *const remains[] = {"base.work", "__db.base.work", "journal.next", "control.123"};
    const char *directory = apr_pstrcat(pool, scratch, "/unfinished", NULL);
    anshin_mark_t nothing = {0, 0};
    anshin_error_t err = {0};
    anshin_directory_t folder;
    session_t session;

    anshin_directory_open(&folder, directory, &err);
    anshin_journal_create(&folder, 1, nothing, "db", &err, pool);
    anshin_directory_close(&folder);
    for (int i = 0; i < 4; i++) {
        scratch_write(file_of(directory, remains[i], pool), "garbage", 7, 0660);
    }
    ok(open_store(&session, directory, pool) == APR_SUCCESS &&
           put_length(&session, "a", 100, ANSHIN_DURABLE) == APR_SUCCESS,
       "a store that was never finished is made anew: %s", session.err.text);
    close_store(&session);
}

/* --- files missing or garbled --------------------------------------------------------------------------------------
 */

static void test_missing_files(const char *scratch, apr_pool_t *pool)
{
    const char *directory = make_store(scratch, "nobase", pool);
    session_t session;

    unlink(file_of(directory, "base.1", pool));
    ok(open_store(&session, directory, pool) == ANSHIN_EFAULT, "a missing base is a fault: %s", session.err.text);
    forget_boot(directory, pool);
    ok(open_store(&session, directory, pool) == ANSHIN_EFAULT,
       "also after a restart of the machine: nothing is made anew over a journal that was written: %s",
       session.err.text);

    directory = make_store(scratch, "nojournal", pool);
    unlink(file_of(directory, "journal.1", pool));
    ok(open_store(&session, directory, pool) == ANSHIN_EFAULT, "so is a missing journal: %s", session.err.text);

    directory = make_store(scratch, "nocontrol", pool);
    scratch_write(file_of(directory, "control", pool), "short", 5, 0660);
    ok(open_store(&session, directory, pool) == ANSHIN_EFAULT, "and a control file cut short: %s", session.err.text);
    scratch_write(file_of(directory, "control", pool), apr_pcalloc(pool, 4096), 4096, 0660);
    ok(same_text(found(directory, &session, pool), "abcde"), "an empty one is only a restart of the machine");
}

static void test_garbled_base(const char *scratch, const char *type, apr_pool_t *pool)
{
    const char *directory = apr_pstrcat(pool, scratch, "/garbled-", type, NULL);
    const char *where = apr_pstrcat(pool, directory, "?type=", type, NULL);
    char garbage[2048];
    session_t session;

    memset(garbage, 0x5a, sizeof(garbage));
    open_store(&session, where, pool);
    close_store(&session);
    scratch_write(file_of(directory, "base.1", pool), garbage, sizeof(garbage), 0660);
    open_store(&session, where, pool);
    ok(length_of(&session, "a") == -1 && session.err.status == ANSHIN_EFAULT,
       "%s: a garbled base is a fault, not an empty store: %s", type, session.err.text);
    close_store(&session);
}

/* --- full disks and failed syncs -----------------------------------------------------------------------------------
 */

static void limit_files(rlim_t octets)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = octets;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        exit(1);
    }
}

/* In a child, so that the limit is its own. Answers 0, or the number of what went wrong. */
static int fill_the_disk(const char *directory)
{
    session_t session;
    int puts = 0;

    signal(SIGXFSZ, SIG_IGN);
    limit_files(2097152);
    if (open_store(&session, directory, NULL) != APR_SUCCESS) {
        return 1;
    }
    while (puts < 200 &&
           put_length(&session, apr_psprintf(session.pool, "k%d", puts), 30000, ANSHIN_DURABLE) == APR_SUCCESS) {
        puts++;
    }
    if (puts < 30 || puts == 200 || session.err.status != ANSHIN_EFAULT) {
        return 2;
    }
    printf("# %d puts, then: %s\n", puts, session.err.text);
    if (length_of(&session, "k0") != 30000 || length_of(&session, apr_psprintf(session.pool, "k%d", puts)) != 0) {
        return 3; /* reads go on, and what failed is not there */
    }
    limit_files(RLIM_INFINITY);
    if (put_length(&session, "after", 100, ANSHIN_DURABLE) != APR_SUCCESS) {
        return 4;
    }
    close_store(&session);
    fflush(stdout);
    return 0;
}

/* The new base does not fit, while the journal still does. */
static int fill_at_checkpoint(const char *directory)
{
    session_t session;
    int puts;

    signal(SIGXFSZ, SIG_IGN);
    if (open_store(&session, directory, NULL) != APR_SUCCESS) {
        return 1;
    }
    for (puts = 0; puts < 250; puts++) { /* 7.5 million octets: more than a base may have below */
        put_length(&session, apr_psprintf(session.pool, "k%d", puts), 30000, ANSHIN_LAZY);
    }
    close_store(&session);
    limit_files(6291456);
    if (open_store(&session, directory, NULL) != APR_SUCCESS) {
        return 2;
    }
    while (puts < 900 &&
           put_length(&session, apr_psprintf(session.pool, "k%d", puts), 30000, ANSHIN_LAZY) == APR_SUCCESS) {
        puts++;
    }
    if (puts == 900) {
        return 3;
    }
    printf("# %d puts, then: %s\n", puts, session.err.text);
    for (int i = 0; i < puts; i++) {
        if (length_of(&session, apr_psprintf(session.pool, "k%d", i)) != 30000) {
            return 4;
        }
    }
    close_store(&session);
    limit_files(RLIM_INFINITY);
    if (open_store(&session, directory, NULL) != APR_SUCCESS ||
        put_length(&session, "after", 100, ANSHIN_DURABLE) != APR_SUCCESS) {
        return 5;
    }
    close_store(&session);
    if (open_store(&session, directory, NULL) != APR_SUCCESS) {
        return 6;
    }
    for (int i = 0; i < puts; i++) {
        if (length_of(&session, apr_psprintf(session.pool, "k%d", i)) != 30000) {
            return 7;
        }
    }
    close_store(&session);
    fflush(stdout);
    return 0;
}

static int in_child(int (*run)(const char *where), const char *where)
{
    int status;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        _exit(run(where));
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void test_full_disk(const char *scratch, apr_pool_t *pool)
{
    const char *directory = apr_pstrcat(pool, scratch, "/full", NULL);
    session_t session;
    int code = in_child(fill_the_disk, directory);

    ok(code == 0, "a full disk: writing stops and says why, reads go on, with space again writing does (%d)", code);
    ok(open_store(&session, directory, pool) == APR_SUCCESS && length_of(&session, "k0") == 30000 &&
           length_of(&session, "k29") == 30000 && length_of(&session, "after") == 100,
       "and nothing is lost");
    close_store(&session);
    for (int i = 0; i < 2; i++) {
        const char *type = i == 0 ? "db" : "gdbm";

        code = in_child(fill_at_checkpoint, apr_pstrcat(pool, scratch, "/full-", type, "?type=", type, NULL));
        ok(code == 0, "%s: no space for a new base: the old one serves on, and nothing is lost (%d)", type, code);
    }
}

static void test_failed_sync(const char *scratch, apr_pool_t *pool)
{
    const char *directory = make_store(scratch, "sync", pool);
    anshin_control_t control;
    anshin_directory_t folder;
    anshin_error_t err = {0};
    session_t session;

    open_store(&session, directory, pool);
    anshin_directory_open(&folder, directory, &err);
    anshin_control_open(&control, &folder, &err, pool);
    anshin_control_set_fault(&control, EIO); /* as after an fdatasync that failed, in any process */
    ok(put_length(&session, "a", 90, ANSHIN_LAZY) == ANSHIN_EFAULT && same_text(session.err.id, "AN0370"),
       "after a failed sync nobody writes: %s", session.err.text);
    ok(length_of(&session, "a") == 100, "reads go on");
    anshin_control_close(&control);
    anshin_directory_close(&folder);
    close_store(&session);
    ok(open_store(&session, directory, pool) == APR_SUCCESS && length_of(&session, "e") == 100 &&
           put_length(&session, "a", 90, ANSHIN_DURABLE) == APR_SUCCESS,
       "opened by somebody who is alone, what is committed is written once more, and the store goes on");
    close_store(&session);
}

/* --- blobs ---------------------------------------------------------------------------------------------------------
 */

static apr_status_t ignore_blob(void *baton, const char *name, apr_time_t written_at)
{
    (void)name;
    (void)written_at;
    ++*(int *)baton;
    return APR_SUCCESS;
}

static int is_zeros(const char *path)
{
    char content[16];
    FILE *file = fopen(path, "rb");
    size_t length = file != NULL ? fread(content, 1, sizeof(content), file) : 0;

    if (file != NULL) {
        fclose(file);
    }
    return length == 6 && memcmp(content, "\0\0\0\0\0\0", 6) == 0;
}

/* Of a process that was there and has gone. */
static long gone(void)
{
    pid_t child = fork();

    if (child == 0) {
        _exit(0);
    }
    (void)waitpid(child, NULL, 0);
    return (long)child;
}

static void test_blobs(const char *scratch, apr_pool_t *pool)
{
    static const char name[] = "ab112233445566778899aabbccddeeff";
    const char *directory = make_store(scratch, "blobs", pool);
    const char *path = apr_pstrcat(pool, directory, "/blobs/ab/", name, NULL);
    const char *link_path = file_of(directory, "link", pool);
    const char *stale = apr_psprintf(pool, "%s.%ld.1", path, gone());
    const char *written = apr_psprintf(pool, "%s.%ld.1", path, (long)getpid());
    struct utimbuf long_ago = {1000000000, 1000000000};
    struct stat facts;
    session_t session;
    int seen = 0;

    open_store(&session, directory, pool);
    put_blob_in(&session, name, "secret");
    ok(stat(path, &facts) == 0 && (facts.st_mode & 07777) == 0660 && link(path, link_path) == 0,
       "a blob is a file of mode 0660 (S31)");
    ok(anshin_blob_wipe(session.store, name, &session.err) == APR_SUCCESS && access(path, F_OK) != 0 &&
           is_zeros(link_path),
       "wiped, it is overwritten before its name goes (S24)");
    unlink(link_path);
    put_blob_in(&session, name, "secret");
    ok(link(path, link_path) == 0 && put_blob_in(&session, name, "newer!") == APR_SUCCESS && is_zeros(link_path),
       "replaced, the old one is overwritten too (S24)");
    scratch_write(stale, "secret", 6, 0660);
    scratch_write(written, "secret", 6, 0660);
    unlink(link_path);
    ok(link(stale, link_path) == 0 && utime(written, &long_ago) == 0 && utime(stale, &long_ago) == 0 &&
           anshin_blob_each(session.store, ignore_blob, &seen, &session.err, pool) == APR_SUCCESS && seen == 1 &&
           access(stale, F_OK) != 0 && is_zeros(link_path),
       "what a killed put left behind is wiped by a walk (S24)");
    ok(access(written, F_OK) == 0, "what is being written is not, however old a clock that was put forward makes it");
    close_store(&session);
}

int main(void)
{
    apr_pool_t *pool;
    const char *scratch;

    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    scratch = scratch_directory(pool);
    if (freopen("/dev/null", "w", stderr) == NULL) { /* Berkeley DB prints a line for every page it cannot write */
        return 1;
    }
    test_damaged_journal(scratch, pool);
    test_goes_on_after_cut(scratch, pool);
    test_batch_of_a_killed_writer(scratch, pool);
    test_batch_of_nonsense(scratch, pool);
    test_journal_of_a_killed_writer(scratch, pool);
    test_unfinished_store(scratch, pool);
    test_missing_files(scratch, pool);
    test_garbled_base(scratch, "db", pool);
    test_garbled_base(scratch, "gdbm", pool);
    test_full_disk(scratch, pool);
    test_failed_sync(scratch, pool);
    test_blobs(scratch, pool);
    return done();
}
