/*
 * The CA worker's life: started by httpd's first process, started again when it dies, told to end when httpd stops or
 * restarts.
 *
 * It is a program of its own (fork and exec, S30). Its standard input is a pipe whose other end we alone hold: when we
 * are gone, however it came to that, the pipe ends, and so does the worker after the job in hand. What it says goes to
 * the error log; where that is the system's log, httpd has closed its standard error, and the worker is told which
 * log it is. It finds out itself whom to become. Two of them, an old one that finishes its job and its successor, are
 * kept apart by the worker's own lock.
 */
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <http_main.h>

#include "auth/auth.h"

APLOG_USE_MODULE(anshin_auth);

#define PROGRAM "anshin-ca"
#define PAUSE_MAX 60                            /* seconds between attempts to start one that dies at once */
#define LIVED_WELL apr_time_from_sec(PAUSE_MAX) /* one that lived so long is started again without a pause */
#define EXIT_NO_EXEC 1                          /* never APEXIT_CHILDFATAL, which would end httpd */
#define EXIT_MAX 2                              /* of the worker */
#define ENDING_MAX 8                            /* workers of former configurations that have a job in hand still */
#define SYSLOG "syslog"
#define NO_EXEC "AN0591: cannot start %s: %s"
#define ENDING "anshin-ca: told to end"

/* In the pool of the configuration (pconf), which is cleared when httpd stops or reads its configuration anew. */
typedef struct worker_t {
    const char *program;
    const char *state_dir;
    const char *system_log; /* ErrorLog, when it is syslog; else NULL */
    server_rec *server;
    apr_pool_t *pool;
    pid_t *ending;      /* ENDING_MAX numbers, 0: free; lives as long as httpd's first process */
    apr_proc_t process; /* pid -1: none */
    int pipe;           /* its standard input, or -1 */
    int pause;          /* seconds before the next start */
    apr_time_t started_at;
} worker_t;

/* The one of this configuration; NULL: none. Set in httpd's first process, seen by its children. */
static worker_t *current;

/* --- the child --- */

/* Between fork and exec: only what is safe there. Signals as a fresh program expects them; no descriptor of httpd's but
 * the pipe and the error log. */
static void become_worker(const worker_t *worker, int input) __attribute__((noreturn));
static void become_worker(const worker_t *worker, int input)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGCHLD, SIGPIPE};
    static const int ours[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH}; /* to httpd's process group: not the worker's */
    const char *const to_file[] = {PROGRAM, "-d", worker->state_dir, NULL};
    const char *const to_system[] = {PROGRAM,         "-d", worker->state_dir, "-l", worker->system_log, "-n",
                                     ap_server_argv0, NULL};
    const char *const *argv = worker->system_log != NULL ? to_system : to_file;
    sigset_t none;
    int null;

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        signal(signals[i], SIG_DFL);
    }
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        signal(ours[i], SIG_IGN);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0) {
        _exit(EXIT_NO_EXEC);
    }
    close_range(STDERR_FILENO + 1, ~0U, 0);
    if (worker->pause > 0) {
        sleep((unsigned)worker->pause);
    }
    execv(worker->program, (char *const *)(uintptr_t)argv);
    if (worker->system_log != NULL) {
        syslog(LOG_ERR, NO_EXEC, worker->program, strerror(errno)); /* httpd's, whose socket it opens anew */
    } else {
        dprintf(STDERR_FILENO, NO_EXEC "\n", worker->program, strerror(errno));
    }
    _exit(EXIT_NO_EXEC);
}

/* --- the parent --- */

static void drop_pipe(worker_t *worker)
{
    if (worker->pipe >= 0) {
        close(worker->pipe);
        worker->pipe = -1;
    }
}

static void maintain(int reason, void *data, apr_wait_t status);

static void tell_no_start(const worker_t *worker, int code)
{
    ap_log_error(APLOG_MARK, APLOG_CRIT, code, worker->server,
                 "AN0592: the CA worker cannot be started; it is tried again every ten seconds or so");
}

static void start(worker_t *worker)
{
    int ends[2];
    pid_t pid;

    drop_pipe(worker);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        tell_no_start(worker, errno);
        return;
    }
    pid = fork();
    if (pid < 0) {
        tell_no_start(worker, errno);
        close(ends[0]);
        close(ends[1]);
        return;
    }
    if (pid == 0) {
        become_worker(worker, ends[0]);
    }
    close(ends[0]);
    worker->pipe = ends[1];
    worker->process.pid = pid;
    worker->started_at = apr_time_now();
    apr_proc_other_child_register(&worker->process, maintain, worker, NULL, worker->pool);
}

