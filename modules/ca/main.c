/*
 * anshin-ca: the worker. Issues certificates, delivers mail, keeps house (CRT-1, MAI-1).
 *
 *   anshin-ca -d STATE_DIR [-i] [-p] [-v]
 *
 * Started by httpd, which holds the other end of its standard input, or by an init system. Works through the queue
 * in the store until SIGTERM, or until that pipe closes; then it finishes what it has in hand. -v: tell every
 * certificate. -p: what is said begins with its level, <3> to <6>, and has no date, for httpd's module, or for systemd,
 * to read. -i: an init system starts it; refused where httpd does (AnshinCAWorker on). What httpd has been configured
 * with is in STATE_DIR/config.json.
 *
 * SECURITY: faces no network; reads the store, which httpd writes. Started by root it starts the signer, which
 * becomes a user of its own, and becomes AnshinCAUser before it opens the store (S30).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ca/command.h"
#include "ca/delivery.h"
#include "ca/doorbell.h"
#include "ca/log.h"
#include "ca/process.h"
#include "ca/instance_lock.h"
#include "ca/responder.h"
#include "ca/worker.h"
#include "core/config/ca_files.h"
#include "core/mail/trial.h"
#include "crypto/heap.h"
#include "runtime/board_file.h"
#include "runtime/config_file.h"
#include "runtime/open.h"
#include "runtime/privilege.h"
#include "runtime/uptime.h"

typedef struct start_t {
    const char *state_dir;
    int verbose;
    int for_reader; /* of what is said */
    int by_init;    /* an init system starts us */
    int signals;    /* signalfd */
    int lifeline;   /* standard input when it is a pipe, else -1 */
    int bell;
    anshin_config_t *config;
    anshin_env_t env;
    anshin_signer_client_settings_t signer;
    anshin_signer_client_t *signer_client;
    anshin_error_t err;
    apr_pool_t *pool;
} start_t;

static int read_arguments(start_t *start, int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "d:ipv")) != -1) {
        if (option == 'd') {
            start->state_dir = optarg;
        } else if (option == 'i') {
            start->by_init = 1;
        } else if (option == 'p') {
            start->for_reader = 1;
        } else if (option == 'v') {
            start->verbose = 1;
        } else {
            return 0;
        }
    }
    return optind == argc && start->state_dir != NULL && start->state_dir[0] == '/';
}

/* --- before root is left ---------------------------------------------------------------------------------------- */

/* Signals come through a descriptor, and only that way, in all threads. */
static apr_status_t catch_signals(start_t *start)
{
    static const int ends[] = {SIGTERM, SIGINT, SIGQUIT};
    sigset_t blocked;

    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        (void)sigaddset(&blocked, ends[i]);
    }
    start->signals = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
    if (start->signals < 0 || sigprocmask(SIG_BLOCK, &blocked, NULL) != 0) {
        return anshin_fail(&start->err, ANSHIN_EFAULT, "AN0765", "signals: %s", strerror(errno));
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN); /* httpd's own, sent to its process group, this and the following */
    (void)signal(SIGUSR1, SIG_IGN);
    (void)signal(SIGUSR2, SIG_IGN);
    (void)signal(SIGWINCH, SIG_IGN);
    return APR_SUCCESS;
}

/* A terminal or /dev/null says nothing about who started us. */
static int find_lifeline(void)
{
    struct stat seen;

    return fstat(STDIN_FILENO, &seen) == 0 && (S_ISFIFO(seen.st_mode) || S_ISSOCK(seen.st_mode)) ? STDIN_FILENO : -1;
}

/* Beside ourselves, unless told. */
static apr_status_t find_signer(start_t *start)
{
    const anshin_server_t *server = &start->config->server;
    char self[4096];
    const char *directory = server->program_dir;
    ssize_t length;

    if (directory == NULL) {
        length = readlink("/proc/self/exe", self, sizeof(self) - 1);
        if (length <= 0) {
            return anshin_fail(&start->err, ANSHIN_EFAULT, "AN0766",
                               "the directory of this program cannot be found: %s", strerror(errno));
        }
        self[length] = '\0';
        directory = apr_pstrmemdup(start->pool, self, (apr_size_t)(strrchr(self, '/') - self));
    }
    start->signer.program = apr_pstrcat(start->pool, directory, "/anshin-signer", NULL);
    start->signer.for_reader = start->for_reader;
    start->signer.user = geteuid() == 0 ? server->signer_user : NULL;
    start->signer.cas = anshin_ca_all(start->config, start->pool);
    start->signer.passphrase = server->ca_passphrase;
    start->signer.apple = server->apple_certificate;
    start->signer.apple_key = server->apple_key;
    return APR_SUCCESS;
}

