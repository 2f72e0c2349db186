/*
 * Standard error, handed on: see relay.h.
 *
 * SECURITY: a process of its own, without threads, secrets or the store. What it reads may quote what strangers chose:
 * a line is bounded and holds no control characters (S27).
 */
#include "ca/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "ca/process.h"

#define END_PAUSE apr_time_from_msec(5)
#define END_ROUNDS 400

typedef struct text_t {
    char line[ANSHIN_RELAY_LINE_MAX + 1];
    apr_size_t length;
} text_t;

static void say(text_t *text, anshin_log_sink_t *sink)
{
    anshin_log_level_t level;
    const char *line = anshin_log_read(text->line, text->length, &level);

    if (text->length > 0) {
        sink(level, line);
    }
    text->length = 0;
}

void anshin_relay_run(int in, anshin_log_sink_t *sink)
{
    text_t text = {.length = 0};
    char octets[1024];
    ssize_t got;

    while ((got = read(in, octets, sizeof(octets))) > 0 || (got < 0 && errno == EINTR)) {
        for (ssize_t i = 0; i < got; i++) {
            if (octets[i] == '\n') {
                say(&text, sink);
            } else if (text.length < ANSHIN_RELAY_LINE_MAX) {
                text.line[text.length++] = octets[i];
            }
        }
    }
    say(&text, sink);
}

/* It keeps nothing of the worker's: a lock on the turn, say, would outlive the worker. */
static void become_relay(int in, const anshin_unix_user_t *user, const anshin_system_log_t *log)
    __attribute__((noreturn));
static void become_relay(int in, const anshin_unix_user_t *user, const anshin_system_log_t *log)
{
    anshin_error_t err;
    apr_status_t status = APR_SUCCESS;

    anshin_error_clear(&err);
    closelog();
    if (dup2(in, STDIN_FILENO) < 0 || dup2(STDOUT_FILENO, STDERR_FILENO) < 0) {
        _exit(1);
    }
    anshin_process_close_inherited();
    anshin_system_log_open(log);
    if (user != NULL) {
        status = anshin_privilege_drop(user, user->gid, 0, &err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_process_hide(&err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_process_confine(&err);
    }
    if (status != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN1181", "what the signer says is not in the log", status, &err);
        _exit(1);
    }
    anshin_relay_run(STDIN_FILENO, anshin_system_log_say);
    _exit(0);
}

apr_status_t anshin_relay_start(pid_t *relay, const anshin_unix_user_t *user, const anshin_system_log_t *log,
                                anshin_error_t *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1180", "log: no pipe: %s", strerror(errno));
    }
    *relay = fork();
    if (*relay == 0) {
        become_relay(ends[0], user, log);
    }
    (void)close(ends[0]);
    if (*relay < 0 || fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0 || dup2(ends[1], STDERR_FILENO) < 0) {
        int cause = errno;

        (void)close(ends[1]);
        return anshin_fail(err, ANSHIN_EFAULT, "AN1182", "log: no process to hand it on: %s", strerror(cause));
    }
    (void)close(ends[1]);
    return APR_SUCCESS;
}

void anshin_relay_end(pid_t relay)
{
    if (relay <= 0) {
        return;
    }
    (void)dup2(STDOUT_FILENO, STDERR_FILENO);
    for (int i = 0; i < END_ROUNDS && waitpid(relay, NULL, WNOHANG) == 0; i++) {
        apr_sleep(END_PAUSE);
    }
}
