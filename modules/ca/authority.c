/*
 * The signer as the worker sees it: see authority.h.
 *
 * SECURITY: the signer is a program of its own (fork and exec) with an empty environment and one socket; what it
 * answers is parsed as strictly as it parses us.
 */
#include "ca/authority.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

#include "ca/answer.h"
#include "ca/log.h"

#define ASK_WAIT apr_time_from_sec(30)
#define BACK_OFF_FIRST apr_time_from_sec(1)
#define BACK_OFF_MOST apr_time_from_sec(60)
#define STEADY apr_time_from_sec(300) /* a signer that has lived so long did not die of its start */
#define LOST_AFTER apr_time_from_sec(5)
#define REAP_PAUSE apr_time_from_msec(5)
#define REAP_ROUNDS 400
#define SERIAL_MAX 20

typedef enum state_t { DEAD, STARTING, READY } state_t;

struct anshin_authority_t {
    const anshin_authority_settings_t *settings;
    int can_restart;
    apr_thread_mutex_t *lock; /* over all below, and over the conversation */
    apr_thread_cond_t *changed;
    state_t state;
    pid_t pid;
    int fd; /* -1 when dead */
    apr_uint32_t next_id;
    apr_time_t started_at;
    apr_time_t restart_at; /* when dead */
    apr_interval_time_t back_off;
    anshin_bytes_t ca;
    anshin_wire_t wire;
    unsigned char ca_octets[ANSHIN_ANSWER_CERTIFICATE_MAX];
};

/* --- the process ------------------------------------------------------------------------------------------------ */

