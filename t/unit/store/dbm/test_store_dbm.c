/*
 * What the dbm store has beyond the contract: its address and modes, several processes, checkpoints.
 * The contract is in test_store.c, damage and full disks in test_store_damage.c, kill -9 and power cuts in t/crash.
 */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "core/store/store.h"
#include "unit/dbm_session.h"
#include "unit/scratch.h"
#include "unit/tap.h"

/* Add to a number and answer what it was before, or -1. */
static apr_int64_t add(session_t *session, const char *key, apr_int64_t amount, anshin_durability_t durability)
{
    anshin_sequence_t sequence;
    anshin_txn_t *txn;
    apr_pool_t *pool;
    apr_status_t status;
    apr_int64_t before = -1;

    apr_pool_create(&pool, session->pool);
    anshin_error_clear(&session->err);
    status = anshin_txn_begin(&txn, session->store, ANSHIN_TXN_WRITE, &session->err, pool);
    if (status == APR_SUCCESS) {
        anshin_txn_get(txn, &anshin_record_sequence, key, &sequence);
        before = sequence.next;
        sequence.next += amount;
        anshin_txn_put(txn, &anshin_record_sequence, key, &sequence);
        status = anshin_txn_commit(txn, durability);
    }
    apr_pool_destroy(pool);
    return status == APR_SUCCESS ? before : -1;
}

static apr_int64_t get_number_in(anshin_txn_t *txn, const char *key)
{
    anshin_sequence_t sequence;
    apr_status_t status = anshin_txn_get(txn, &anshin_record_sequence, key, &sequence);

    return status == APR_SUCCESS || status == ANSHIN_ENOTFOUND ? sequence.next : -1;
}

/* A number, 0 when there is none, -1 after a failure. */
static apr_int64_t number(session_t *session, const char *key)
{
    anshin_sequence_t sequence = {.next = 0};
    apr_status_t status = read_numbers(session, &anshin_record_sequence, key, &sequence);

    return status == APR_SUCCESS || status == ANSHIN_ENOTFOUND ? sequence.next : -1;
}

/* --- address and modes ---------------------------------------------------------------------------------------------
 */

static void test_address(const char *scratch, apr_pool_t *pool)
{
    session_t session;

    ok(open_store(&session, apr_pstrcat(pool, scratch, "/a?type=sdbm", NULL), pool) == ANSHIN_EINVALID &&
           strstr(session.err.text, "1,008") != NULL,
       "sdbm is refused, and why: %s", session.err.text);
    ok(open_store(&session, apr_pstrcat(pool, scratch, "/a?type=ndbm2", NULL), pool) == ANSHIN_EINVALID,
       "an unknown type is refused: %s", session.err.text);
    ok(open_store(&session, apr_pstrcat(pool, scratch, "/a?sync=off", NULL), pool) == ANSHIN_EINVALID,
       "an unknown option is refused: %s", session.err.text);
    ok(open_store(&session, "", pool) == ANSHIN_EINVALID, "so is no address: %s", session.err.text);
    ok(open_store(&session, apr_pstrcat(pool, scratch, "/none/a", NULL), pool) == ANSHIN_EFAULT,
       "a parent that is not there is a fault: %s", session.err.text);
}

static unsigned mode_of(const char *directory, const char *name, apr_pool_t *pool)
{
    struct stat facts;

    return stat(apr_pstrcat(pool, directory, "/", name, NULL), &facts) == 0 ? facts.st_mode & 07777 : 0;
}

static void test_modes(const char *scratch, apr_pool_t *pool)
{
    const char *directory = apr_pstrcat(pool, scratch, "/modes", NULL);
    mode_t before = umask(077);
    session_t session;

    ok(open_store(&session, directory, pool) == APR_SUCCESS && add(&session, "n", 1, ANSHIN_DURABLE) == 0,
       "a store is made where there is none");
    umask(before);
    ok(mode_of(directory, "", pool) == 02770, "its directory has mode 2770, whatever the umask (S31)");
    ok(mode_of(directory, "control", pool) == 0660 && mode_of(directory, "base.1", pool) == 0660 &&
           mode_of(directory, "journal.1", pool) == 0660,
       "its files have mode 0660 (S31)");
    close_store(&session);

    chmod(directory, 02775);
    ok(open_store(&session, directory, pool) == ANSHIN_EINVALID && strstr(session.err.text, "2775") != NULL,
       "a directory that others may enter is refused (S31): %s", session.err.text);
    chmod(directory, 0770);
    ok(open_store(&session, directory, pool) == ANSHIN_EINVALID, "so is one that does not hand its group on (S31): %s",
       session.err.text);
    chmod(directory, 0700);
    ok(open_store(&session, directory, pool) == APR_SUCCESS && number(&session, "n") == 1,
       "one of a single user is fine");
    close_store(&session);
    chmod(directory, 02770);
}

