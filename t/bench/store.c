/*
 * The dbm store against what it replaces: reads (goal: at most 5 us of CPU, up to a million records), durable commits
 * of three records, and eight processes of which one operation in ten is a durable write (goal: 1.5 times SQLite in WAL
 * mode with synchronous=FULL). Baselines: apr_dbm opened, asked and closed, and SQLite (loaded at run time).
 *
 * store [RECORDS]: with so many records instead of 1,000, 100,000 and 1,000,000. Ends with 1 where a goal is missed.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <apr_dbm.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "core/store/store.h"
#include "store/dbm/store_dbm.h"

#include "unit/scratch.h"
#include "bench.h"

#define READS 2000 /* of a round */
#define BASELINE_READS 300
#define READ_ROUNDS 11
#define COMMITS 50 /* of a round */
#define COMMIT_ROUNDS 9
#define PROCESSES 8
#define SECONDS 2
#define ROUNDS 5      /* of the mixed load, in turns */
#define READ_GOAL 5.0 /* microseconds */
#define MIXED_GOAL 1.5
#define MIXED_RECORDS 100000

static int missed;

static unsigned random_below(unsigned *seed, int bound)
{
    return ((unsigned)rand_r(seed) << 8 ^ (unsigned)rand_r(seed)) % (unsigned)bound;
}

/* A session is what is read on every request: some 200 octets. */
static void fill_session(anshin_session_t *session, const char *user)
{
    memset(session, 0, sizeof(*session));
    session->contract = "demo";
    session->user = user;
    session->terminal = 1;
    session->fingerprint = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    session->created_at = session->seen_at = session->checked_at = 1795363279000000;
    session->address = "192.0.2.117";
    session->serial = "4f21c09a77d1e3b05c6d8e9fa0b1c2d3";
}

static const char *key_of(char key[64 + 1], unsigned index)
{
    snprintf(key, 65, "%08x%056x", index * 2654435761u, index);
    return key;
}

/* --- ours ----------------------------------------------------------------------------------------------------------
 */

typedef struct ours_t {
    anshin_store_t *store;
    anshin_error_t err;
    apr_pool_t *pool;
    apr_pool_t *scratch;
} ours_t;

static void open_ours(ours_t *ours, const char *where)
{
    memset(ours, 0, sizeof(*ours));
    apr_pool_create(&ours->pool, NULL);
    apr_pool_create(&ours->scratch, ours->pool);
    bench_must(anshin_store_open(&ours->store, &anshin_store_dbm, where, &ours->err, ours->pool) == APR_SUCCESS,
               "open");
}

static void write_ours(ours_t *ours, unsigned first, int count, anshin_durability_t durability)
{
    anshin_session_t session;
    anshin_txn_t *txn;
    char key[64 + 1];

    apr_pool_clear(ours->scratch);
    fill_session(&session, "a-user@example.com");
    bench_must(anshin_txn_begin(&txn, ours->store, ANSHIN_TXN_WRITE, &ours->err, ours->scratch) == APR_SUCCESS,
               "begin");
    for (int i = 0; i < count; i++) {
        bench_must(anshin_txn_put(txn, &anshin_record_session, key_of(key, first + (unsigned)i), &session) ==
                       APR_SUCCESS,
                   "put");
    }
    bench_must(anshin_txn_commit(txn, durability) == APR_SUCCESS, ours->err.text);
}

static void read_ours(ours_t *ours, unsigned index)
{
    anshin_session_t session;
    anshin_txn_t *txn;
    char key[64 + 1];

    apr_pool_clear(ours->scratch);
    bench_must(anshin_txn_begin(&txn, ours->store, ANSHIN_TXN_READ, &ours->err, ours->scratch) == APR_SUCCESS, "begin");
    bench_must(anshin_txn_get(txn, &anshin_record_session, key_of(key, index), &session) == APR_SUCCESS, "get");
    anshin_txn_abort(txn);
}

static void load_ours(const char *where, int records)
{
    ours_t ours;

    open_ours(&ours, where);
    for (int i = 0; i < records; i += 500) {
        write_ours(&ours, (unsigned)i, records - i < 500 ? records - i : 500, ANSHIN_LAZY);
    }
    apr_pool_destroy(ours.pool);
}

/* --- apr_dbm, opened, asked and closed -----------------------------------------------------------------------------
 */

static void load_dbm(const char *path, int records, apr_pool_t *pool)
{
    static char value[220];
    apr_dbm_t *dbm;
    char key[64 + 1];

    bench_must(apr_dbm_open_ex(&dbm, "db", path, APR_DBM_RWCREATE, APR_FPROT_OS_DEFAULT, pool) == APR_SUCCESS, "dbm");
    for (int i = 0; i < records; i++) {
        apr_datum_t name = {(char *)(uintptr_t)key_of(key, (unsigned)i), 64};
        apr_datum_t content = {value, sizeof(value)};

        bench_must(apr_dbm_store(dbm, name, content) == APR_SUCCESS, "dbm store");
    }
    apr_dbm_close(dbm);
}

