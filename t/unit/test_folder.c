/*
 * store/folder.c: a directory of several users is never seen without its final mode, not even by those who look while it
 * is made, nor left so by one that is killed.
 */
#include "store/folder.h"

#include <apr_general.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "scratch.h"
#include "tap.h"

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
    anshin_folder_t folder;

    for (int round = 0; round < ROUNDS; round++) {
        if (anshin_folder_open(&folder, shelf(round), NULL) != APR_SUCCESS) {
            _exit(1);
        }
        anshin_folder_close(&folder);
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

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    scratch = scratch_directory(pool);
    test_seen();
    test_killed();
    apr_pool_destroy(pool);
    return done();
}
