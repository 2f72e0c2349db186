/*
 * Delivery into a command such as "sendmail -t -i": see delivery.h.
 *
 * SECURITY: no shell, so that nothing in the configuration is ever expanded; the command gets neither our
 * environment nor our descriptors, and a command that hangs is killed.
 */
#include "ca/delivery.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

static char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", NULL};

int anshin_command_valid(const char *command, apr_pool_t *pool)
{
    char **argv;

    return apr_tokenize_to_argv(command, &argv, pool) == APR_SUCCESS && argv[0] != NULL && argv[0][0] == '/';
}

/* --- starting --------------------------------------------------------------------------------------------------- */

static int add_actions(posix_spawn_file_actions_t *actions, int input)
{
    int rc = posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);

    rc = rc != 0 ? rc : posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    return rc != 0 ? rc : posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
}

/* The worker blocks and ignores signals; a program expects them as they are by default. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    int rc;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    rc = posix_spawnattr_setsigmask(attributes, &none);
    rc = rc != 0 ? rc : posix_spawnattr_setsigdefault(attributes, &all);
    return rc != 0 ? rc : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* 0, or an errno. */
static int spawn(pid_t *child, char **argv, int input)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0) {
        return rc;
    }
    rc = posix_spawnattr_init(&attributes);
    if (rc == 0) {
        rc = add_actions(&actions, input);
        rc = rc != 0 ? rc : set_signals(&attributes);
        rc = rc != 0 ? rc : posix_spawn(child, argv[0], &actions, &attributes, argv, environment);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* --- feeding and waiting ---------------------------------------------------------------------------------------- */

static int milliseconds_until(apr_time_t until)
{
    apr_interval_time_t rest = until - apr_time_now();

    return rest <= 0 ? 0 : (int)apr_time_as_msec(rest) + 1;
}

/* 1 when fd became ready in time. */
static int ready(int fd, short events, apr_time_t until)
{
    struct pollfd look = {.fd = fd, .events = events};
    int rc;

    do {
        rc = poll(&look, 1, milliseconds_until(until));
    } while (rc < 0 && errno == EINTR);
    return rc > 0;
}

/* All of the message, or as much as the program wants; SIGPIPE is ignored. 1: it took all. */
static int feed(int fd, const anshin_message_t *message, apr_time_t until)
{
    apr_size_t done = 0;

    while (done < message->length && ready(fd, POLLOUT, until)) {
        ssize_t wrote = write(fd, message->data + done, message->length - done);

        if (wrote < 0 && errno != EINTR && errno != EAGAIN) {
            return 0;
        }
        done += wrote > 0 ? (apr_size_t)wrote : 0;
    }
    return done == message->length;
}

/* The exit status as waitpid() tells it; a program that does not end in time is killed. */
static int await(pid_t child, apr_time_t until)
{
    int handle = (int)syscall(SYS_pidfd_open, child, 0); /* glibc has a wrapper from 2.36 on */
    int status = -1;

    if (handle < 0 || !ready(handle, POLLIN, until)) {
        (void)kill(child, SIGKILL);
    }
    if (handle >= 0) {
        (void)close(handle);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return status;
}

apr_status_t anshin_command_run(const char *command, const anshin_message_t *message, apr_interval_time_t wait,
                                anshin_error_t *err, apr_pool_t *pool)
{
    apr_time_t until = apr_time_now() + wait;
    char **argv;
    int ends[2];
    pid_t child;
    int took_all;
    int status;
    int rc;

    if (!anshin_command_valid(command, pool) || apr_tokenize_to_argv(command, &argv, pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0740", "mail: the command must be a program by its absolute path");
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0741", "mail: no pipe: %s", strerror(errno));
    }
    rc = spawn(&child, argv, ends[0]);
    (void)close(ends[0]);
    if (rc != 0) {
        (void)close(ends[1]);
        return anshin_fail(err, ANSHIN_EFAULT, "AN0742", "mail: %s: %s", argv[0], strerror(rc));
    }
    (void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
    took_all = feed(ends[1], message, until);
    (void)close(ends[1]);
    status = await(child, until);
    if (status == 0 && took_all) {
        return APR_SUCCESS;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) != 0
               ? anshin_fail(err, ANSHIN_EFAULT, "AN0743", "mail: %s ended with %d", argv[0], WEXITSTATUS(status))
               : anshin_fail(err, ANSHIN_EFAULT, "AN0744", "mail: %s did not take the message, or not in time",
                             argv[0]);
}