static void test_type(const char *scratch, apr_pool_t *pool)
{
    session_t session;

    ok(open_store(&session, apr_pstrcat(pool, scratch, "/typed?type=gdbm", NULL), pool) == APR_SUCCESS,
       "a store of type gdbm");
    close_store(&session);
    ok(open_store(&session, apr_pstrcat(pool, scratch, "/typed", NULL), pool) == ANSHIN_EINVALID &&
           strstr(session.err.text, "gdbm") != NULL,
       "is not opened as db: %s", session.err.text);
}

/* --- processes -----------------------------------------------------------------------------------------------------
 */

typedef int child_fn(const char *where, int in, int out);

/* Run in a process of its own, with a pipe to it and one from it. */
static pid_t start(child_fn *run, const char *where, int *to, int *from)
{
    int in[2];
    int out[2];
    pid_t pid;

    if (pipe(in) != 0 || pipe(out) != 0) {
        exit(1);
    }
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        close(in[1]);
        close(out[0]);
        _exit(run(where, in[0], out[1]));
    }
    close(in[0]);
    close(out[1]);
    *to = in[1];
    *from = out[0];
    return pid;
}

static int exit_code(pid_t pid)
{
    int status;

    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A commit for every octet that comes; an octet back when it is done. */
static int commit_on_demand(const char *where, int in, int out)
{
    session_t session;
    char octet;

    if (open_store(&session, where, NULL) != APR_SUCCESS) {
        return 1;
    }
    while (read(in, &octet, 1) == 1) {
        if (add(&session, "shared", 1, octet == 'd' ? ANSHIN_DURABLE : ANSHIN_LAZY) < 0 || write(out, "x", 1) != 1) {
            return 2;
        }
    }
    close_store(&session);
    return 0;
}

static void test_seen_at_once(const char *where, const char *name, apr_pool_t *pool)
{
    session_t session;
    char octet;
    int to;
    int from;
    int late = 0;
    pid_t pid = start(commit_on_demand, where, &to, &from);

    open_store(&session, where, pool);
    for (int i = 1; i <= 500; i++) {
        anshin_store_version_t version = anshin_store_version(session.store);

        if (write(to, i % 5 == 0 ? "d" : "l", 1) != 1 || read(from, &octet, 1) != 1 ||
            anshin_store_version(session.store) == version || number(&session, "shared") != i) {
            late++;
        }
    }
    ok(late == 0, "%s: 500 commits of another process, lazy and durable, each seen at once, and by the stamp", name);
    close(to);
    ok(exit_code(pid) == 0, "%s: which ends well", name);
    close(from);
    close_store(&session);
}

#define PROCESSES 4
#define ROUNDS 150

static int count_up(const char *where, int in, int out)
{
    session_t session;

    (void)in;
    (void)out;
    if (open_store(&session, where, NULL) != APR_SUCCESS) {
        printf("# %s\n", session.err.text);
        return 1;
    }
    for (int i = 0; i < ROUNDS; i++) {
        if (add(&session, "count", 1, i % 3 == 0 ? ANSHIN_DURABLE : ANSHIN_LAZY) < 0) {
            printf("# %s\n", session.err.text);
            return 2;
        }
    }
    close_store(&session);
    return 0;
}

static void test_no_lost_update(const char *where, const char *name, apr_pool_t *pool)
{
    pid_t pids[PROCESSES];
    session_t session;
    int ends[2];
    int bad = 0;

    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = start(count_up, where, &ends[0], &ends[1]);
    }
    for (int i = 0; i < PROCESSES; i++) {
        bad += exit_code(pids[i]) != 0;
    }
    open_store(&session, where, pool);
    ok(bad == 0 && number(&session, "count") == (apr_int64_t)PROCESSES * ROUNDS,
       "%s: %d processes that open at once and add to one number lose nothing (%d)", name, PROCESSES,
       (int)number(&session, "count"));
    close_store(&session);
}

