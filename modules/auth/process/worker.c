/*
 * The CA worker's life: started by httpd's first process, started again when it dies, told to end when httpd stops or
 * restarts.
 *
 * It is a program of its own (fork and exec, S30). Its standard input is a pipe whose other end we alone hold: when we
 * are gone, however it came to that, the pipe ends, and so does the worker after the job in hand. What it says goes by
 * another pipe to a process that writes it to the error log (worker_log.c) and lives as long as somebody may write. The
 * worker finds out itself whom to become. Two of them, an old one that finishes its job and its successor, are kept
 * apart by the worker's own lock.
 */
#include "auth/process/worker.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <http_main.h>
#include <http_log.h>

#include "auth/process/worker_log.h"
#include "core/base/waiting.h"

APLOG_USE_MODULE(anshin_auth);

#define PROGRAM "anshin-ca"
#define PAUSE_MAX 60                            /* seconds between attempts to start one that dies at once */
#define LIVED_WELL apr_time_from_sec(PAUSE_MAX) /* one that lived so long is started again without a pause */
#define EXIT_NO_EXEC 1                          /* never APEXIT_CHILDFATAL, which would end httpd */
#define EXIT_MAX 2                              /* of the worker */
#define ENDING_MAX 16                           /* of former configurations, with a job in hand or lines to write */
#define ENDING "anshin-ca: told to end"

typedef struct worker_t worker_t;

/* A process that is followed by another when it dies. */
typedef struct life_t {
    worker_t *worker;
    apr_proc_t process; /* pid -1: none */
    int pause;          /* seconds before the next start */
    apr_time_t started_at;
} life_t;

/* In the pool of the configuration (pconf), which is cleared when httpd stops or reads its configuration anew. */
struct worker_t {
    const char *program;
    const char *state_dir;
    server_rec *server;
    apr_pool_t *pool;
    pid_t *ending; /* ENDING_MAX numbers, 0: free; lives as long as httpd's first process */
    life_t work;
    int pipe; /* its standard input, or -1 */
    life_t log;
    int lines[2]; /* both ends of the pipe from work to log, so that either may begin anew and nothing is lost; or -1 */
};

/* The one of this configuration; NULL: none. Set in httpd's first process, seen by its children. */
static worker_t *current;

/* --- the child --- */

/* Between fork and exec: only what is safe there. Signals as a fresh program expects them; no descriptor of httpd's but
 * the two pipes. */
static void become_worker(const worker_t *worker, int input) __attribute__((noreturn));
static void become_worker(const worker_t *worker, int input)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGCHLD, SIGPIPE};
    static const int ours[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH}; /* to httpd's process group: not the worker's */
    const char *const tells_all = APLOG_IS_LEVEL(worker->server, APLOG_INFO) ? "-v" : NULL;
    const char *const argv[] = {PROGRAM, "-d", worker->state_dir, "-p", tells_all, NULL};
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
    if (null < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        dup2(worker->lines[1], STDERR_FILENO) < 0) {
        _exit(EXIT_NO_EXEC);
    }
    close_range(STDERR_FILENO + 1, ~0U, 0);
    if (worker->work.pause > 0) {
        sleep((unsigned)worker->work.pause);
    }
    execv(worker->program, (char *const *)(uintptr_t)argv);
    dprintf(STDERR_FILENO, "<3>AN0591: cannot start %s: %s\n", worker->program, strerror(errno));
    _exit(EXIT_NO_EXEC);
}

/* --- the parent --- */

static void drop(int *descriptor)
{
    if (*descriptor >= 0) {
        close(*descriptor);
        *descriptor = -1;
    }
}

static void maintain(int reason, void *data, apr_wait_t status);

static void follow(life_t *life, pid_t pid)
{
    life->process.pid = pid;
    life->started_at = anshin_uptime_now();
    apr_proc_other_child_register(&life->process, maintain, life, NULL, life->worker->pool);
}

static void tell_no_start(const worker_t *worker, int code)
{
    ap_log_error(APLOG_MARK, APLOG_CRIT, code, worker->server,
                 "AN0592: the CA worker cannot be started; it is tried again every ten seconds or so");
}

/* What the log's process cannot take at once is lost: nobody waits for a log. 0, or an errno. */
static int open_lines(worker_t *worker)
{
    if (worker->lines[0] >= 0) {
        return 0;
    }
    if (pipe2(worker->lines, O_CLOEXEC) != 0) {
        worker->lines[0] = worker->lines[1] = -1;
        return errno;
    }
    return fcntl(worker->lines[1], F_SETFL, O_NONBLOCK) != 0 ? errno : 0;
}