static void read_dbm(const char *path, unsigned index, apr_pool_t *pool)
{
    apr_dbm_t *dbm;
    apr_datum_t value;
    char key[64 + 1];
    apr_datum_t name = {(char *)(uintptr_t)key_of(key, index), 64};

    apr_pool_clear(pool);
    bench_must(apr_dbm_open_ex(&dbm, "db", path, APR_DBM_READONLY, APR_FPROT_OS_DEFAULT, pool) == APR_SUCCESS, "dbm");
    bench_must(apr_dbm_fetch(dbm, name, &value) == APR_SUCCESS && value.dptr != NULL, "dbm fetch");
    apr_dbm_close(dbm);
}

/* --- SQLite, loaded at run time ------------------------------------------------------------------------------------
 */

typedef struct sqlite_t {
    void *library;
    int (*open)(const char *, void **);
    int (*exec)(void *, const char *, void *, void *, void *);
    int (*prepare)(void *, const char *, int, void **, const char **);
    int (*bind_text)(void *, int, const char *, int, void *);
    int (*step)(void *);
    int (*reset)(void *);
    void *db;
    void *select;
    void *upsert;
} sqlite_t;

#define SQLITE_ROW 100
#define SQLITE_DONE 101

static void find(void *function, void *library, const char *name)
{
    void *symbol = dlsym(library, name);

    bench_must(symbol != NULL, name);
    memcpy(function, &symbol, sizeof(symbol));
}

static int load_sqlite(sqlite_t *sqlite)
{
    memset(sqlite, 0, sizeof(*sqlite));
    sqlite->library = dlopen("libsqlite3.so.0", RTLD_NOW);
    if (sqlite->library == NULL) {
        return 0;
    }
    find(&sqlite->open, sqlite->library, "sqlite3_open");
    find(&sqlite->exec, sqlite->library, "sqlite3_exec");
    find(&sqlite->prepare, sqlite->library, "sqlite3_prepare_v2");
    find(&sqlite->bind_text, sqlite->library, "sqlite3_bind_text");
    find(&sqlite->step, sqlite->library, "sqlite3_step");
    find(&sqlite->reset, sqlite->library, "sqlite3_reset");
    return 1;
}

static void run_sql(sqlite_t *sqlite, const char *statement)
{
    bench_must(sqlite->exec(sqlite->db, statement, NULL, NULL, NULL) == 0, statement);
}

static void open_sqlite(sqlite_t *sqlite, const char *path)
{
    bench_must(sqlite->open(path, &sqlite->db) == 0, "sqlite3_open");
    run_sql(sqlite, "PRAGMA busy_timeout=20000");
    run_sql(sqlite, "PRAGMA journal_mode=WAL");
    run_sql(sqlite, "PRAGMA synchronous=FULL");
    run_sql(sqlite, "CREATE TABLE IF NOT EXISTS session (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID");
    bench_must(
        sqlite->prepare(sqlite->db, "SELECT value FROM session WHERE key = ?", -1, &sqlite->select, NULL) == 0 &&
            sqlite->prepare(sqlite->db, "INSERT OR REPLACE INTO session VALUES (?, ?)", -1, &sqlite->upsert, NULL) == 0,
        "sqlite3_prepare");
}

static void write_sqlite(sqlite_t *sqlite, unsigned first, int count)
{
    static const char value[] =
        "demo a-user@example.com 1 6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d 1795363279000000 "
        "1795363279000000 1795363279000000 192.0.2.117 4f21c09a77d1e3b05c6d8e9fa0b1c2d3";
    char key[64 + 1];

    run_sql(sqlite, "BEGIN IMMEDIATE");
    for (int i = 0; i < count; i++) {
        sqlite->bind_text(sqlite->upsert, 1, key_of(key, first + (unsigned)i), -1, NULL);
        sqlite->bind_text(sqlite->upsert, 2, value, -1, NULL);
        bench_must(sqlite->step(sqlite->upsert) == SQLITE_DONE, "insert");
        sqlite->reset(sqlite->upsert);
    }
    run_sql(sqlite, "COMMIT");
}

static void read_sqlite(sqlite_t *sqlite, unsigned index)
{
    char key[64 + 1];

    sqlite->bind_text(sqlite->select, 1, key_of(key, index), -1, NULL);
    bench_must(sqlite->step(sqlite->select) == SQLITE_ROW, "select");
    sqlite->reset(sqlite->select);
}

