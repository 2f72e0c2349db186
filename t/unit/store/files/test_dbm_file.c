/*
 * apr_dbm files (store/files/dbm_file.h): what can be known of a table that was written to and closed. A checkpoint relies on
 * it for not reading a large base through each time.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <apr_general.h>

#include "store/files/directory.h"
#include "store/files/dbm_file.h"

#include "unit/scratch.h"
#include "unit/tap.h"

#define RECORDS 4000

static const char *directory;
static apr_pool_t *pool;

static void limit_files(rlim_t octets)
{
    struct rlimit limit;

    (void)signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = octets;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        exit(1);
    }
}

static anshin_dbm_file_t *open_table(const char *type, anshin_dbm_file_mode_t mode)
{
    anshin_dbm_file_t *table;
    anshin_directory_t folder;
    anshin_error_t err = {0};

    if (anshin_directory_open(&folder, directory, &err) != APR_SUCCESS ||
        anshin_dbm_file_open(&table, &folder, type, type, mode, &err) != APR_SUCCESS) {
        printf("# %s: %s\n", type, err.text);
        exit(1);
    }
    return table;
}

static void put(anshin_dbm_file_t *table, int from, int to, char content)
{
    char value[400];
    anshin_error_t err = {0};

    memset(value, content, sizeof(value));
    for (int i = from; i < to; i++) {
        char key[32];
        int length = snprintf(key, sizeof(key), "record %d", i);

        (void)anshin_dbm_file_put(table, key, (apr_size_t)length, value, sizeof(value), &err);
    }
}

static int has_all(const char *type, char content)
{
    anshin_dbm_file_t *table = open_table(type, ANSHIN_DBM_FILE_READ);
    anshin_error_t err = {0};
    int seen = 0;

    for (int i = 0; i < RECORDS; i++) {
        char key[32];
        int length = snprintf(key, sizeof(key), "record %d", i);
        anshin_bytes_t value;

        seen += anshin_dbm_file_get(table, key, (apr_size_t)length, &value, &err, pool) == APR_SUCCESS &&
                value.length == 400 && value.data[399] == (unsigned char)content;
    }
    anshin_dbm_file_close(table);
    return seen == RECORDS;
}

static void make(const char *type)
{
    anshin_dbm_file_t *table = open_table(type, ANSHIN_DBM_FILE_CREATE);

    put(table, 0, RECORDS, 'a');
    (void)anshin_dbm_file_finish(table);
}

/* Change a few records, whose pages stay in memory until the end, and close while the disk takes nothing beyond the
 * limit. */
static int change_under_limit(const char *type, rlim_t octets, int records)
{
    int status;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        anshin_dbm_file_t *table = open_table(type, ANSHIN_DBM_FILE_WRITE);

        put(table, 0, records, 'b');
        if (freopen("/dev/null", "w", stderr) == NULL) { /* db has a lot to say */
            _exit(30);
        }
        limit_files(octets);
        _exit(anshin_dbm_file_finish(table) ? 10 : 20);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_db(void)
{
    int told = 0;

    make("db");
    ok(has_all("db", 'a'), "a table is written");
    ok(change_under_limit("db", RLIM_INFINITY, RECORDS) == 10 && has_all("db", 'b'),
       "db: when all was written in closing, it is known");
    for (rlim_t octets = 4096; octets <= 65536; octets *= 2) {
        make("db");
        told += change_under_limit("db", octets, 20) == 20;
    }
    ok(told == 5, "db: when pages could not be written in closing, that is known, too (%d of 5)", told);
    make("db");
    ok(change_under_limit("db", RLIM_INFINITY, 1) == 10, "db: one change is enough to know");
}

static void test_gdbm(void)
{
    make("gdbm");
    ok(has_all("gdbm", 'a') && change_under_limit("gdbm", RLIM_INFINITY, 1) == 20, "gdbm: nobody can say");
}

int main(void)
{
    anshin_error_t err = {0};

    apr_initialize();
    apr_pool_create(&pool, NULL);
    directory = scratch_directory(pool);
    (void)chmod(directory, 02770);
    if (anshin_dbm_file_load_driver("db", &err) != APR_SUCCESS ||
        anshin_dbm_file_load_driver("gdbm", &err) != APR_SUCCESS) {
        printf("# %s\n", err.text);
        return 1;
    }
    test_db();
    test_gdbm();
    apr_pool_destroy(pool);
    return done();
}
