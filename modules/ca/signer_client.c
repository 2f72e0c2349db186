/*
 * The signer as the worker sees it: see signer_client.h.
 *
 * SECURITY: the signer is a program of its own (fork and exec) with an empty environment and one socket; what it
 * answers is parsed as strictly as it parses us.
 */
#include "ca/signer_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "ca/reply.h"
#include "ca/log.h"
#include "core/base/waiting.h"
#include "core/config/ca_files.h"

#define ASK_WAIT apr_time_from_sec(30)
#define BACK_OFF_FIRST apr_time_from_sec(1)
#define BACK_OFF_MOST apr_time_from_sec(60)
#define STEADY apr_time_from_sec(300) /* a signer that has lived so long did not die of its start */
#define LOST_AFTER apr_time_from_sec(5)
#define BEGINS_WITHIN apr_time_from_sec(60) /* one that has not by then waits for the operator, or for its token */
#define REAP_PAUSE apr_time_from_msec(5)
#define REAP_ROUNDS 400

typedef enum state_t { DEAD, STARTING, READY } state_t;

struct anshin_signer_client_t {
    const anshin_signer_client_settings_t *settings;
    int can_restart;
    atomic_int issuing;       /* threads that issue, or wait to */
    anshin_monitor_t monitor; /* over all below, and over the conversation */
    state_t state;
    pid_t pid;
    int fd; /* -1 when dead */
    apr_uint32_t next_id;
    apr_time_t started_at; /* by the uptime, as all that is waited for here */
    apr_time_t restart_at; /* when dead */
    apr_interval_time_t back_off;
    anshin_reply_ca_t *cas;           /* as many as the settings have, once it was ready */
    char apple[ANSHIN_REPLY_WHY + 1]; /* why no Apple profiles can be signed, the same */
    anshin_wire_t wire;
};

/* --- the process ------------------------------------------------------------------------------------------------ */

static const char **arguments(const anshin_signer_client_settings_t *settings, apr_pool_t *pool)
{
    const char **argv = apr_pcalloc(pool, (apr_size_t)(11 + 2 * settings->cas->nelts) * sizeof(*argv));
    int argc = 0;

    argv[argc++] = settings->program;
    if (settings->for_reader) {
        argv[argc++] = "-p";
    }
    if (settings->user != NULL) {
        argv[argc++] = "-u";
        argv[argc++] = settings->user;
    }
    if (settings->passphrase != NULL) {
        argv[argc++] = "-s";
        argv[argc++] = settings->passphrase;
    }
    if (settings->apple != NULL) {
        argv[argc++] = "-a";
        argv[argc++] = settings->apple;
        argv[argc++] = "-k";
        argv[argc++] = settings->apple_key;
    }
    for (int i = 0; i < settings->cas->nelts; i++) {
        argv[argc++] = APR_ARRAY_IDX(settings->cas, i, anshin_ca_files_t).certificate;
        argv[argc++] = APR_ARRAY_IDX(settings->cas, i, anshin_ca_files_t).key;
    }
    return argv;
}

/* 0, or an errno. */
static int spawn(const anshin_signer_client_settings_t *settings, int socket_end, pid_t *pid, apr_pool_t *pool)
{
    char *const environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    const char **argv = arguments(settings, pool);
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0) {
        return rc;
    }
    rc = posix_spawn_file_actions_adddup2(&actions, socket_end, STDIN_FILENO);
    rc = rc != 0 ? rc : posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    rc = rc != 0 ? rc : posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    rc = rc != 0 ? rc
                 : posix_spawn(pid, settings->program, &actions, NULL, (char *const *)(apr_uintptr_t)argv, environment);
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

static apr_status_t say_hello(anshin_signer_client_t *signer_client)
{
    anshin_wire_begin(&signer_client->wire, ANSHIN_WIRE_HELLO, signer_client->next_id);
    (void)anshin_wire_put_number(&signer_client->wire, ANSHIN_WIRE_VERSION);
    return anshin_wire_send(signer_client->fd, &signer_client->wire, 0);
}