/* 0, or an errno. */
static int spawn(const anshin_authority_settings_t *settings, int socket_end, pid_t *pid)
{
    char *const environment[] = {NULL};
    const char *argv[8];
    posix_spawn_file_actions_t actions;
    int argc = 0;
    int rc = posix_spawn_file_actions_init(&actions);

    argv[argc++] = settings->program;
    if (settings->user != NULL) {
        argv[argc++] = "-u";
        argv[argc++] = settings->user;
    }
    argv[argc++] = settings->certificate;
    argv[argc++] = settings->key;
    argv[argc++] = settings->passphrase;
    argv[argc] = NULL;
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

static apr_status_t say_hello(anshin_authority_t *authority)
{
    anshin_wire_begin(&authority->wire, ANSHIN_WIRE_HELLO, authority->next_id);
    (void)anshin_wire_put_number(&authority->wire, ANSHIN_WIRE_VERSION);
    return anshin_wire_send(authority->fd, &authority->wire, 0);
}

static apr_status_t start(anshin_authority_t *authority, anshin_error_t *err)
{
    int ends[2];
    int rc;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0750", "signer: no socket pair: %s", strerror(errno));
    }
    rc = spawn(authority->settings, ends[1], &authority->pid);
    (void)close(ends[1]);
    if (rc != 0) {
        (void)close(ends[0]);
        return anshin_fail(err, ANSHIN_EFAULT, "AN0751", "signer: %s: %s", authority->settings->program, strerror(rc));
    }
    authority->fd = ends[0];
    authority->state = STARTING;
    authority->started_at = apr_time_now();
    (void)say_hello(authority); /* a signer that is dead already shows on the socket */
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
static void bury(anshin_authority_t *authority)
{
    int status;

    if (authority->state == DEAD) {
        return;
    }
    (void)close(authority->fd);
    status = reap(authority->pid);
    if (apr_time_now() - authority->started_at > STEADY) {
        authority->back_off = BACK_OFF_FIRST;
    }
    authority->state = DEAD;
    authority->fd = -1;
    authority->restart_at = apr_time_now() + (authority->can_restart ? authority->back_off : LOST_AFTER);
    authority->back_off = authority->back_off * 2 < BACK_OFF_MOST ? authority->back_off * 2 : BACK_OFF_MOST;
    anshin_log(ANSHIN_LOG_ERROR, "AN0752", "the signer has ended (%s %d); no certificates are made until it is back",
               WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* --- the conversation; all with the lock held ------------------------------------------------------------------- */

/* Receive the answer to the request just sent. APR_SUCCESS: it is of the type wanted, its head is read.
 * ANSHIN_EFAULT: the conversation has broken down, and the signer is to be buried. Others: a refusal. */
static apr_status_t receive(anshin_authority_t *authority, unsigned char wanted, apr_interval_time_t wait,
                            anshin_error_t *err, apr_pool_t *pool)
{
    unsigned char type;
    apr_uint32_t id;

    if (anshin_wire_receive(authority->fd, &authority->wire, wait) != APR_SUCCESS ||
        anshin_wire_get_head(&authority->wire, &type, &id) != APR_SUCCESS || id != authority->next_id) {
        return ANSHIN_EFAULT;
    }
    authority->next_id++;
    if (type == ANSHIN_WIRE_REFUSED) {
        return anshin_answer_refused(&authority->wire, err, pool);
    }
    return type == wanted ? APR_SUCCESS : ANSHIN_EFAULT;
}

static apr_status_t read_welcome(anshin_authority_t *authority, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_bytes_t certificate;
    apr_status_t status = receive(authority, ANSHIN_WIRE_WELCOME, 0, err, pool);

    if (status == APR_SUCCESS) {
        status = anshin_answer_welcome(&authority->wire, &certificate);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    memcpy(authority->ca_octets, certificate.data, certificate.length);
    authority->ca.data = authority->ca_octets;
    authority->ca.length = certificate.length;
    authority->state = READY;
    return APR_SUCCESS;
}

/* A serial is hexadecimal in the store and octets in a certificate. 0: it is none. */
static apr_size_t serial_octets(unsigned char octets[SERIAL_MAX], const char *hex)
{
    static const char digits[] = "0123456789abcdef";
    apr_size_t length = strlen(hex);

    if (length == 0 || length % 2 != 0 || length > (apr_size_t)SERIAL_MAX * 2 || strspn(hex, digits) != length) {
        return 0;
    }
    for (apr_size_t i = 0; i < length; i += 2) {
        octets[i / 2] = (unsigned char)((strchr(digits, hex[i]) - digits) << 4 | (strchr(digits, hex[i + 1]) - digits));
    }
    return length / 2;
}

static apr_status_t write_issue(anshin_authority_t *authority, const anshin_issue_order_t *order,
                                const anshin_bytes_t *spki, anshin_error_t *err)
{
    anshin_wire_t *wire = &authority->wire;
    unsigned char serial[SERIAL_MAX];
    apr_size_t length = serial_octets(serial, order->serial);

    anshin_wire_begin(wire, ANSHIN_WIRE_ISSUE, authority->next_id);
    if (length == 0 || anshin_wire_put_string(wire, spki->data, spki->length) != APR_SUCCESS ||
        anshin_wire_put_string(wire, serial, length) != APR_SUCCESS ||
        anshin_wire_put_text(wire, order->name) != APR_SUCCESS ||
        anshin_wire_put_text(wire, order->organization) != APR_SUCCESS ||
        anshin_wire_put_number(wire, (apr_uint64_t)apr_time_sec(order->lifetime)) != APR_SUCCESS ||
        anshin_wire_put_text(wire, order->crl_url) != APR_SUCCESS ||
        anshin_wire_put_text(wire, order->ocsp_url) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0754", "signer: an order that cannot be put into words");
    }
    return APR_SUCCESS;
}

static anshin_bytes_t copy(const anshin_bytes_t *bytes, apr_pool_t *pool)
{
    anshin_bytes_t copied = {apr_pmemdup(pool, bytes->data, bytes->length), bytes->length};

    return copied;
}

static apr_status_t read_issued(anshin_authority_t *authority, anshin_authority_issued_t *issued, apr_pool_t *pool)
{
    anshin_answer_issued_t answer;
    apr_status_t status = anshin_answer_issued(&authority->wire, &answer, pool);

    if (status == APR_SUCCESS) {
        issued->certificate = copy(&answer.certificate, pool);
        issued->ca = copy(&authority->ca, pool);
        issued->fingerprint = answer.fingerprint;
        issued->not_before = answer.not_before;
        issued->not_after = answer.not_after;
    }
    return status;
}

static apr_status_t ask_issue(anshin_authority_t *authority, const anshin_issue_order_t *order,
                              const anshin_bytes_t *spki, anshin_authority_issued_t *issued, anshin_error_t *err,
                              apr_pool_t *pool)
{
    apr_status_t status;

    if (authority->state != READY) {
        return anshin_fail(err, ANSHIN_EBUSY, "AN0755", "the signer is not ready");
    }
    status = write_issue(authority, order, spki, err);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_wire_send(authority->fd, &authority->wire, ASK_WAIT);
    status = status == APR_SUCCESS ? receive(authority, ANSHIN_WIRE_ISSUED, ASK_WAIT, err, pool) : ANSHIN_EFAULT;
    if (status == APR_SUCCESS) {
        status = read_issued(authority, issued, pool);
    }
    if (status == ANSHIN_EFAULT) {
        bury(authority);
        return anshin_fail(err, ANSHIN_EBUSY, "AN0756", "the signer did not answer as it should");
    }
    return status;
}

apr_status_t anshin_authority_issue(anshin_authority_t *authority, const anshin_issue_order_t *order,
                                    const anshin_bytes_t *spki, anshin_authority_issued_t *issued, anshin_error_t *err,
                                    apr_pool_t *pool)
{
    apr_status_t status;

    apr_thread_mutex_lock(authority->lock);
    status = ask_issue(authority, order, spki, issued, err, pool);
    apr_thread_mutex_unlock(authority->lock);
    return status;
}

apr_status_t anshin_authority_wait(anshin_authority_t *authority, apr_interval_time_t wait, anshin_error_t *err)
{
    apr_time_t until = apr_time_now() + wait;
    int ready;

    apr_thread_mutex_lock(authority->lock);
    while (authority->state != READY && apr_time_now() < until) {
        (void)apr_thread_cond_timedwait(authority->changed, authority->lock, until - apr_time_now());
    }
    ready = authority->state == READY;
    apr_thread_mutex_unlock(authority->lock);
    return ready ? APR_SUCCESS : anshin_fail(err, ANSHIN_EBUSY, "AN0757", "the signer is not there");
}

/* --- watching --------------------------------------------------------------------------------------------------- */

void anshin_authority_watch(anshin_authority_t *authority, int *fd, short *events, apr_time_t *again)
{
    apr_thread_mutex_lock(authority->lock);
    *fd = authority->fd;
    *events =
        authority->state == STARTING ? POLLIN : 0; /* answers belong to the threads; that it hangs up always shows */
    *again = authority->state == DEAD ? authority->restart_at : 0;
    apr_thread_mutex_unlock(authority->lock);
}

static short look(int fd)
{
    struct pollfd at = {.fd = fd, .events = POLLIN};

    return poll(&at, 1, 0) > 0 ? at.revents : 0;
}

static void tend_living(anshin_authority_t *authority)
{
    anshin_error_t err;
    apr_pool_t *scratch;
    short seen = look(authority->fd);

    if (authority->state == STARTING && (seen & POLLIN) != 0) {
        anshin_error_clear(&err);
        apr_pool_create_unmanaged_ex(&scratch, NULL, NULL);
        if (read_welcome(authority, &err, scratch) != APR_SUCCESS) {
            anshin_log_cause(ANSHIN_LOG_ERROR, "AN0758", "the signer does not welcome us", ANSHIN_EFAULT, &err);
            bury(authority);
        }
        apr_pool_destroy(scratch);
    } else if ((seen & (POLLHUP | POLLERR)) != 0) {
        bury(authority);
    }
}

void anshin_authority_tend(anshin_authority_t *authority)
{
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    apr_thread_mutex_lock(authority->lock);
    if (authority->state != DEAD) {
        tend_living(authority);
    } else if (authority->can_restart && authority->restart_at <= apr_time_now()) {
        status = start(authority, &err);
        if (status != APR_SUCCESS) {
            anshin_log_cause(ANSHIN_LOG_ERROR, "AN0759", "the signer cannot be started", status, &err);
            authority->restart_at = apr_time_now() + BACK_OFF_MOST;
        }
    }
    apr_thread_cond_broadcast(authority->changed);
    apr_thread_mutex_unlock(authority->lock);
}

int anshin_authority_is_lost(anshin_authority_t *authority)
{
    int lost;

    apr_thread_mutex_lock(authority->lock);
    lost = authority->state == DEAD && !authority->can_restart && authority->restart_at <= apr_time_now();
    apr_thread_mutex_unlock(authority->lock);
    return lost;
}

/* --- life ------------------------------------------------------------------------------------------------------- */

static apr_status_t end(void *data)
{
    anshin_authority_t *authority = data;

    if (authority->state != DEAD) {
        (void)close(authority->fd);
        (void)reap(authority->pid);
        authority->state = DEAD;
    }
    return APR_SUCCESS;
}

apr_status_t anshin_authority_start(anshin_authority_t **authority, const anshin_authority_settings_t *settings,
                                    anshin_error_t *err, apr_pool_t *pool)
{
    anshin_authority_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t status;

    made->settings = settings;
    made->can_restart = settings->user == NULL;
    made->fd = -1;
    made->back_off = BACK_OFF_FIRST;
    if (apr_thread_mutex_create(&made->lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS ||
        apr_thread_cond_create(&made->changed, pool) != APR_SUCCESS) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0749", "signer: no lock");
    }
    status = start(made, err);
    if (status != APR_SUCCESS) {
        return status;
    }
    apr_pool_cleanup_register(pool, made, end, apr_pool_cleanup_null);
    *authority = made;
    return APR_SUCCESS;
}