static void start_log(worker_t *worker)
{
    pid_t pid = fork();

    if (pid == 0) {
        anshin_worker_log_run(worker->lines[0], worker->log.pause, worker->server);
    }
    if (pid < 0) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, errno, worker->server,
                     "AN1191: what the CA worker says is not in this log yet; it is tried again every ten seconds or "
                     "so");
        return;
    }
    follow(&worker->log, pid);
}

static void start_work(worker_t *worker)
{
    int ends[2];
    pid_t pid;

    drop(&worker->pipe);
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
    follow(&worker->work, pid);
}

/* What is not there. */
static void start(worker_t *worker)
{
    int failed = open_lines(worker);

    if (failed != 0) {
        tell_no_start(worker, failed);
        return;
    }
    if (worker->log.process.pid < 0) {
        start_log(worker);
    }
    if (worker->work.process.pid < 0) {
        start_work(worker);
    }
}

/* httpd hands on the exit status or the signal, but not which. The worker catches the signals up to EXIT_MAX, and
 * ends with 0 when it was told to, by whomever. */
static void tell_death(const life_t *life, apr_wait_t status)
{
    const worker_t *worker = life->worker;
    const char *how = status <= EXIT_MAX ? "exit status" : "signal";

    if (life == &worker->log) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, worker->server,
                     "AN1193: the process that writes what the CA worker says has died (%s %d); it is started again in "
                     "%d s, and goes on with the next line",
                     how, status, life->pause);
    } else if (status == 0) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, worker->server, "AN1115: the CA worker has ended; a new one begins");
    } else {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, worker->server,
                     "AN0593: the CA worker has died (%s %d); it is started again in %d s. Pages and logins go on, "
                     "certificates and mail wait",
                     how, status, life->pause);
    }
}

/* It died: again at once when it had lived well, else after a pause that doubles. */
static void revive(life_t *life, apr_wait_t status)
{
    int lived_well = anshin_uptime_now() - life->started_at - apr_time_from_sec(life->pause) > LIVED_WELL;

    life->process.pid = -1;
    life->pause = lived_well ? 0 : (life->pause == 0 ? 1 : life->pause * 2);
    if (life->pause > PAUSE_MAX) {
        life->pause = PAUSE_MAX;
    }
    tell_death(life, status);
    start(life->worker);
}

/* httpd's way to tell of children that are not its own kind. */
static void maintain(int reason, void *data, apr_wait_t status)
{
    life_t *life = data;

    switch (reason) {
    case APR_OC_REASON_DEATH:
    case APR_OC_REASON_LOST:
        apr_proc_other_child_unregister(life);
        if (life->worker == current) {
            revive(life, status);
        }
        break;
    case APR_OC_REASON_RESTART: /* the configuration is read anew: end() comes with its pool */
        apr_proc_other_child_unregister(life);
        break;
    default:
        break;
    }
}

static void expect_end(const worker_t *worker, pid_t pid)
{
    for (int i = 0; i < ENDING_MAX; i++) {
        if (worker->ending[i] == 0) {
            worker->ending[i] = pid;
            break;
        }
    }
}

static void drop_all(worker_t *worker)
{
    drop(&worker->pipe);
    drop(&worker->lines[0]);
    drop(&worker->lines[1]);
}

/* Tell it to end after the job in hand, and don't wait: its successor does. The log ends by itself after it. */
static apr_status_t end(void *data)
{
    worker_t *worker = data;

    current = NULL;
    drop_all(worker);
    if (worker->work.process.pid > 0) {
        kill(worker->work.process.pid, SIGTERM);
        expect_end(worker, worker->work.process.pid);
    }
    if (worker->log.process.pid > 0) {
        expect_end(worker, worker->log.process.pid);
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

void anshin_worker_start(const anshin_config_t *config, server_rec *server, apr_pool_t *pconf)
{
    worker_t *worker = apr_pcalloc(pconf, sizeof(*worker));

    worker->program = apr_pstrcat(pconf, config->server.program_dir, "/" PROGRAM, NULL);
    worker->state_dir = config->server.state_dir;
    worker->server = server;
    worker->pool = pconf;
    worker->work.worker = worker->log.worker = worker;
    worker->work.process.pid = worker->log.process.pid = -1;
    worker->pipe = worker->lines[0] = worker->lines[1] = -1;
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
    if (current != NULL) {
        start(current);
    }
    return OK;
}

void anshin_worker_leave(void)
{
    if (current != NULL) {
        drop_all(current);
        apr_pool_cleanup_kill(current->pool, current, end);
        current = NULL;
    }
}
