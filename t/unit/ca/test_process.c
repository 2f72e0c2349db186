/*
 * What a process may do (ca/process.h), each tried by a child that does it for good (S30).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <apr_general.h>

#include "ca/sandbox.h"
#include "ca/process.h"
#include "runtime/privilege.h"
#include "unit/tap.h"

/* Run in a child: 1 when it says so, 0 when it does not or dies. */
static int child(int (*trial)(void))
{
    pid_t pid = fork();
    int status = 1;

    if (pid == 0) {
        _exit(trial() ? 0 : 1);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return status == 0;
}

static anshin_error_t err;

static int becomes_nobody(void)
{
    anshin_unix_user_t user;

    return anshin_unix_user_find(&user, "nobody", &err) == APR_SUCCESS &&
           anshin_privilege_drop(&user, user.gid, 0, &err) == APR_SUCCESS && getuid() == user.uid &&
           geteuid() == user.uid && getgid() == user.gid && getgroups(0, NULL) == 0 && setuid(0) != 0 &&
           setgid(0) != 0 && setgroups(0, NULL) != 0;
}

static int becomes_with_groups(void)
{
    anshin_unix_user_t user;
    gid_t gid;
    gid_t groups[64];
    int count;
    int found = 0;

    if (anshin_unix_user_find(&user, "daemon", &err) != APR_SUCCESS ||
        anshin_unix_group_find(&gid, "www-data", &err) != APR_SUCCESS ||
        anshin_privilege_drop(&user, gid, 1, &err) != APR_SUCCESS) {
        return 0;
    }
    count = getgroups(64, groups);
    for (int i = 0; i < count; i++) {
        found |= groups[i] == gid;
    }
    return found && getgid() == gid;
}

/* Nobody but root can. */
static int refuses_to_become(void)
{
    const anshin_unix_user_t other = {"somebody", getuid() + 1, getgid()};

    return (getuid() != 0 || setuid(1) == 0) && anshin_privilege_drop(&other, other.gid, 0, &err) == ANSHIN_EFAULT;
}

static void test_users(void)
{
    anshin_unix_user_t user;
    gid_t gid;

    ok(anshin_unix_user_find(&user, "daemon", &err) == APR_SUCCESS && user.uid != 0 && same_text(user.name, "daemon"),
       "a user is found");
    ok(anshin_unix_user_find(&user, "no-such-user-here", &err) == ANSHIN_EINVALID &&
           strstr(err.text, "no-such-user-here"),
       "one that is not there is named");
    anshin_error_clear(&err);
    ok(anshin_unix_user_find(&user, "root", &err) == ANSHIN_EINVALID, "root is nobody to become");
    anshin_error_clear(&err);
    ok(anshin_unix_group_find(&gid, "www-data", &err) == APR_SUCCESS && gid != 0, "a group is found");
    ok(anshin_unix_group_find(&gid, "root", &err) == ANSHIN_EINVALID, "root's is none to share");
    anshin_error_clear(&err);
    ok(anshin_unix_group_find(&gid, "no-such-group-here", &err) == ANSHIN_EINVALID, "nor one that is not there");
    anshin_error_clear(&err);
    ok(child(refuses_to_become), "who is not root becomes nobody else, and is told so");
    if (geteuid() == 0) {
        ok(child(becomes_nobody), "root becomes a user without groups, for good (S30)");
        ok(child(becomes_with_groups), "or one in the shared group (S30)");
    }
}

static int hides(void)
{
    struct rlimit limit;

    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1 && anshin_process_hide(&err) == APR_SUCCESS &&
           prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 &&
           limit.rlim_max == 0;
}

static int confines(void)
{
    return anshin_process_confine(&err) == APR_SUCCESS && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static int closes(void)
{
    int fd = open("/dev/null", O_RDONLY);

    anshin_process_close_inherited();
    return fd > 2 && fcntl(fd, F_GETFD) == -1 && fcntl(STDERR_FILENO, F_GETFD) != -1;
}

static int refused(long result)
{
    return result == -1 && errno == EPERM;
}

static int encloses(void)
{
    char *const argv[] = {NULL};
    apr_time_exp_t now;
    char buffer[64];
    apr_pool_t *pool;
    int ends[2];
    int right;

    tzset();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0 || anshin_process_confine(&err) != APR_SUCCESS ||
        anshin_process_sandbox(0, &err) != APR_SUCCESS) {
        return 0;
    }
    right = refused(open("/etc/passwd", O_RDONLY)) && refused(open("/dev/null", O_WRONLY)) &&
            refused(socket(AF_INET, SOCK_STREAM, 0)) && refused(socket(AF_UNIX, SOCK_DGRAM, 0)) &&
            refused(execv("/bin/true", argv)) && refused(fork()) && refused(kill(getppid(), 0)) &&
            refused(unlink("/nonexistent"));
    /* What it lives by goes on: its socket, memory, the time. */
    return right && send(ends[0], "x", 1, 0) == 1 && recv(ends[1], buffer, sizeof(buffer), 0) == 1 &&
           apr_pool_create(&pool, NULL) == APR_SUCCESS && apr_pcalloc(pool, 10000000) != NULL &&
           apr_time_exp_lt(&now, apr_time_now()) == APR_SUCCESS;
}

static void test_limits(void)
{
    ok(child(hides), "no core dump, no debugger (S30)");
    ok(child(confines), "no rights by set-user-ID");
    ok(child(closes), "nothing that the parent left open stays so");
#if defined(__x86_64__) || defined(__aarch64__)
    ok(child(encloses),
       "no file, no socket, no program, no process any more; the socket that is there goes on (CRT-7)");
#endif
}

int main(void)
{
    apr_initialize();
    anshin_error_clear(&err);
    test_users();
    test_limits();
    return done();
}