static apr_status_t start(anshin_signer_client_t *signer_client, anshin_error_t *err)
{
    apr_pool_t *scratch;
    int ends[2];
    int rc;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0750", "signer: no socket pair: %s", strerror(errno));
    }
    apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
    rc = spawn(signer_client->settings, ends[1], &signer_client->pid, scratch);
    apr_pool_destroy(scratch);
    (void)close(ends[1]);
    if (rc != 0) {
        (void)close(ends[0]);
        return anshin_fail(err, ANSHIN_EFAULT, "AN0751", "signer: %s: %s", signer_client->settings->program,
                           strerror(rc));
    }
    signer_client->fd = ends[0];
    signer_client->state = STARTING;
    signer_client->started_at = anshin_uptime_now();
    (void)say_hello(signer_client); /* a signer that is dead already shows on the socket */
    return APR_SUCCESS;
}

/* It ends by itself when the socket closes; only one that hangs needs more. It may be another user's and out of
 * reach of our signals, so there is an end to waiting: then init reaps it after us. */
static int reap(pid_t pid)
{
    int status = 0;

    for (int i = 0; i < REAP_ROUNDS; i++) {
        if (waitpid(pid, &status, WNOHANG) != 0) {
            break;
        }
        if (i == REAP_ROUNDS / 2) {
            (void)kill(pid, SIGKILL);
        }
        apr_sleep(REAP_PAUSE);
    }
    return status;
}

/* With the lock held. */
static void bury(anshin_signer_client_t *signer_client)
{
    int status;

    if (signer_client->state == DEAD) {
        return;
    }
    (void)close(signer_client->fd);
    status = reap(signer_client->pid);
    if (anshin_uptime_now() - signer_client->started_at > STEADY) {
        signer_client->back_off = BACK_OFF_FIRST;
    }
    signer_client->state = DEAD;
    signer_client->fd = -1;
    signer_client->restart_at =
        anshin_uptime_now() + (signer_client->can_restart ? signer_client->back_off : LOST_AFTER);
    signer_client->back_off = signer_client->back_off * 2 < BACK_OFF_MOST ? signer_client->back_off * 2 : BACK_OFF_MOST;
    anshin_log(ANSHIN_LOG_ERROR, "AN0752", "the signer has ended (%s %d); no certificates are made until it is back",
               WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static anshin_bytes_t copy(const anshin_bytes_t *bytes, apr_pool_t *pool)
{
    anshin_bytes_t copied = {apr_pmemdup(pool, bytes->data, bytes->length), bytes->length};

    return copied;
}

/* --- the conversation; all with the lock held ------------------------------------------------------------------- */

/* Receive the answer to the request just sent. APR_SUCCESS: it is of the type wanted, its head is read.
 * ANSHIN_EFAULT: the conversation has broken down, and the signer is to be buried. Others: a refusal. */
static apr_status_t receive(anshin_signer_client_t *signer_client, unsigned char wanted, apr_interval_time_t wait,
                            anshin_error_t *err, apr_pool_t *pool)
{
    unsigned char type;
    apr_uint32_t id;

    if (anshin_wire_receive(signer_client->fd, &signer_client->wire, wait) != APR_SUCCESS ||
        anshin_wire_get_head(&signer_client->wire, &type, &id) != APR_SUCCESS || id != signer_client->next_id) {
        return ANSHIN_EFAULT;
    }
    signer_client->next_id++;
    if (type == ANSHIN_WIRE_REFUSED) {
        return anshin_reply_refused(&signer_client->wire, err, pool);
    }
    return type == wanted ? APR_SUCCESS : ANSHIN_EFAULT;
}

static apr_status_t read_welcome(anshin_signer_client_t *signer_client, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = receive(signer_client, ANSHIN_WIRE_WELCOME, 0, err, pool);

    if (status == APR_SUCCESS) {
        status = anshin_reply_welcome(&signer_client->wire, signer_client->cas, signer_client->settings->cas->nelts,
                                      signer_client->apple, pool);
    }
    signer_client->state = status == APR_SUCCESS ? READY : signer_client->state;
    return status;
}

static apr_status_t not_ready(anshin_error_t *err)
{
    return anshin_fail(err, ANSHIN_EBUSY, "AN0755", "the signer is not ready");
}

/* With the lock held. */
static apr_status_t ask_once(anshin_signer_client_t *signer_client, const anshin_signer_ask_t *ask, anshin_error_t *err,
                             apr_pool_t *pool)
{
    anshin_wire_t *wire = &signer_client->wire;
    apr_status_t status;

    if (signer_client->state != READY) {
        return not_ready(err);
    }
    anshin_wire_begin(wire, ask->type, signer_client->next_id);
    if (ask->write(ask->baton, wire) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0754", "signer: an order is too long for a message");
    }
    status = anshin_wire_send(signer_client->fd, wire, ASK_WAIT);
    status = status == APR_SUCCESS ? receive(signer_client, ask->reply, ASK_WAIT, err, pool) : ANSHIN_EFAULT;
    if (status == APR_SUCCESS) {
        status = ask->read(ask->baton, wire);
    }
    if (status == ANSHIN_EFAULT) {
        bury(signer_client);
        return anshin_fail(err, ANSHIN_EBUSY, "AN0756", "the signer gave a wrong reply");
    }
    return status;
}

apr_status_t anshin_signer_client_ask(anshin_signer_client_t *signer_client, const anshin_signer_ask_t *ask,
                                      anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status;

    anshin_monitor_enter(&signer_client->monitor);
    status = ask_once(signer_client, ask, err, pool);
    anshin_monitor_leave(&signer_client->monitor);
    return status;
}

apr_status_t anshin_signer_client_ask_behind(anshin_signer_client_t *signer_client, const anshin_signer_ask_t *ask,
                                             apr_time_t until, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status;

    anshin_monitor_enter(&signer_client->monitor);
    while (atomic_load(&signer_client->issuing) > 0 && anshin_uptime_now() < until) {
        anshin_monitor_wait(&signer_client->monitor, until);
    }
    status = anshin_uptime_now() < until ? ask_once(signer_client, ask, err, pool)
                                         : anshin_fail(err, ANSHIN_EBUSY, "AN1215", "the signer has no time");
    anshin_monitor_leave(&signer_client->monitor);
    return status;
}

/* --- its CAs ---------------------------------------------------------------------------------------------------- */

apr_status_t anshin_signer_client_ca(anshin_signer_client_t *signer_client, const char *name, anshin_reply_ca_t *ca,
                                     anshin_error_t *err)
{
    const apr_array_header_t *cas = signer_client->settings->cas;

    ca->id[0] = '\0';
    anshin_monitor_enter(&signer_client->monitor);
    for (int i = 0; signer_client->state == READY && i < cas->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(cas, i, anshin_ca_files_t).name, name) == 0) {
            *ca = signer_client->cas[i];
        }
    }
    anshin_monitor_leave(&signer_client->monitor);
    return ca->id[0] != '\0' ? APR_SUCCESS
                             : anshin_fail(err, ANSHIN_EBUSY, "AN1234", "the signer has not opened the CA %s", name);
}

