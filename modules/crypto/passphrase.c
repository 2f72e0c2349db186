/*
 * A passphrase from a program: see passphrase.h.
 *
 * SECURITY: the answer is read straight into the caller's buffer, which the caller wipes; it is in no other memory of
 * ours, no environment, no argument and no error text. The program is run without a shell.
 */
#include "crypto/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "core/base/spawn.h"
#include "core/base/waiting.h"

#define WAIT apr_time_from_sec(600)

static char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", NULL};

static int set_descriptors(posix_spawn_file_actions_t *actions, int output)
{
    int rc = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    rc = rc != 0 ? rc : posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    rc = rc != 0 ? rc : posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    return rc != 0 ? rc : posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
}

/* 0, or an errno. */
static int spawn(pid_t *child, const char *program, const char *purpose, int output)
{
    const char *const argv[] = {program, purpose, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0) {
        return rc;
    }
    rc = posix_spawnattr_init(&attributes);
    if (rc == 0) {
        rc = set_descriptors(&actions, output);
        rc = rc != 0 ? rc : anshin_spawn_signals(&attributes);
        rc = rc != 0
                 ? rc
                 : posix_spawn(child, program, &actions, &attributes, (char *const *)(apr_uintptr_t)argv, environment);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* All that it prints, until it closes its end; what does not fit falls away, or the program might die of a broken pipe.
 * *whole: octets that it printed. 0: it took too long. */
static int listen_to(char *into, apr_size_t size, apr_size_t *whole, int fd)
{
    const apr_time_t until = anshin_uptime_now() + WAIT;
    char more[256] = "";
    ssize_t got = 1;

    for (*whole = 0; got != 0; *whole += got > 0 ? (apr_size_t)got : 0) {
        struct pollfd at = {.fd = fd, .events = POLLIN};
        apr_interval_time_t rest = until - anshin_uptime_now();
        int fits = *whole < size;

        if (rest <= 0 || poll(&at, 1, (int)apr_time_as_msec(rest) + 1) == 0) {
            break;
        }
        got = read(fd, fits ? into + *whole : more, fits ? size - *whole : sizeof(more));
        if (got < 0 && errno != EINTR && errno != EAGAIN) {
            break;
        }
    }
    OPENSSL_cleanse(more, sizeof(more));
    return got == 0;
}

/* As waitpid() tells it. */
static int reap(pid_t child, int in_time)
{
    int status = -1;

    if (!in_time) {
        (void)kill(child, SIGKILL);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return status;
}

static apr_status_t judge(char *passphrase, apr_size_t whole, const char *program, anshin_error_t *err)
{
    const char *end = memchr(passphrase, '\n', whole < ANSHIN_PASSPHRASE_MAX + 1 ? whole : ANSHIN_PASSPHRASE_MAX + 1);
    apr_size_t length = end != NULL ? (apr_size_t)(end - passphrase) : whole;

    length -= length > 0 && length <= ANSHIN_PASSPHRASE_MAX && passphrase[length - 1] == '\r';
    if (length == 0 || length > ANSHIN_PASSPHRASE_MAX || memchr(passphrase, '\0', length) != NULL) {
        return anshin_fail(
            err, ANSHIN_EFAULT, "AN0462",
            "AnshinCAPassphrase %s: the first line that it prints must be the passphrase, 1 to %d octets "
            "without NUL",
            program, ANSHIN_PASSPHRASE_MAX);
    }
    passphrase[length] = '\0';
    return APR_SUCCESS;
}

apr_status_t anshin_passphrase_ask(char passphrase[ANSHIN_PASSPHRASE_MAX + 1], const char *program, const char *purpose,
                                   anshin_error_t *err)
{
    apr_size_t whole = 0;
    int ends[2];
    pid_t child;
    int in_time;
    int status;
    int rc = pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;

    if (rc == 0) {
        rc = spawn(&child, program, purpose, ends[1]);
        (void)close(ends[1]);
        if (rc != 0) {
            (void)close(ends[0]);
        }
    }
    if (rc != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0460", "AnshinCAPassphrase %s: cannot be run: %s", program,
                           strerror(rc));
    }
    in_time = listen_to(passphrase, ANSHIN_PASSPHRASE_MAX + 1, &whole, ends[0]);
    (void)close(ends[0]);
    status = reap(child, in_time);
    if (!in_time || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0461",
                           "AnshinCAPassphrase %s: %s %d; run it by hand, as the signer's user, to see why", program,
                           !in_time            ? "took too long; seconds:"
                           : WIFEXITED(status) ? "ended with status"
                                               : "ended by signal",
                           !in_time            ? (int)apr_time_sec(WAIT)
                           : WIFEXITED(status) ? WEXITSTATUS(status)
                                               : WTERMSIG(status));
    }
    return judge(passphrase, whole, program, err);
}