static int hold_the_lock(const char *where, int in, int out)
{
    session_t session;
    anshin_txn_t *txn;
    char octet;

    if (open_store(&session, where, NULL) != APR_SUCCESS ||
        anshin_txn_begin(&txn, session.store, ANSHIN_TXN_WRITE, &session.err, session.pool) != APR_SUCCESS ||
        get_number_in(txn, "busy") != 0 || write(out, "x", 1) != 1) {
        return 1;
    }
    return read(in, &octet, 1) == 1; /* until killed */
}

static void test_busy(const char *where, apr_pool_t *pool)
{
    session_t session;
    apr_time_t begin;
    apr_time_t waited;
    char octet;
    int to;
    int from;
    pid_t pid = start(hold_the_lock, where, &to, &from);

    open_store(&session, where, pool);
    if (read(from, &octet, 1) != 1) {
        exit(1);
    }
    begin = apr_time_now();
    ok(add(&session, "busy", 1, ANSHIN_LAZY) == -1 && session.err.status == ANSHIN_EBUSY,
       "a write transaction of another process that does not end: busy");
    waited = apr_time_now() - begin;
    ok(waited >= apr_time_from_sec(4) && waited < apr_time_from_sec(9), "after a bounded time");
    ok(number(&session, "busy") == 0, "readers need not wait");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    ok(add(&session, "busy", 1, ANSHIN_DURABLE) == 0, "killed, it holds nothing any more");
    close(to);
    close(from);
    close_store(&session);
}

static void test_fork(const char *where, apr_pool_t *pool)
{
    session_t session;
    session_t other;
    pid_t pid;

    open_store(&session, where, pool);
    add(&session, "forked", 1, ANSHIN_DURABLE);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        int refused = number(&session, "forked") == -1 && session.err.status == ANSHIN_EFAULT &&
                      anshin_store_version(session.store) == ANSHIN_STORE_VERSION_NONE &&
                      add(&session, "forked", 1, ANSHIN_LAZY) == -1;

        close_store(&session); /* must not give up what the parent holds */
        _exit(refused ? 0 : 1);
    }
    ok(exit_code(pid) == 0, "a store that was opened before fork is refused to the child");
    ok(add(&session, "forked", 1, ANSHIN_DURABLE) == 1 && number(&session, "forked") == 2, "and serves the parent on");
    ok(open_store(&other, where, pool) == APR_SUCCESS && number(&other, "forked") == 2 &&
           add(&other, "forked", 1, ANSHIN_LAZY) == 2 && number(&session, "forked") == 3,
       "two opens in one process work side by side");
    close_store(&other);
    ok(add(&session, "forked", 1, ANSHIN_DURABLE) == 3, "closing one leaves the other its locks");
    close_store(&session);
}

/* Another user of the same group: what httpd's children and the worker are to each other. */
static int as_another_user(const char *where, int in, int out)
{
    session_t session;
    gid_t group = 33;

    (void)in;
    (void)out;
    if (setgroups(1, &group) != 0 || setgid(12345) != 0 || setuid(12345) != 0 ||
        open_store(&session, where, NULL) != APR_SUCCESS) {
        printf("# %s\n", session.err.text);
        return 1;
    }
    for (int i = 0; i < 300; i++) {
        anshin_fact_t fact = {.value = apr_psprintf(session.pool, "%060000d", i)};
        anshin_txn_t *txn;

        if (anshin_txn_begin(&txn, session.store, ANSHIN_TXN_WRITE, &session.err, session.pool) != APR_SUCCESS ||
            anshin_txn_put(txn, &anshin_record_fact, "bulk", &fact) != APR_SUCCESS ||
            anshin_txn_commit(txn, ANSHIN_LAZY) != APR_SUCCESS) {
            printf("# %s\n", session.err.text);
            return 2;
        }
    }
    close_store(&session);
    return 0;
}