/* With the lock held. It ends when it can open no CA at all, and sits still when its token has refused the PIN. */
static int is_away(const anshin_signer_client_t *signer_client)
{
    return signer_client->state == DEAD ||
           (signer_client->state == STARTING && anshin_uptime_now() - signer_client->started_at > BEGINS_WITHIN);
}

apr_status_t anshin_signer_client_unusable(anshin_signer_client_t *signer_client, const char *name, const char **why,
                                           apr_pool_t *pool)
{
    const apr_array_header_t *cas = signer_client->settings->cas;
    apr_status_t status = ANSHIN_EBUSY;

    *why = "";
    anshin_monitor_enter(&signer_client->monitor);
    if (signer_client->state == READY) {
        status = APR_SUCCESS;
        *why = name == NULL ? apr_pstrdup(pool, signer_client->apple) : "";
        for (int i = 0; name != NULL && i < cas->nelts; i++) {
            if (strcmp(APR_ARRAY_IDX(cas, i, anshin_ca_files_t).name, name) == 0) {
                *why = apr_pstrdup(pool, signer_client->cas[i].why);
            }
        }
    } else if (name != NULL && is_away(signer_client)) {
        status = APR_SUCCESS;
        *why = "the signer has ended, or does not begin; its last words are in the error log";
    }
    anshin_monitor_leave(&signer_client->monitor);
    return status;
}

apr_status_t anshin_signer_client_issuer(anshin_signer_client_t *signer_client, const anshin_ocsp_request_t *request,
                                         const char **name, anshin_reply_ca_t *ca, anshin_error_t *err)
{
    const apr_array_header_t *cas = signer_client->settings->cas;
    apr_status_t status = ANSHIN_ENOTFOUND;

    anshin_monitor_enter(&signer_client->monitor);
    if (signer_client->state != READY) {
        status = not_ready(err);
    }
    for (int i = 0; status == ANSHIN_ENOTFOUND && i < cas->nelts; i++) {
        if (strcmp(signer_client->cas[i].issuers[request->sha256 != 0], request->issuer) == 0) {
            *ca = signer_client->cas[i];
            *name = APR_ARRAY_IDX(cas, i, anshin_ca_files_t).name;
            status = APR_SUCCESS;
        }
    }
    anshin_monitor_leave(&signer_client->monitor);
    return status;
}

