/*
 * Delivery into a command such as "sendmail -t -i": see command.h.
 *
 * SECURITY: no shell, so that nothing in the configuration is ever expanded; the command gets neither our
 * environment nor our descriptors, and a command that hangs is killed. What it complains of may quote a remote server:
 * no control character of it gets into a record or a log.
 */
#include "ca/command.h"

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

#include "core/base/spawn.h"
#include "core/base/unicode.h"
#include "core/base/waiting.h"

static char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", NULL};

int anshin_command_valid(const char *command, apr_pool_t *pool)
{
    char **argv;

    return apr_tokenize_to_argv(command, &argv, pool) == APR_SUCCESS && argv[0] != NULL && argv[0][0] == '/';
}

/* --- starting --------------------------------------------------------------------------------------------------- */

static int add_actions(posix_spawn_file_actions_t *actions, int input, int errors)
{
    int rc = posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);

    rc = rc != 0 ? rc : posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    rc = rc != 0 ? rc : posix_spawn_file_actions_adddup2(actions, errors, STDERR_FILENO);
    return rc != 0 ? rc : posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
}

/* 0, or an errno. */
static int spawn(pid_t *child, char **argv, int input, int errors)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0) {
        return rc;
    }
    rc = posix_spawnattr_init(&attributes);
    if (rc == 0) {
        rc = add_actions(&actions, input, errors);
        rc = rc != 0 ? rc : anshin_spawn_signals(&attributes);
        rc = rc != 0 ? rc : posix_spawn(child, argv[0], &actions, &attributes, argv, environment);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* --- feeding, listening, waiting -------------------------------------------------------------------------------- */

#define SAID_MAX 180

/* A program at work. A descriptor that is done with is closed and -1. */
typedef struct talk_t {
    int input;  /* it reads the message there */
    int errors; /* and complains here */
    int ended;  /* pidfd: readable when it has ended */
    const anshin_message_t *message;
    apr_size_t done;
    char said[SAID_MAX + 1]; /* the last octets of what it complained of */
    apr_size_t length;
} talk_t;

static void hang_up(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

static int milliseconds_until(apr_time_t until)
{
    apr_interval_time_t rest = until - anshin_uptime_now();

    return rest <= 0 ? 0 : (int)apr_time_as_msec(rest) + 1;
}

/* SIGPIPE is ignored. Who reads no more wants no more: whether that was all, its exit status and done tell. */
static void feed(talk_t *talk)
{
    ssize_t wrote = write(talk->input, talk->message->data + talk->done, talk->message->length - talk->done);

    talk->done += wrote > 0 ? (apr_size_t)wrote : 0;
    if (talk->done == talk->message->length || (wrote < 0 && errno != EINTR && errno != EAGAIN)) {
        hang_up(&talk->input);
    }
}

/* All that can be read now; the end is kept, where programs say what it came to. */
static void listen_to(talk_t *talk)
{
    char octets[512];
    ssize_t got;

    while ((got = read(talk->errors, octets, sizeof(octets))) > 0) {
        apr_size_t fresh = (apr_size_t)got < SAID_MAX ? (apr_size_t)got : SAID_MAX;
        apr_size_t kept = talk->length < SAID_MAX - fresh ? talk->length : SAID_MAX - fresh;

        memmove(talk->said, talk->said + talk->length - kept, kept);
        memcpy(talk->said + kept, octets + got - fresh, fresh);
        talk->length = kept + fresh;
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        hang_up(&talk->errors);
    }
}

/* Until it has ended, or its time has. What it leaves behind may hold its standard error open; nobody waits for it. */
static void attend(talk_t *talk, apr_time_t until)
{
    int over = talk->ended < 0;

    while (!over) {
        struct pollfd looks[] = {{talk->ended, POLLIN, 0}, {talk->errors, POLLIN, 0}, {talk->input, POLLOUT, 0}};
        int rc = poll(looks, 3, milliseconds_until(until));

        if (rc > 0 && looks[2].revents != 0) {
            feed(talk);
        }
        if (rc > 0 && looks[1].revents != 0) {
            listen_to(talk);
        }
        over = rc == 0 || (rc < 0 && errno != EINTR) || (rc > 0 && looks[0].revents != 0);
    }
    if (talk->errors >= 0) {
        listen_to(talk);
    }
}

/* The exit status as waitpid() tells it; a program that has not ended is killed. */
static int reap(pid_t child, int ended)
{
    struct pollfd look = {.fd = ended, .events = POLLIN};
    int status = -1;

    if (ended < 0 || poll(&look, 1, 0) != 1) {
        (void)kill(child, SIGKILL);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return status;
}

/* One line of it, fit for records and logs (S27): lines joined, no control characters, UTF-8 or ASCII. */
static const char *complaint(talk_t *talk, apr_pool_t *pool)
{
    char *line = talk->said;
    char *last;
    const char *joined = "";
    char *text;

    talk->said[talk->length] = '\0';
    for (char *c = line; *c != '\0'; c++) {
        *c = *c == '\n' || (unsigned char)*c >= 0x20 ? *c : ' ';
    }
    while (((unsigned char)*line & 0xc0) == 0x80) { /* what was cut off before it */
        line++;
    }
    for (char *part = apr_strtok(line, "\n", &last); part != NULL; part = apr_strtok(NULL, "\n", &last)) {
        joined = apr_pstrcat(pool, joined, *joined != '\0' ? "; " : ": ", part, NULL);
    }
    text = apr_pstrdup(pool, joined);
    for (char *c = text; *c != '\0' && !anshin_unicode_clean(text); c++) {
        *c = (unsigned char)*c < 0x80 && *c != 0x7f ? *c : '?';
    }
    return text;
}

static apr_status_t verdict(int status, const char *program, talk_t *talk, anshin_error_t *err, apr_pool_t *pool)
{
    const char *what = talk->message->what != NULL ? talk->message->what : "mail";

    if (status == 0 && talk->done == talk->message->length) {
        return APR_SUCCESS;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) != 0
               ? anshin_fail(err, ANSHIN_EFAULT, "AN0743", "%s: %s ended with %d%s", what, program, WEXITSTATUS(status),
                             complaint(talk, pool))
               : anshin_fail(err, ANSHIN_EFAULT, "AN0744", "%s: %s did not take the message, or not in time%s", what,
                             program, complaint(talk, pool));
}

/* Pipes to its standard input and from its standard error. */
static int open_pipes(int input[2], int errors[2])
{
    if (pipe2(input, O_CLOEXEC) != 0) {
        return 0;
    }
    if (pipe2(errors, O_CLOEXEC) != 0) {
        (void)close(input[0]);
        (void)close(input[1]);
        return 0;
    }
    return 1;
}

apr_status_t anshin_command_run(const char *command, const anshin_message_t *message, apr_interval_time_t wait,
                                anshin_error_t *err, apr_pool_t *pool)
{
    apr_time_t until = anshin_uptime_now() + wait;
    const char *what = message->what != NULL ? message->what : "mail";
    talk_t talk = {.message = message};
    char **argv;
    int input[2];
    int errors[2];
    pid_t child;
    int status = -1;
    int rc;

    if (!anshin_command_valid(command, pool) || apr_tokenize_to_argv(command, &argv, pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0740", "%s: the command must be a program by its absolute path",
                           what);
    }
    if (!open_pipes(input, errors)) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0741", "%s: cannot make a pipe: %s", what, strerror(errno));
    }
    rc = spawn(&child, argv, input[0], errors[1]);
    (void)close(input[0]);
    (void)close(errors[1]);
    talk.input = input[1];
    talk.errors = errors[0];
    talk.ended = -1;
    if (rc == 0) {
        (void)fcntl(talk.input, F_SETFL, O_NONBLOCK);
        (void)fcntl(talk.errors, F_SETFL, O_NONBLOCK);
        talk.ended = (int)syscall(SYS_pidfd_open, child, 0); /* glibc has a wrapper from 2.36 on */
        attend(&talk, until);
        hang_up(&talk.input);
        status = reap(child, talk.ended);
    }
    hang_up(&talk.input);
    hang_up(&talk.errors);
    hang_up(&talk.ended);
    return rc == 0 ? verdict(status, argv[0], &talk, err, pool)
                   : anshin_fail(err, ANSHIN_EFAULT, "AN0742", "%s: %s: %s", what, argv[0], strerror(rc));
}