/* --- reads and commits of one process ------------------------------------------------------------------------------
 */

static double ours_read_us(ours_t *ours, int records, unsigned *seed)
{
    double begin = bench_thread_us();

    for (int i = 0; i < READS; i++) {
        read_ours(ours, random_below(seed, records));
    }
    return (bench_thread_us() - begin) / READS;
}

static double dbm_read_us(const char *dbm, int records, unsigned *seed, apr_pool_t *scratch)
{
    double begin = bench_thread_us();

    for (int i = 0; i < BASELINE_READS; i++) {
        read_dbm(dbm, random_below(seed, records), scratch);
    }
    return (bench_thread_us() - begin) / BASELINE_READS;
}

/* CPU time: reads wait for nothing, so what else the machine does need not count. */
static void measure_reads(const char *where, const char *dbm, int records, apr_pool_t *scratch)
{
    bench_row_t theirs = {.section = apr_psprintf(scratch, "store read, %d records", records),
                          .name = "apr_dbm: open, fetch, close",
                          .unit = "us CPU"};
    bench_row_t row = {.section = theirs.section,
                       .name = "Anshin",
                       .unit = theirs.unit,
                       .kind = BENCH_AT_MOST,
                       .goal = READ_GOAL,
                       .of_value = 1};
    double ours_us[READ_ROUNDS];
    double dbm_us[READ_ROUNDS];
    apr_pool_t *pool;
    unsigned seed = 1;
    ours_t ours;

    open_ours(&ours, where);
    apr_pool_create(&pool, scratch);
    for (int i = 0; i < 10; i++) {
        (void)ours_read_us(&ours, records, &seed);
    }
    for (int i = 0; i < READ_ROUNDS; i++) {
        ours_us[i] = ours_read_us(&ours, records, &seed);
        dbm_us[i] = dbm_read_us(dbm, records, &seed, pool);
    }
    theirs.ratio = bench_ratios(dbm_us, dbm_us, READ_ROUNDS, BENCH_SPEED);
    row.ratio = bench_ratios(ours_us, dbm_us, READ_ROUNDS, BENCH_SPEED);
    theirs.value = bench_spread(dbm_us, READ_ROUNDS);
    row.value = bench_spread(ours_us, READ_ROUNDS);
    theirs.cpu_us = theirs.value.median;
    row.cpu_us = row.value.median;
    missed += bench_print(&theirs) + bench_print(&row);
    apr_pool_destroy(ours.pool);
}

/* The floor: a write of a batch's length and fdatasync. */
static double floor_us(int fd, int round)
{
    static char batch[700];
    double times[COMMITS];

    for (int i = 0; i < COMMITS; i++) {
        double begin = bench_wall_us();

        bench_must(pwrite(fd, batch, sizeof(batch), (round * COMMITS + i) * (off_t)sizeof(batch)) ==
                           (ssize_t)sizeof(batch) &&
                       fdatasync(fd) == 0,
                   "write");
        times[i] = bench_wall_us() - begin;
    }
    return bench_spread(times, COMMITS).median;
}

static double commit_us(ours_t *ours, int records, unsigned *seed)
{
    double times[COMMITS];

    for (int i = 0; i < COMMITS; i++) {
        double begin = bench_wall_us();

        write_ours(ours, random_below(seed, records - 3), 3, ANSHIN_DURABLE);
        times[i] = bench_wall_us() - begin;
    }
    return bench_spread(times, COMMITS).median;
}

