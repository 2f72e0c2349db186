/*
 * store/files/directory.c: a directory of several users is never seen without its final mode, not even by those who look
 * while it is made, nor left so by one that is killed; and no program that is started has a file of it.
 */
#include "store/files/directory.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "unit/dbm_session.h"
#include "unit/scratch.h"
#include "unit/tap.h"

#define ROUNDS 300
#define MAKERS 3
#define MODE 02770

static const char *scratch;
static apr_pool_t *pool;

static const char *shelf(int round)
{
    return apr_psprintf(pool, "%s/%03d", scratch, round);
}

/* Makes the directories in their order, as fast as it can. Never comes back. */
static void make_all(void)
{
    anshin_directory_t folder;

    for (int round = 0; round < ROUNDS; round++) {
        if (anshin_directory_open(&folder, shelf(round), NULL) != APR_SUCCESS) {
            _exit(1);
        }
        anshin_directory_close(&folder);
    }
    _exit(0);
}

static void start(pid_t makers[MAKERS])
{
    for (int i = 0; i < MAKERS; i++) {
        makers[i] = fork();
        if (makers[i] == 0) {
            make_all();
        }
    }
}

static int end(const pid_t makers[MAKERS])
{
    int good = 0;
    int status;

    for (int i = 0; i < MAKERS; i++) {
        good += waitpid(makers[i], &status, 0) == makers[i] && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return good;
}

/* Looks at each until it is there: how many were seen with another mode. */
static int look_at_all(void)
{
    struct stat facts;
    int wrong = 0;

    for (int round = 0; round < ROUNDS; round++) {
        const char *path = shelf(round);

        while (stat(path, &facts) != 0) {
            /* not yet */
        }
        wrong += (facts.st_mode & 07777) != MODE;
    }
    return wrong;
}

static void test_seen(void)
{
    pid_t makers[MAKERS];
    int wrong;

    start(makers);
    wrong = look_at_all();
    ok(end(makers) == MAKERS, "%d processes make the same %d directories", MAKERS, ROUNDS);
    ok(wrong == 0, "none of them is ever seen without its final mode (%d)", wrong);
}

/* Children die at their work; what has its name by then can be entered by its group (S31). */
static void test_killed(void)
{
    pid_t makers[MAKERS];
    struct stat facts;
    int wrong = 0;
    int made = 0;

    for (int kills = 0; kills < 40; kills++) {
        scratch = apr_psprintf(pool, "%s/k", scratch);
        if (mkdir(scratch, 0700) != 0) {
            break;
        }
        start(makers);
        usleep((useconds_t)(500 + 100 * kills));
        for (int i = 0; i < MAKERS; i++) {
            kill(makers[i], SIGKILL);
        }
        (void)end(makers);
        for (int round = 0; round < ROUNDS && stat(shelf(round), &facts) == 0; round++, made++) {
            wrong += (facts.st_mode & 07777) != MODE;
        }
    }
    ok(made > 0 && wrong == 0, "of %d directories whose makers were killed none is without it (%d) (S31)", made, wrong);
}

/* What a program started by APR has open, by name. */
static const char *descriptors_of_program(void)
{
    const char *const command[] = {"ls", "-l", "/proc/self/fd", NULL};
    char *text = apr_pcalloc(pool, 8192);
    apr_size_t length = 8191;
    apr_procattr_t *attributes;
    apr_proc_t process;
    int code;
    apr_exit_why_e why;

    (void)apr_procattr_create(&attributes, pool);
    (void)apr_procattr_io_set(attributes, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE);
    (void)apr_procattr_cmdtype_set(attributes, APR_PROGRAM_PATH);
    if (apr_proc_create(&process, command[0], command, NULL, attributes, pool) != APR_SUCCESS) {
        return "";
    }
    (void)apr_file_read_full(process.out, text, length, &length);
    text[length] = '\0';
    (void)apr_proc_wait(&process, &code, &why, APR_WAIT);
    return text;
}

/* As a thread does that is between Berkeley DB's open() and fcntl() (S-20). */
static void test_programs(const char *directory)
{
    const char *store = apr_pstrcat(pool, directory, "/store", NULL);
    const char *beside = apr_pstrcat(pool, directory, "/store-beside", NULL);
    session_t session;
    const char *seen;
    int opened = open_store(&session, store, pool) == APR_SUCCESS;
    int inside = open(apr_pstrcat(pool, store, "/base.1", NULL), O_RDWR | O_CREAT, 0600);
    int outside = open(beside, O_RDWR | O_CREAT, 0600);

    seen = descriptors_of_program();
    ok(opened && inside >= 0 && strstr(seen, "/store-beside\n") != NULL,
       "a program has what it was given, also where its name begins as the store's does");
    ok(strstr(seen, apr_pstrcat(pool, store, "/", NULL)) == NULL &&
           strstr(seen, apr_pstrcat(pool, store, "\n", NULL)) == NULL,
       "S36: and no file of the store, though it was not marked to be closed");
    ok(fcntl(inside, F_GETFD) == 0, "S36: which the process that started it still has");
    close(inside);
    close(outside);
    close_store(&session);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    scratch = scratch_directory(pool);
    test_programs(scratch);
    test_seen();
    test_killed();
    apr_pool_destroy(pool);
    return done();
}
