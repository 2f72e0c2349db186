/*
 * anshin-signer: holds the CA's key and makes certificates of it, for the worker alone (CRT-7).
 *
 *   anshin-signer [-u USER] CERTIFICATE KEY [PASSPHRASE_PROGRAM]
 *
 * Started by anshin-ca with a socket as its standard input; it ends when that closes. Logs go to standard error.
 *
 * SECURITY: has no network and no store, and takes the requests of one short table (signer_request.c). Started by
 * root it becomes USER before it opens a file. The state directory is closed to that user, so the key's own
 * directory becomes the working directory first: what is opened in it is opened with the rights of USER, to whom
 * the key belongs. Once it has the key it shuts itself in: no file and no socket can be opened any more.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ca/log.h"
#include "ca/process.h"
#include "ca/signer_request.h"
#include "runtime/privilege.h"

#define SEND_WAIT apr_time_from_sec(30)

typedef struct arguments_t {
    const char *user; /* NULL: stay who we are */
    const char *certificate;
    const char *key;
    const char *passphrase; /* NULL: none */
} arguments_t;

static int read_arguments(arguments_t *arguments, int argc, char **argv)
{
    int at = 1;

    memset(arguments, 0, sizeof(*arguments));
    if (argc > 2 && strcmp(argv[1], "-u") == 0) {
        arguments->user = argv[2];
        at = 3;
    }
    if (argc - at < 2 || argc - at > 3 || argv[at][0] != '/' || argv[at + 1][0] != '/') {
        return 0;
    }
    arguments->certificate = argv[at];
    arguments->key = argv[at + 1];
    arguments->passphrase = argv[at + 2];
    return 1;
}

/* --- becoming what it is ---------------------------------------------------------------------------------------- */

/* Into the key's directory; both paths are then short ones where they can be. */
static apr_status_t enter_directory(arguments_t *arguments, anshin_error_t *err, apr_pool_t *pool)
{
    apr_size_t length = (apr_size_t)(strrchr(arguments->key, '/') - arguments->key) + 1;
    const char *directory = apr_pstrmemdup(pool, arguments->key, length);

    if (chdir(directory) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0720", "signer: %s: %s", directory, strerror(errno));
    }
    arguments->key += length;
    if (strncmp(arguments->certificate, directory, length) == 0 &&
        strchr(arguments->certificate + length, '/') == NULL) {
        arguments->certificate += length;
    }
    return APR_SUCCESS;
}

static apr_status_t leave_root(const char *name, anshin_error_t *err)
{
    anshin_unix_user_t user;
    apr_status_t status;

    if (geteuid() != 0) {
        return APR_SUCCESS;
    }
    if (name == NULL) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0721", "signer: started by root without a user to become");
    }
    status = anshin_unix_user_find(&user, name, err);
    return status == APR_SUCCESS ? anshin_privilege_drop(&user, user.gid, 0, err) : status;
}

/* The worker decides when the signer ends, by closing the socket: it may need it for the job in hand. */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGPIPE};

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        (void)signal(ignored[i], SIG_IGN);
    }
}

static apr_status_t prepare(arguments_t *arguments, anshin_ca_t **ca, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = enter_directory(arguments, err, pool);

    if (status == APR_SUCCESS) {
        status = leave_root(arguments->user, err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_process_hide(err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_ca_open(ca, arguments->certificate, arguments->key, arguments->passphrase, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = anshin_process_confine(err);
    }
    if (status == APR_SUCCESS) {
        tzset(); /* the log's time of day: the last file that is needed */
        status = anshin_process_enclose(err);
    }
    return status;
}

/* --- serving ---------------------------------------------------------------------------------------------------- */

/* One request. APR_EOF: the worker has gone. */
static apr_status_t serve_one(const anshin_ca_t *ca, anshin_wire_t *request, anshin_wire_t *answer, apr_pool_t *pool)
{
    anshin_error_t err;
    apr_status_t status = anshin_wire_receive(STDIN_FILENO, request, -1);

    anshin_error_clear(&err);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = anshin_signer_answer(answer, request, ca, apr_time_now(), &err, pool);
    if (status != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_WARNING, "AN0722", "request refused", status, &err);
    }
    return anshin_wire_send(STDIN_FILENO, answer, SEND_WAIT);
}

static apr_status_t serve(const anshin_ca_t *ca, apr_pool_t *pool)
{
    anshin_wire_t *request = apr_palloc(pool, sizeof(*request));
    anshin_wire_t *answer = apr_palloc(pool, sizeof(*answer));
    apr_pool_t *scratch;
    apr_status_t status;

    apr_pool_create(&scratch, pool);
    do {
        apr_pool_clear(scratch);
        status = serve_one(ca, request, answer, scratch);
    } while (status == APR_SUCCESS);
    return status;
}

int main(int argc, char **argv)
{
    arguments_t arguments;
    anshin_error_t err;
    anshin_ca_t *ca = NULL;
    apr_pool_t *pool;
    apr_status_t status;

    anshin_process_close_inherited();
    ignore_signals();
    (void)umask(S_IRWXG | S_IRWXO);
    anshin_log_open("anshin-signer", ANSHIN_LOG_NOTICE);
    anshin_error_clear(&err);
    if (!read_arguments(&arguments, argc, argv) || apr_initialize() != APR_SUCCESS) {
        anshin_log(ANSHIN_LOG_ERROR, "AN0723",
                   "is started by anshin-ca, with [-u USER] CERTIFICATE KEY [PASSPHRASE_PROGRAM]");
        return 2;
    }
    apr_pool_create(&pool, NULL);
    status = prepare(&arguments, &ca, &err, pool);
    if (status != APR_SUCCESS) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN0724", "no certificates can be made", status, &err);
        apr_terminate();
        return 1;
    }
    status = serve(ca, pool);
    if (status != APR_EOF) {
        anshin_log_cause(ANSHIN_LOG_ERROR, "AN0725", "the worker cannot be understood", status, NULL);
    }
    apr_terminate(); /* wipes the key */
    return status == APR_EOF ? 0 : 1;
}