static void test_users(const char *scratch, apr_pool_t *pool)
{
    const char *directory = apr_pstrcat(pool, scratch, "/users", NULL);
    session_t session;
    int to;
    int from;

    if (getuid() != 0) {
        printf("# not root: two users of one group are not tried\n");
        return;
    }
    chmod(scratch, 0711);
    if (mkdir(directory, 0770) != 0 || chown(directory, 0, 33) != 0 || chmod(directory, 02770) != 0) {
        exit(1);
    }
    ok(open_store(&session, directory, pool) == APR_SUCCESS && add(&session, "user", 1, ANSHIN_DURABLE) == 0,
       "a store of one user");
    ok(exit_code(start(as_another_user, directory, &to, &from)) == 0,
       "another of the group writes to it, through checkpoints (S31)");
    ok(add(&session, "user", 1, ANSHIN_DURABLE) == 1, "and the first one goes on");
    close_store(&session);
}

/* --- checkpoints ---------------------------------------------------------------------------------------------------
 */

#define RECORDS 3000
#define BATCHES 600

static const char *model_value(int key, int version, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%d.%d.%0*d", key, version, 400 + key % 700, version);
}

/* Change 25 of 3,000 records at a time, a seventh of them away, and know what must be there. */
static int change_some(session_t *session, int batch, int versions[RECORDS])
{
    apr_pool_t *pool;
    anshin_txn_t *txn;
    apr_status_t status;

    apr_pool_create(&pool, session->pool);
    status = anshin_txn_begin(&txn, session->store, ANSHIN_TXN_WRITE, &session->err, pool);
    for (int i = 0; status == APR_SUCCESS && i < 25; i++) {
        int key = (batch * 37 + i * 113) % RECORDS;
        const char *name = apr_psprintf(pool, "model/%d", key);

        if ((batch + i) % 7 == 0) {
            versions[key] = 0;
            status = anshin_txn_delete(txn, &anshin_record_fact, name);
        } else {
            anshin_fact_t fact = {.value = model_value(key, batch + 1, pool)};

            versions[key] = batch + 1;
            status = anshin_txn_put(txn, &anshin_record_fact, name, &fact);
        }
    }
    status = status == APR_SUCCESS ? anshin_txn_commit(txn, ANSHIN_LAZY) : status;
    apr_pool_destroy(pool);
    return status == APR_SUCCESS;
}

typedef struct walk_t {
    const int *versions;
    int seen;
    int wrong;
    apr_pool_t *pool;
} walk_t;

static apr_status_t compare(void *baton, const char *key, const void *record)
{
    walk_t *walk = baton;
    int index = (int)strtol(key + strlen("model/"), NULL, 10);
    const anshin_fact_t *fact = record;

    walk->seen++;
    walk->wrong +=
        walk->versions[index] == 0 || !same_text(fact->value, model_value(index, walk->versions[index], walk->pool));
    return APR_SUCCESS;
}

static int as_the_model(session_t *session, const int versions[RECORDS])
{
    walk_t walk = {.versions = versions};
    anshin_txn_t *txn;
    apr_status_t status;
    int expected = 0;
    int wrong = 0;

    apr_pool_create(&walk.pool, session->pool);
    anshin_txn_begin(&txn, session->store, ANSHIN_TXN_READ, &session->err, walk.pool);
    for (int key = 0; key < RECORDS; key++) {
        anshin_fact_t fact;

        status = anshin_txn_get(txn, &anshin_record_fact, apr_psprintf(walk.pool, "model/%d", key), &fact);
        expected += versions[key] != 0;
        wrong += versions[key] == 0 ? status != ANSHIN_ENOTFOUND
                                    : !same_text(fact.value, model_value(key, versions[key], walk.pool));
    }
    status = anshin_txn_each(txn, &anshin_record_fact, "model/", compare, &walk);
    apr_pool_destroy(walk.pool);
    return status == APR_SUCCESS && wrong == 0 && walk.wrong == 0 && walk.seen == expected;
}

static int count_files(const char *directory, const char *prefix)
{
    DIR *stream = opendir(directory);
    struct dirent *entry;
    int count = 0;

    if (stream == NULL) {
        return 1000;
    }
    while ((entry = readdir(stream)) != NULL) {
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    }
    closedir(stream);
    return count;
}

