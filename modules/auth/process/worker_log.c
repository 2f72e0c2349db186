/*
 * What the CA worker and the signer say, in httpd's error log: a process of httpd's reads their standard error and
 * logs each line as our module's own, so that ErrorLog, ErrorLogFormat and LogLevel hold for them, whatever kind of
 * log it is (B23).
 *
 * SECURITY: forked from httpd's first process and not a program of its own, since only httpd knows how its log is
 * written. So its memory holds what that of httpd's children holds: it becomes their user and is closed to others as
 * they are, without the state directory's group. It keeps no descriptor but the pipe and the log. What it reads may
 * quote what strangers chose: a line is bounded, and httpd escapes it (S27).
 */
#include "auth/process/worker_log.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <unixd.h>
#include <http_log.h>

#include "runtime/privilege.h"

APLOG_USE_MODULE(anshin_auth);

#define NAME "anshin-log" /* as ps shows it: at most 15 octets */
#define LINE_OCTETS 2048  /* a line is cut after so many */

typedef struct text_t {
    char line[LINE_OCTETS + 1];
    apr_size_t length;
} text_t;

/* "<3>text": httpd's levels are those of syslog(3). What has none was written by a library. */
static void say(text_t *text, server_rec *server)
{
    const char *line = text->line;
    int level = APLOG_ERR;

    text->line[text->length] = '\0';
    if (line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>') {
        level = line[1] - '0';
        line += 3;
    }
    if (text->length > 0) {
        ap_log_error(APLOG_MARK, level, 0, server, "%s", line);
    }
    text->length = 0;
}

static void hand_on(int in, server_rec *server)
{
    text_t text = {.length = 0};
    char octets[1024];
    ssize_t got;

    while ((got = read(in, octets, sizeof(octets))) > 0 || (got < 0 && errno == EINTR)) {
        for (ssize_t i = 0; i < got; i++) {
            if (octets[i] == '\n') {
                say(&text, server);
            } else if (text.length < LINE_OCTETS) {
                text.line[text.length++] = octets[i];
            }
        }
    }
    say(&text, server);
}

/* It lives as long as somebody writes: what tells httpd's processes to end means nothing to it. */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGPIPE};
    sigset_t none;

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        (void)signal(ignored[i], SIG_IGN);
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* All but the standard three and the log. The system's log is opened anew by syslog(3). */
static void close_others(const server_rec *server)
{
    apr_os_file_t log = -1;

    if (server->error_log == NULL || apr_os_file_get(&log, server->error_log) != APR_SUCCESS || log <= STDERR_FILENO) {
        close_range(STDERR_FILENO + 1, ~0U, 0);
        return;
    }
    if (log > STDERR_FILENO + 1) {
        close_range(STDERR_FILENO + 1, (unsigned)log - 1, 0);
    }
    close_range((unsigned)log + 1, ~0U, 0);
}

static apr_status_t become_nobody(anshin_error_t *err)
{
    const anshin_unix_user_t user = {
        .name = ap_unixd_config.user_name, .uid = ap_unixd_config.user_id, .gid = ap_unixd_config.group_id};
    apr_status_t status = geteuid() == 0 ? anshin_privilege_drop(&user, user.gid, 0, err) : APR_SUCCESS;

    if (status == APR_SUCCESS &&
        (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1192", "the process cannot be closed to others");
    }
    return status;
}

void anshin_worker_log_run(int in, int pause, server_rec *server)
{
    anshin_error_t err;

    anshin_error_clear(&err);
    ignore_signals();
    (void)prctl(PR_SET_NAME, NAME, 0, 0, 0);
    if (dup2(in, STDIN_FILENO) < 0) {
        _exit(1);
    }
    close_others(server);
    if (pause > 0) {
        sleep((unsigned)pause);
    }
    if (become_nobody(&err) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, server, "AN1190: what the CA worker says is not in this log: %s (%s)",
                     err.text, err.id);
        _exit(1);
    }
    hand_on(STDIN_FILENO, server);
    _exit(0);
}
