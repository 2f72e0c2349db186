/*
 * Where a backup goes: see target.h.
 *
 * SECURITY. The child has the rights of the caller, and believes the command, which is the worker's user, nothing:
 * names are checked (source.h), and all is made below a directory that it has just made, or in one file.
 */
#include "htanshin/backup/target.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/backup/archive.h"
#include "htanshin/backup/folder.h"
#include "htanshin/backup/tree.h"
#include "runtime/io.h"
#include "runtime/privilege.h"

#define STEP 262144
#define PIPE_SIZE 1048576

struct anshin_target_t {
    anshin_call_t *call;
    int data;    /* the pipe, or the standard output */
    int control; /* -1: the standard output */
    pid_t child;
};

/* What the child works with. */
typedef struct place_t {
    int directory;    /* the one named, or that of the file */
    const char *name; /* of the file; NULL: a folder is made */
    const char *part; /* the file while it is written */
    int data, control;
    anshin_error_t err;
    apr_pool_t *pool;
} place_t;

/* --- the child ---------------------------------------------------------------------------------------------------- */

static apr_status_t write_file(place_t *place)
{
    char *step = apr_palloc(place->pool, STEP);
    int fd = openat(place->directory, place->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    apr_status_t status = fd >= 0 ? APR_SUCCESS : errno;
    ssize_t got = 1;

    while (status == APR_SUCCESS && got != 0) {
        got = read(place->data, step, STEP);
        status = got < 0 && errno != EINTR ? errno : got > 0 ? anshin_io_write(fd, step, (apr_size_t)got) : APR_SUCCESS;
    }
    if (status == APR_SUCCESS && fsync(fd) != 0) {
        status = errno;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return status == APR_SUCCESS ? status
                                 : anshin_fail(&place->err, ANSHIN_EFAULT, "AN1726", "backup: %s cannot be written: %s",
                                               place->name, strerror(status));
}

static apr_status_t keep_file(place_t *place)
{
    if (anshin_tree_rename(place->directory, place->part, place->name) != 0 || fsync(place->directory) != 0) {
        return anshin_fail(&place->err, ANSHIN_EFAULT, "AN1727", "backup: %s cannot be kept: %s", place->name,
                           strerror(errno));
    }
    return APR_SUCCESS;
}

static void drop_file(const place_t *place)
{
    (void)unlinkat(place->directory, place->part, 0);
}

/* As caller: write, wait for the word that it was all, keep it. */
static apr_status_t take(place_t *place)
{
    const char *folder = NULL;
    anshin_source_t *source;
    apr_status_t status;
    char word = 0;

    anshin_source_archive(&source, place->data, &place->err, place->pool);
    status = place->name != NULL ? write_file(place)
                                 : anshin_folder_write(place->directory, source, &folder, &place->err, place->pool);
    (void)close(place->data); /* who still writes learns that nobody reads */
    if (status == APR_SUCCESS && (read(place->control, &word, 1) != 1 || word != 'y')) {
        status = ANSHIN_EDENIED;
        if (folder != NULL) {
            anshin_folder_drop(place->directory, folder, place->pool);
        }
    }
    if (status == APR_SUCCESS) {
        status =
            folder != NULL ? anshin_folder_keep(place->directory, &folder, &place->err, place->pool) : keep_file(place);
    }
    if (status != APR_SUCCESS && place->name != NULL) {
        drop_file(place);
    }
    place->name = folder != NULL ? folder : place->name;
    return status;
}

/* Never returns. Its answer: "+NAME", or "-STATUS ID TEXT". */
static void be_child(place_t *place)
{
    char answer[512];
    sigset_t all;
    apr_status_t status;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, NULL); /* those of a terminal go to all of us */
    (void)umask(077);
    status = anshin_privilege_settle(&place->err);
    if (status == APR_SUCCESS) {
        status = take(place);
    }
    if (status == APR_SUCCESS) {
        (void)snprintf(answer, sizeof(answer), "+%s", place->name);
    } else { /* without a cause of its own where the command has ended it, which knows why */
        (void)snprintf(answer, sizeof(answer), "%c%s %s", status == ANSHIN_ECONFLICT ? '=' : '-',
                       place->err.id != NULL ? place->err.id : "", place->err.text);
    }
    (void)send(place->control, answer, strlen(answer), MSG_NOSIGNAL);
    _exit(0);
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static apr_status_t refuse(anshin_call_t *call, const char *where, const char *why)
{
    return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1728", "%s: %s", where, why);
}

static apr_status_t close_target(void *data)
{
    anshin_target_t *target = data;

    (void)anshin_target_end(target, ANSHIN_EFAULT, NULL);
    return APR_SUCCESS;
}

static apr_status_t no_child(anshin_call_t *call)
{
    return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1729", "backup: no process can be started: %s",
                       strerror(errno));
}

static apr_status_t start(anshin_target_t *target, place_t *place)
{
    int data[2], control[2];

    if (pipe2(data, O_CLOEXEC) != 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0) {
        return no_child(target->call);
    }
    (void)fcntl(data[1], F_SETPIPE_SZ, PIPE_SIZE);
    place->data = data[0];
    place->control = control[0];
    target->data = data[1];
    target->control = control[1];
    target->child = fork();
    if (target->child == 0) {
        (void)close(data[1]);
        (void)close(control[1]);
        be_child(place);
    }
    (void)close(data[0]);
    (void)close(control[0]);
    if (target->child < 0) {
        return no_child(target->call);
    }
    apr_pool_cleanup_register(target->call->pool, target, close_target, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

/* A directory that is there; else the one that the file is to be in. */
static apr_status_t find_place(anshin_call_t *call, const char *where, place_t *place)
{
    const char *slash = strrchr(where, '/');
    const char *above = slash == NULL ? "." : apr_pstrmemdup(call->pool, where, (apr_size_t)(slash - where) + 1);
    struct stat seen;

    place->pool = call->pool;
    place->directory = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->directory >= 0) {
        return APR_SUCCESS;
    }
    if (errno != ENOENT && errno != ENOTDIR) {
        return refuse(call, where, strerror(errno));
    }
    place->name = slash == NULL ? where : slash + 1;
    if (*place->name == '\0') {
        return refuse(call, where, "is no directory: make it, for root alone (mkdir -m 700)");
    }
    place->directory = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->directory < 0) {
        return refuse(call, above, strerror(errno));
    }
    place->part = apr_psprintf(call->pool, "%s.%ld" ANSHIN_FOLDER_PARTIAL, place->name, (long)getpid());
    return fstatat(place->directory, place->name, &seen, AT_SYMLINK_NOFOLLOW) == 0
               ? refuse(call, where, "is there already: give another name")
               : APR_SUCCESS;
}

apr_status_t anshin_target_begin(anshin_target_t **target, anshin_call_t *call, const char *where)
{
    place_t place = {.directory = -1};
    apr_status_t status;

    *target = apr_pcalloc(call->pool, sizeof(**target));
    (*target)->call = call;
    (*target)->control = -1;
    (*target)->data = STDOUT_FILENO;
    if (strcmp(where, "-") == 0) {
        return isatty(STDOUT_FILENO) ? refuse(call, where, "is a terminal: write it to a file, or into a pipe")
                                     : APR_SUCCESS;
    }
    status = find_place(call, where, &place);
    if (status == APR_SUCCESS) {
        status = start(*target, &place);
    }
    if (place.directory >= 0) {
        (void)close(place.directory);
    }
    return status;
}

int anshin_target_fd(const anshin_target_t *target)
{
    return target->data;
}

/* Of the child: its last word counts more than the broken pipe that came of it. */
static apr_status_t hear(const anshin_target_t *target, apr_status_t status, const char **what)
{
    anshin_error_t *err = &target->call->op.error;
    char answer[512];
    apr_size_t length = 0;
    char *text;

    if (anshin_io_read(target->control, answer, sizeof(answer) - 1, &length) != APR_SUCCESS || length < 2) {
        return status != APR_SUCCESS
                   ? status
                   : anshin_fail(err, ANSHIN_EFAULT, "AN1731", "backup: the process that writes it is gone");
    }
    answer[length] = '\0';
    text = apr_pstrdup(target->call->pool, answer + 1);
    if (answer[0] == '+') {
        *what = text;
        return status;
    }
    if (text[0] != ' ' && strchr(text, ' ') != NULL) {
        char *space = strchr(text, ' ');

        *space = '\0';
        anshin_error_clear(err);
        return anshin_fail(err, answer[0] == '=' ? ANSHIN_ECONFLICT : ANSHIN_EFAULT, text, "%s", space + 1);
    }
    return status;
}

apr_status_t anshin_target_end(anshin_target_t *target, apr_status_t status, const char **what)
{
    const char *name = NULL;

    if (target->control < 0) {
        return status;
    }
    (void)close(target->data);
    if (status == APR_SUCCESS) {
        (void)send(target->control, "y", 1, MSG_NOSIGNAL);
    }
    (void)shutdown(target->control, SHUT_WR);
    status = hear(target, status, &name);
    (void)close(target->control);
    target->control = -1;
    while (waitpid(target->child, NULL, 0) < 0 && errno == EINTR) {}
    apr_pool_cleanup_kill(target->call->pool, target, close_target);
    if (what != NULL) {
        *what = name;
    }
    return status;
}