/* Whom the two become; looked up before anything is begun, so that a wrong name shows at once. */
static apr_status_t find_users(start_t *start, anshin_unix_user_t *worker, gid_t *group)
{
    const anshin_server_t *server = &start->config->server;
    anshin_unix_user_t signer = {.name = NULL};
    apr_status_t status = anshin_unix_user_find(worker, server->worker_user, &start->err);

    if (status == APR_SUCCESS) {
        status = anshin_unix_user_find(&signer, server->signer_user, &start->err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_unix_group_find(group, server->group, &start->err);
    }
    if (status == APR_SUCCESS && signer.uid == worker->uid) {
        return anshin_fail(
            &start->err, ANSHIN_EINVALID, "AN0767",
            "AnshinCAUser and AnshinSignerUser are both %s, so the worker could read the CA's key; name two users",
            signer.name);
    }
    if (status == APR_SUCCESS && signer.gid == *group) {
        anshin_log(ANSHIN_LOG_WARNING, "AN0745",
                   "AnshinSignerUser %s is of AnshinGroup %s and could read store and keys; give it a group of its own",
                   signer.name, server->group);
    }
    return status;
}

/* As the worker's user: others write in that directory. */
static apr_status_t take_turn(start_t *start, const anshin_unix_user_t *worker, gid_t group)
{
    anshin_error_t *err = &start->err;
    apr_status_t status = anshin_privilege_lend(worker->uid, group, err);
    apr_status_t taken;

    if (status != APR_SUCCESS) {
        return status;
    }
    taken = anshin_instance_lock_take(start->state_dir, start->signals, start->lifeline, err, start->pool);
    status = anshin_privilege_resume(err);
    return taken != APR_SUCCESS ? taken : status;
}

/* One owner starts the worker; a second one would only wait for its end, and hide that from whoever looks. */
static apr_status_t check_owner(start_t *start)
{
    return start->by_init && start->config->server.worker
               ? anshin_fail(&start->err, ANSHIN_EINVALID, "AN1750",
                             "httpd starts the worker here; say AnshinCAWorker off and restart httpd, then start this")
               : APR_SUCCESS;
}

static apr_status_t begin(start_t *start)
{
    anshin_unix_user_t worker = {.name = NULL};
    gid_t group = 0;
    int root = geteuid() == 0;
    apr_status_t status = anshin_config_file_read(&start->config, start->state_dir, &start->err, start->pool);

    if (status == APR_SUCCESS) {
        status = check_owner(start);
    }
    if (status == APR_SUCCESS && root) {
        status = find_users(start, &worker, &group);
    }
    if (status == APR_SUCCESS) {
        status = find_signer(start);
    }
    if (status == APR_SUCCESS) {
        status = take_turn(start, &worker, group);
    }
    if (status == APR_SUCCESS) {
        status = anshin_signer_client_start(&start->signer_client, &start->signer, &start->err, start->pool);
    }
    if (status == APR_SUCCESS && root) {
        status = anshin_privilege_drop(&worker, group, 1, &start->err);
    }
    return status;
}

/* --- as the worker's user --------------------------------------------------------------------------------------- */

static apr_status_t limit_ourselves(start_t *start)
{
    apr_status_t status = anshin_process_hide(&start->err);

    /* A command that takes mail may need its set-group-ID bit: Postfix's does. So may one that mails of events. */
    if (status == APR_SUCCESS && start->config->server.mail_command == NULL &&
        start->config->server.event_command == NULL) {
        status = anshin_process_confine(&start->err);
    }
    return status;
}

static apr_status_t check_commands(start_t *start)
{
    const char *audit = start->config->server.audit_command;
    const char *event = start->config->server.event_command;

    if (audit != NULL && !anshin_command_valid(audit, start->pool)) {
        return anshin_fail(&start->err, ANSHIN_EINVALID, "AN1482",
                           "AnshinAuditCommand must be a program by its absolute path, with its arguments");
    }
    return event == NULL || anshin_command_valid(event, start->pool)
               ? APR_SUCCESS
               : anshin_fail(&start->err, ANSHIN_EINVALID, "AN1677",
                             "AnshinEventCommand must be a program by its absolute path, with its arguments");
}

static apr_status_t prepare_mail(start_t *start)
{
    const anshin_server_t *server = &start->config->server;

    if (server->mail_command == NULL) {
        return anshin_maildir_make(anshin_config_spool(start->config, start->pool), &start->err, start->pool);
    }
    return anshin_command_valid(server->mail_command, start->pool)
               ? APR_SUCCESS
               : anshin_fail(&start->err, ANSHIN_EINVALID, "AN0768",
                             "AnshinMailCommand must be a program by its absolute path, with its arguments");
}

static void tell_trouble(void *unused, const anshin_contract_t *contract, const anshin_error_t *trouble)
{
    (void)unused;
    (void)contract;
    anshin_log(ANSHIN_LOG_ERROR, "AN1104", "%s (%s)", trouble->text, trouble->id);
}

static apr_status_t open_all(start_t *start)
{
    const anshin_hashing_t hashing = {0};
    anshin_error_t deaf;
    apr_status_t status = limit_ourselves(start);

    if (status == APR_SUCCESS) {
        status = anshin_open(&start->env, start->config, &hashing, &start->err, start->pool);
    }
    if (status == APR_SUCCESS) {
        status = prepare_mail(start);
    }
    if (status == APR_SUCCESS) {
        status = check_commands(start);
    }
    if (status == APR_SUCCESS) {
        status = anshin_uptime_open(&start->env.uptime, &start->err, start->pool);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    anshin_error_clear(&deaf);
    if (anshin_board_open(&start->env.board, start->config, ANSHIN_BOARD_WORKER, &deaf, start->pool) != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN1665", "who watches over the system gets no sign of life",
                         ANSHIN_EFAULT, &deaf);
    }
    /* httpd tried them as root; what the worker cannot read shows here. It goes on: installed templates stand in. */
    (void)anshin_trial_all(start->config, tell_trouble, NULL, start->pool);
    anshin_error_clear(&deaf);
    if (anshin_doorbell_open(&start->bell, start->state_dir, &deaf, start->pool) != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN0769", "jobs are noticed late", ANSHIN_EFAULT, &deaf);
    }
    return APR_SUCCESS;
}

/* The exit status. */
static int work(start_t *start)
{
    const anshin_work_t shared = {&start->env, start->signer_client};
    anshin_responder_t *responder;
    apr_status_t status;

    if (anshin_responder_start(&responder, &shared, &start->err, start->pool) != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN1218", "OCSP requests are not answered", ANSHIN_EFAULT, &start->err);
    }
    status = anshin_worker_run(&shared, start->config->server.worker_threads, start->signals, start->lifeline,
                               start->bell, start->pool);
    anshin_responder_end(responder);
    if (status == ANSHIN_EBUSY) {
        anshin_log(ANSHIN_LOG_ERROR, "AN0761", "ending, since only a new worker can start a new signer");
        return 1;
    }
    anshin_log(ANSHIN_LOG_NOTICE, "AN0762", "ended%s", status == APR_SUCCESS ? "" : " for want of threads");
    return status == APR_SUCCESS ? 0 : 1;
}

int main(int argc, char **argv)
{
    start_t start = {.signals = -1, .lifeline = -1, .bell = -1};
    apr_status_t status;
    int code = 1;

    anshin_process_close_inherited();
    (void)umask(S_IRWXO);
    anshin_error_clear(&start.err);
    anshin_log_open("anshin-ca", ANSHIN_LOG_NOTICE);
    if (!read_arguments(&start, argc, argv) || apr_initialize() != APR_SUCCESS) {
        anshin_log(ANSHIN_LOG_ERROR, "AN0763", "usage: anshin-ca -d STATE_DIR [-i] [-p] [-v], with an absolute path");
        return 2;
    }
    anshin_log_open("anshin-ca", start.verbose ? ANSHIN_LOG_INFO : ANSHIN_LOG_NOTICE);
    if (start.for_reader) {
        anshin_log_for_reader();
    }
    if (!anshin_heap_wipes()) {
        anshin_log(ANSHIN_LOG_ERROR, "AN1116", "freed memory cannot be wiped, and may keep users' keys");
        return 1;
    }
    apr_pool_create(&start.pool, NULL);
    start.lifeline = find_lifeline();
    status = catch_signals(&start);
    if (status == APR_SUCCESS) {
        status = begin(&start);
    }
    if (status == APR_SUCCESS) {
        status = open_all(&start);
    }
    if (status == APR_SUCCESS) {
        code = work(&start);
    } else if (status == APR_EOF) {
        code = 0;
    } else {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN0764", "cannot begin", status, &start.err);
        code = start.by_init && status == ANSHIN_EINVALID ? 2 : 1; /* to try again would not help */
    }
    apr_terminate(); /* ends the signer */
    return code;
}