/* It died: again at once when it had lived well, else after a pause that doubles. */
static void revive(worker_t *worker, apr_wait_t status)
{
    int lived_well = apr_time_now() - worker->started_at - apr_time_from_sec(worker->pause) > LIVED_WELL;

    /* httpd hands on the exit status or the signal, but not which. The worker catches the signals up to EXIT_MAX, and
     * ends with 0 when it was told to, by whomever. */
    if (status == 0) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, worker->server, "AN1115: the CA worker has ended; a new one begins");
    }
    worker->process.pid = -1;
    worker->pause = lived_well ? 0 : (worker->pause == 0 ? 1 : worker->pause * 2);
    if (worker->pause > PAUSE_MAX) {
        worker->pause = PAUSE_MAX;
    }
    if (status != 0) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, worker->server,
                     "AN0593: the CA worker has died (%s %d); it is started again in %d s. Pages and logins go on, "
                     "certificates and mail wait",
                     status <= EXIT_MAX ? "exit status" : "signal", status, worker->pause);
    }
    start(worker);
}

/* httpd's way to tell of children that are not its own kind. */
static void maintain(int reason, void *data, apr_wait_t status)
{
    worker_t *worker = data;

    switch (reason) {
    case APR_OC_REASON_DEATH:
    case APR_OC_REASON_LOST:
        apr_proc_other_child_unregister(worker);
        if (worker == current) {
            revive(worker, status);
        }
        break;
    case APR_OC_REASON_RESTART: /* the configuration is read anew: end() comes with its pool */
        apr_proc_other_child_unregister(worker);
        break;
    default:
        break;
    }
}

/* Tell it to end after the job in hand, and don't wait: its successor does. */
static apr_status_t end(void *data)
{
    worker_t *worker = data;

    current = NULL;
    drop_pipe(worker);
    if (worker->process.pid > 0) {
        kill(worker->process.pid, SIGTERM);
        for (int i = 0; i < ENDING_MAX; i++) {
            if (worker->ending[i] == 0) {
                worker->ending[i] = worker->process.pid;
                break;
            }
        }
    }
    return APR_SUCCESS;
}

/* One that was told to end has: expected, and nothing to tell of. */
static void forget(int reason, void *data, apr_wait_t status)
{
    pid_t *slot = data;

    (void)status;
    if (reason == APR_OC_REASON_DEATH || reason == APR_OC_REASON_LOST) {
        apr_proc_other_child_unregister(slot);
        *slot = 0;
    }
}

/* httpd forgets its other children when it reads its configuration anew, and takes one that ends later for lost. */
static void adopt_ending(worker_t *worker)
{
    for (int i = 0; i < ENDING_MAX; i++) {
        pid_t *slot = &worker->ending[i];
        apr_proc_t *process;

        if (*slot == 0) {
            continue;
        }
        if (waitpid(*slot, NULL, WNOHANG) != 0) { /* it has ended, or is no child of ours any more */
            *slot = 0;
            continue;
        }
        process = apr_pcalloc(worker->pool, sizeof(*process));
        process->pid = *slot;
        apr_proc_other_child_register(process, forget, slot, NULL, worker->pool);
    }
}

/* It outlives this module, which is loaded anew with every configuration. */
static pid_t *ending_of(apr_pool_t *process_pool)
{
    void *found = NULL;

    if (apr_pool_userdata_get(&found, ENDING, process_pool) != APR_SUCCESS || found == NULL) {
        found = apr_pcalloc(process_pool, ENDING_MAX * sizeof(pid_t));
        (void)apr_pool_userdata_set(found, apr_pstrdup(process_pool, ENDING), NULL, process_pool);
    }
    return found;
}

/* As httpd tells it from a file. */
static int is_system_log(const char *error_log)
{
    return error_log != NULL && strncasecmp(error_log, SYSLOG, strlen(SYSLOG)) == 0 &&
           (error_log[strlen(SYSLOG)] == '\0' || error_log[strlen(SYSLOG)] == ':');
}

void anshin_worker_start(const anshin_config_t *config, server_rec *server, apr_pool_t *pconf)
{
    worker_t *worker = apr_pcalloc(pconf, sizeof(*worker));

    worker->program = apr_pstrcat(pconf, config->server.program_dir, "/" PROGRAM, NULL);
    worker->state_dir = config->server.state_dir;
    worker->system_log = is_system_log(server->error_fname) ? server->error_fname : NULL;
    worker->server = server;
    worker->pool = pconf;
    worker->process.pid = -1;
    worker->pipe = -1;
    worker->ending = ending_of(server->process->pool);
    adopt_ending(worker);
    current = worker;
    apr_pool_cleanup_register(pconf, worker, end, apr_pool_cleanup_null);
    start(worker);
}

/* One that could not even be forked has no death to tell of. */
int anshin_worker_monitor(apr_pool_t *pool, server_rec *server)
{
    (void)pool;
    (void)server;
    if (current != NULL && current->process.pid < 0) {
        start(current);
    }
    return OK;
}

void anshin_worker_leave(void)
{
    if (current != NULL) {
        drop_pipe(current);
        apr_pool_cleanup_kill(current->pool, current, end);
        current = NULL;
    }
}