/* --- issuing ---------------------------------------------------------------------------------------------------- */

typedef struct issuing_t {
    const char *ca; /* id */
    const anshin_issue_order_t *order;
    const anshin_bytes_t *spki;
    anshin_signer_client_issued_t *issued;
    apr_pool_t *pool;
} issuing_t;

static apr_status_t write_issue(void *baton, anshin_wire_t *wire)
{
    const issuing_t *issuing = baton;
    const anshin_issue_order_t *order = issuing->order;
    unsigned char serial[ANSHIN_WIRE_SERIAL_MAX];
    apr_size_t length = anshin_wire_serial(serial, order->serial);

    return length > 0 && anshin_wire_put_text(wire, issuing->ca) == APR_SUCCESS &&
                   anshin_wire_put_string(wire, issuing->spki->data, issuing->spki->length) == APR_SUCCESS &&
                   anshin_wire_put_string(wire, serial, length) == APR_SUCCESS &&
                   anshin_wire_put_text(wire, order->name) == APR_SUCCESS &&
                   anshin_wire_put_text(wire, order->organization) == APR_SUCCESS &&
                   anshin_wire_put_text(wire, order->unit) == APR_SUCCESS &&
                   anshin_wire_put_text(wire, order->mail) == APR_SUCCESS &&
                   anshin_wire_put_number(wire, (apr_uint64_t)order->uses) == APR_SUCCESS &&
                   anshin_wire_put_number(wire, (apr_uint64_t)apr_time_sec(order->lifetime)) == APR_SUCCESS &&
                   anshin_wire_put_text(wire, order->crl_url) == APR_SUCCESS &&
                   anshin_wire_put_text(wire, order->ocsp_url) == APR_SUCCESS
               ? APR_SUCCESS
               : ANSHIN_EINVALID;
}

static apr_status_t read_issued(void *baton, anshin_wire_t *wire)
{
    const issuing_t *issuing = baton;
    anshin_signer_client_issued_t *issued = issuing->issued;
    anshin_reply_issued_t answer;
    apr_status_t status = anshin_reply_issued(wire, &answer, issuing->pool);

    if (status == APR_SUCCESS) {
        issued->certificate = copy(&answer.certificate, issuing->pool);
        issued->ca = copy(&answer.ca, issuing->pool);
        issued->fingerprint = answer.fingerprint;
        issued->not_before = answer.not_before;
        issued->not_after = answer.not_after;
    }
    return status;
}

apr_status_t anshin_signer_client_issue(anshin_signer_client_t *signer_client, const anshin_issue_order_t *order,
                                        const anshin_bytes_t *spki, anshin_signer_client_issued_t *issued,
                                        anshin_error_t *err, apr_pool_t *pool)
{
    anshin_reply_ca_t ca;
    issuing_t issuing = {ca.id, order, spki, issued, pool};
    const anshin_signer_ask_t ask = {ANSHIN_WIRE_ISSUE, ANSHIN_WIRE_ISSUED, write_issue, read_issued, &issuing};
    apr_status_t status;

    atomic_fetch_add(&signer_client->issuing, 1);
    status = anshin_signer_client_ca(signer_client, order->ca, &ca, err);
    issued->ca_id = apr_pstrdup(pool, ca.id);
    issued->ca_end = ca.end;
    anshin_monitor_enter(&signer_client->monitor);
    status = status == APR_SUCCESS ? ask_once(signer_client, &ask, err, pool) : status;
    atomic_fetch_sub(&signer_client->issuing, 1);
    anshin_monitor_tell(&signer_client->monitor);
    anshin_monitor_leave(&signer_client->monitor);
    return status;
}

/* --- waiting ---------------------------------------------------------------------------------------------------- */

/* With the lock held. */
static int is_buried(const anshin_signer_client_t *signer_client)
{
    return signer_client->state == DEAD && !signer_client->can_restart;
}