static void measure_commits(const char *where, const char *floor_path, int records, apr_pool_t *scratch)
{
    bench_row_t floor = {.section = apr_psprintf(scratch, "store commit, %d records", records),
                         .name = "bare write and fdatasync",
                         .unit = "us"};
    bench_row_t row = {.section = floor.section, .name = "Anshin, 3 records, durable", .unit = "us"};
    double floors[COMMIT_ROUNDS];
    double times[COMMIT_ROUNDS];
    unsigned seed = 2;
    ours_t ours;
    int fd = open(floor_path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    bench_must(fd >= 0 && posix_fallocate(fd, 0, 4194304) == 0 && fsync(fd) == 0, "file");
    open_ours(&ours, where);
    for (int i = 0; i < COMMIT_ROUNDS; i++) {
        floors[i] = floor_us(fd, i);
        times[i] = commit_us(&ours, records, &seed);
    }
    close(fd);
    floor.ratio = bench_ratios(floors, floors, COMMIT_ROUNDS, BENCH_COST);
    row.ratio = bench_ratios(times, floors, COMMIT_ROUNDS, BENCH_COST);
    floor.value = bench_spread(floors, COMMIT_ROUNDS);
    row.value = bench_spread(times, COMMIT_ROUNDS);
    missed += bench_print(&floor) + bench_print(&row);
    apr_pool_destroy(ours.pool);
}

/* --- eight processes -----------------------------------------------------------------------------------------------
 */

typedef long mixed_fn(const char *where, unsigned seed, double until);

static long mix_ours(const char *where, unsigned seed, double until)
{
    long operations = 0;
    ours_t ours;

    open_ours(&ours, where);
    for (; bench_wall_us() < until; operations++) {
        unsigned index = random_below(&seed, MIXED_RECORDS - 3);

        if (operations % 10 == 0) {
            write_ours(&ours, index, 3, ANSHIN_DURABLE);
        } else {
            read_ours(&ours, index);
        }
    }
    apr_pool_destroy(ours.pool);
    return operations;
}

static long mix_sqlite(const char *where, unsigned seed, double until)
{
    long operations = 0;
    sqlite_t sqlite;

    bench_must(load_sqlite(&sqlite), "sqlite");
    open_sqlite(&sqlite, where);
    for (; bench_wall_us() < until; operations++) {
        unsigned index = random_below(&seed, MIXED_RECORDS - 3);

        if (operations % 10 == 0) {
            write_sqlite(&sqlite, index, 3);
        } else {
            read_sqlite(&sqlite, index);
        }
    }
    return operations;
}

/* Operations a second of all processes together. */
static double mixed(mixed_fn *run, const char *where)
{
    double begin = bench_wall_us() + 0.3e6;
    long operations;
    long total = 0;
    int ends[2];

    bench_must(pipe(ends) == 0, "pipe");
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            operations = run(where, (unsigned)i * 77 + 1, begin + SECONDS * 1e6);
            _exit(write(ends[1], &operations, sizeof(operations)) == (ssize_t)sizeof(operations) ? 0 : 1);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        bench_must(read(ends[0], &operations, sizeof(operations)) == (ssize_t)sizeof(operations), "process");
        total += operations;
    }
    while (wait(NULL) > 0) {
        /* all of them */
    }
    return (double)total / (SECONDS + 0.3);
}

static void measure_mixed(const char *where, const char *directory, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, directory, "/sqlite", NULL);
    bench_row_t theirs = {
        .section = "store, 8 processes, 10 % durable writes", .name = "SQLite, WAL, synchronous=FULL", .unit = "op/s"};
    bench_row_t row = {
        .section = theirs.section, .name = "Anshin", .unit = "op/s", .kind = BENCH_AT_LEAST, .goal = MIXED_GOAL};
    double ours_rate[ROUNDS];
    double sqlite_rate[ROUNDS];
    sqlite_t sqlite;

    bench_must(load_sqlite(&sqlite), "finding libsqlite3.so.0");
    open_sqlite(&sqlite, path);
    for (int i = 0; i < MIXED_RECORDS; i += 1000) {
        write_sqlite(&sqlite, (unsigned)i, 1000);
    }
    for (int i = 0; i < ROUNDS; i++) {
        sqlite_rate[i] = mixed(mix_sqlite, path);
        ours_rate[i] = mixed(mix_ours, where);
    }
    theirs.ratio = bench_ratios(sqlite_rate, sqlite_rate, ROUNDS, BENCH_COST);
    row.ratio = bench_ratios(ours_rate, sqlite_rate, ROUNDS, BENCH_COST);
    theirs.value = bench_spread(sqlite_rate, ROUNDS);
    row.value = bench_spread(ours_rate, ROUNDS);
    missed += bench_print(&theirs) + bench_print(&row);
}

int main(int argc, char **argv)
{
    static const int sizes[] = {1000, 100000, 1000000};
    int count = argc > 1 ? 1 : bench_quick() ? 2 : 3;
    apr_pool_t *pool;
    apr_pool_t *scratch;
    const char *directory;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_pool_create(&scratch, pool);
    directory = scratch_directory(pool);
    for (int i = 0; i < count; i++) {
        int records = argc > 1 ? (int)strtol(argv[1], NULL, 10) : sizes[i];
        const char *where = apr_psprintf(pool, "%s/store%d", directory, records);
        const char *dbm = apr_psprintf(pool, "%s/dbm%d", directory, records);

        bench_must(records >= 1000, "at least 1,000 records: argument");
        load_ours(where, records);
        load_dbm(dbm, records, pool);
        measure_reads(where, dbm, records, scratch);
        measure_commits(where, apr_pstrcat(pool, directory, "/floor", NULL), records, scratch);
        if (records == MIXED_RECORDS || (records > MIXED_RECORDS && argc > 1)) {
            measure_mixed(where, directory, pool);
        }
    }
    apr_pool_destroy(pool);
    return missed != 0;
}
