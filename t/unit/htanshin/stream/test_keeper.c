/* Whom the process is that puts a file in the place of another (htanshin/stream/keeper.h): root lends its rights to the
 * caller, and this one has given all others away for good (S30). */
#include <apr_general.h>
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "htanshin/stream/keeper.h"
#include "unit/scratch.h"
#include "unit/tap.h"

#define CALLER 65534
#define GROUP 2 /* one of root's own, of which the keeper is to have none */

static apr_pool_t *pool;
static const char *file;

/* A line of /proc/PID/status, as it is read once `wanted` is there or a second is over. */
static const char *status_line(int pid, const char *name, const char *wanted)
{
    static char line[256];

    for (int tries = 0; tries < 100; tries++) {
        FILE *in = fopen(apr_psprintf(pool, "/proc/%d/status", pid), "r");

        while (in != NULL && fgets(line, sizeof(line), in) != NULL && strncmp(line, name, strlen(name)) != 0) {}
        if (in != NULL) {
            fclose(in);
        }
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, wanted) == 0) {
            break;
        }
        usleep(10000);
    }
    return line;
}

/* In a process of its own, which is root with a group more and works as the caller. Answers what was `wanted`. */
static int as_lent(int (*work)(void), unsigned long securebits)
{
    static const gid_t groups[] = {GROUP};
    int came = 0;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        if (prctl(PR_SET_SECUREBITS, securebits, 0, 0, 0) != 0 || setgroups(1, groups) != 0 || setegid(CALLER) != 0 ||
            seteuid(CALLER) != 0) {
            printf("# cannot be the caller: %s\n", strerror(errno));
            fflush(stdout);
            _exit(2);
        }
        _exit(work());
    }
    return pid > 0 && waitpid(pid, &came, 0) == pid && WIFEXITED(came) ? WEXITSTATUS(came) : -1;
}

static int begin(anshin_call_t *call)
{
    const char *why = "";
    int fd;

    memset(call, 0, sizeof(*call));
    call->pool = pool;
    if (anshin_keeper_begin(call, file, &fd, &why) != APR_SUCCESS) {
        printf("# %s %s\n", file, why);
        return 0;
    }
    return close(fd) == 0;
}

/* 0: it is the caller alone, and does its work. */
static int keeps(void)
{
    static const char *const wanted[][2] = {{"Groups:", "Groups:\t "},
                                            {"Uid:", "Uid:\t65534\t65534\t65534\t65534"},
                                            {"Gid:", "Gid:\t65534\t65534\t65534\t65534"}};
    anshin_call_t call;
    int failed = !begin(&call);

    for (size_t i = 0; !failed && i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        const char *line = status_line(call.keeper, wanted[i][0], wanted[i][1]);

        if (strcmp(line, wanted[i][1]) != 0) {
            printf("# it has \"%s\"\n", line);
            failed = 1;
        }
    }
    failed |= anshin_keeper_end(&call, APR_SUCCESS) != APR_SUCCESS;
    fflush(stdout);
    return failed;
}

static int keeps_own(void)
{
    anshin_call_t call;

    return !begin(&call) || anshin_keeper_end(&call, APR_SUCCESS) != APR_SUCCESS;
}

/* 0: it has not renamed. */
static int refuses(void)
{
    anshin_call_t call;

    return !begin(&call) || anshin_keeper_end(&call, APR_SUCCESS) != ANSHIN_EFAULT;
}

static void test_lent(const char *directory)
{
    ok(chown(directory, CALLER, CALLER) == 0 && chown(file, CALLER, CALLER) == 0, "root, and a file of the caller");
    ok(as_lent(keeps, 0) == 0, "S30: who waits is the caller under every ID, in no group of root's");
    ok(as_lent(refuses, SECBIT_NO_SETUID_FIXUP) == 0, "S30: and does nothing where it could become root again");
}

int main(void)
{
    const char *directory;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    directory = scratch_directory(pool);
    file = apr_pstrcat(pool, directory, "/file", NULL);
    scratch_write(file, "old", 3, 0600);
    ok(keeps_own() == 0, "a file takes the place of another");
    if (geteuid() == 0) {
        test_lent(directory);
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