apr_status_t anshin_signer_client_wait(anshin_signer_client_t *signer_client, apr_interval_time_t wait,
                                       anshin_error_t *err)
{
    apr_time_t until = anshin_uptime_now() + wait;
    int ready;

    anshin_monitor_enter(&signer_client->monitor);
    while (signer_client->state != READY && anshin_uptime_now() < until) {
        /* A worker that ends for want of a signer waits for its threads. */
        until = is_buried(signer_client) && signer_client->restart_at < until ? signer_client->restart_at : until;
        anshin_monitor_wait(&signer_client->monitor, until);
    }
    ready = signer_client->state == READY;
    anshin_monitor_leave(&signer_client->monitor);
    return ready ? APR_SUCCESS : anshin_fail(err, ANSHIN_EBUSY, "AN0757", "the signer is not there");
}

/* --- watching --------------------------------------------------------------------------------------------------- */

void anshin_signer_client_watch(anshin_signer_client_t *signer_client, int *fd, short *events, apr_time_t *again)
{
    anshin_monitor_enter(&signer_client->monitor);
    *fd = signer_client->fd;
    *events = signer_client->state == STARTING ? POLLIN
                                               : 0; /* answers belong to the threads; that it hangs up always shows */
    *again = signer_client->state == DEAD ? signer_client->restart_at : 0;
    anshin_monitor_leave(&signer_client->monitor);
}

static short look(int fd)
{
    struct pollfd at = {.fd = fd, .events = POLLIN};

    return poll(&at, 1, 0) > 0 ? at.revents : 0;
}

static void tend_living(anshin_signer_client_t *signer_client)
{
    anshin_error_t err;
    apr_pool_t *scratch;
    short seen = look(signer_client->fd);

    if (signer_client->state == STARTING && (seen & POLLIN) != 0) {
        anshin_error_clear(&err);
        apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
        if (read_welcome(signer_client, &err, scratch) != APR_SUCCESS) {
            anshin_log_cause(ANSHIN_LOG_ERROR, "AN0758", "the signer's first message is wrong", ANSHIN_EFAULT, &err);
            bury(signer_client);
        }
        apr_pool_destroy(scratch);
    } else if ((seen & (POLLHUP | POLLERR)) != 0) {
        bury(signer_client);
    }
}

void anshin_signer_client_tend(anshin_signer_client_t *signer_client)
{
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    anshin_monitor_enter(&signer_client->monitor);
    if (signer_client->state != DEAD) {
        tend_living(signer_client);
    } else if (signer_client->can_restart && signer_client->restart_at <= anshin_uptime_now()) {
        status = start(signer_client, &err);
        if (status != APR_SUCCESS) {
            anshin_log_cause(ANSHIN_LOG_ERROR, "AN0759", "the signer cannot be started", status, &err);
            signer_client->restart_at = anshin_uptime_now() + BACK_OFF_MOST;
        }
    }
    anshin_monitor_tell(&signer_client->monitor);
    anshin_monitor_leave(&signer_client->monitor);
}

int anshin_signer_client_is_lost(anshin_signer_client_t *signer_client)
{
    int lost;

    anshin_monitor_enter(&signer_client->monitor);
    lost = is_buried(signer_client) && signer_client->restart_at <= anshin_uptime_now();
    anshin_monitor_leave(&signer_client->monitor);
    return lost;
}

/* --- life ------------------------------------------------------------------------------------------------------- */

static apr_status_t end(void *data)
{
    anshin_signer_client_t *signer_client = data;

    if (signer_client->state != DEAD) {
        (void)close(signer_client->fd);
        (void)reap(signer_client->pid);
        signer_client->state = DEAD;
    }
    return APR_SUCCESS;
}

apr_status_t anshin_signer_client_start(anshin_signer_client_t **signer_client,
                                        const anshin_signer_client_settings_t *settings, anshin_error_t *err,
                                        apr_pool_t *pool)
{
    anshin_signer_client_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t status;

    made->settings = settings;
    made->cas = apr_pcalloc(pool, (apr_size_t)settings->cas->nelts * sizeof(*made->cas));
    made->can_restart = settings->user == NULL;
    made->fd = -1;
    made->back_off = BACK_OFF_FIRST;
    anshin_monitor_init(&made->monitor);
    status = start(made, err);
    if (status != APR_SUCCESS) {
        return status;
    }
    apr_pool_cleanup_register(pool, made, end, apr_pool_cleanup_null);
    *signer_client = made;
    return APR_SUCCESS;
}