/* The first base goes with the second checkpoint at the earliest. They are made in the background, so that it takes as
 * many changes as it takes; slower towards the end, to be fair to a busy machine. */
static int change_until_first_base_is_gone(session_t *session, session_t *reader, const char *directory,
                                           int versions[RECORDS])
{
    const char *first = apr_pstrcat(session->pool, directory, "/base.1", NULL);
    apr_time_t deadline = apr_time_now() + apr_time_from_sec(60);
    int good = 1;

    for (int batch = 0; good && (batch < BATCHES || (access(first, F_OK) == 0 && apr_time_now() < deadline)); batch++) {
        good = change_some(session, batch, versions);
        if (reader != NULL && batch % 100 == 50) {
            good = good && as_the_model(reader, versions);
        }
        if (batch > BATCHES) {
            apr_sleep(5000);
        }
    }
    return good && access(first, F_OK) != 0;
}

static void test_checkpoints(const char *directory, const char *type, apr_pool_t *pool)
{
    const char *where = apr_pstrcat(pool, directory, "?type=", type, NULL);
    int *versions = apr_pcalloc(pool, RECORDS * sizeof(*versions));
    session_t session;
    session_t reader;
    int good = open_store(&session, where, pool) == APR_SUCCESS && open_store(&reader, where, pool) == APR_SUCCESS;

    good = good && change_until_first_base_is_gone(&session, &reader, directory, versions);
    ok(good && as_the_model(&session, versions) && as_the_model(&reader, versions),
       "%s: 15,000 changes and more to 3,000 records, through checkpoints, as seen by the writer and by another: %s",
       type, session.err.text);
    close_store(&reader);
    close_store(&session);
    ok(count_files(directory, "base.") <= 3 && count_files(directory, "journal.") <= 3,
       "%s: old bases and journals are gone (%d, %d)", type, count_files(directory, "base."),
       count_files(directory, "journal."));
    ok(open_store(&session, where, pool) == APR_SUCCESS && as_the_model(&session, versions), "%s: opened again", type);
    close_store(&session);
    unlink(apr_pstrcat(pool, directory, "/control", NULL)); /* as after a restart of the machine */
    ok(open_store(&session, where, pool) == APR_SUCCESS && as_the_model(&session, versions),
       "%s: opened without what a restart of the machine takes", type);
    close_store(&session);
}

/* A process that has nothing to do must not keep old bases from being used again. */
static void test_idle_process(const char *directory, apr_pool_t *pool)
{
    int *versions = apr_pcalloc(pool, RECORDS * sizeof(*versions));
    session_t session;
    session_t idle;
    int good =
        open_store(&session, directory, pool) == APR_SUCCESS && open_store(&idle, directory, pool) == APR_SUCCESS;

    good = good && number(&idle, "nothing") == 0;
    ok(good && change_until_first_base_is_gone(&session, NULL, directory, versions) &&
           count_files(directory, "base.") <= 3,
       "an idle process lets go of old bases (%d left)", count_files(directory, "base."));
    ok(number(&idle, "nothing") == 0 && as_the_model(&idle, versions), "and reads on when it is asked");
    close_store(&idle);
    close_store(&session);
}

int main(void)
{
    apr_pool_t *pool;
    const char *scratch;
    const char *db;
    const char *gdbm;

    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    scratch = scratch_directory(pool);
    db = apr_pstrcat(pool, scratch, "/db", NULL);
    gdbm = apr_pstrcat(pool, scratch, "/gdbm", NULL);
    test_address(scratch, pool);
    test_modes(scratch, pool);
    test_type(scratch, pool);
    test_checkpoints(db, "db", pool);
    test_checkpoints(gdbm, "gdbm", pool);
    test_seen_at_once(db, "db", pool);
    test_seen_at_once(apr_pstrcat(pool, gdbm, "?type=gdbm", NULL), "gdbm", pool);
    test_no_lost_update(apr_pstrcat(pool, scratch, "/fresh", NULL), "db", pool);
    test_no_lost_update(apr_pstrcat(pool, scratch, "/fresh-gdbm?type=gdbm", NULL), "gdbm", pool);
    test_idle_process(apr_pstrcat(pool, scratch, "/idle", NULL), pool);
    test_fork(db, pool);
    test_users(scratch, pool);
    test_busy(db, pool);
    return done();
}
