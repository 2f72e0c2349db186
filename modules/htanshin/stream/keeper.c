/*
 * A file that takes the place of another: see keeper.h.
 *
 * SECURITY. The child has the rights of the caller and knows two names in one directory, which it holds open; it reads
 * one octet of us, and opens nothing.
 */
#include "htanshin/stream/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "runtime/privilege.h"

#define MODE 0600

/* Whose both are. */
typedef struct place_t {
    int directory;
    const char *name;
    const char *part; /* what is written */
} place_t;

static int is_own(const place_t *place)
{
    struct stat seen;

    return fstatat(place->directory, place->name, &seen, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(seen.st_mode) &&
           seen.st_nlink == 1 && seen.st_uid == geteuid();
}

/* Never returns. Its exit code is the errno of what failed. */
static void wait_as_caller(const place_t *place, int from)
{
    anshin_error_t err;
    sigset_t all;
    char word = 0;
    ssize_t got;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, NULL); /* those of a terminal go to all of us */
    anshin_error_clear(&err);
    if (anshin_privilege_settle(&err) != APR_SUCCESS) {
        _exit(EPERM);
    }
    do {
        got = read(from, &word, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 1 && word == 'y' && renameat(place->directory, place->part, place->directory, place->name) == 0) {
        _exit(0);
    }
    got = got == 1 ? errno : 0;
    (void)unlinkat(place->directory, place->part, 0);
    _exit((int)got);
}

static int start(anshin_call_t *call, const place_t *place)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return 0;
    }
    call->keeper = fork();
    if (call->keeper == 0) {
        (void)close(ends[1]);
        wait_as_caller(place, ends[0]);
    }
    (void)close(ends[0]);
    if (call->keeper < 0) {
        call->keeper = 0;
        (void)close(ends[1]);
        return 0;
    }
    call->keep = ends[1];
    return 1;
}

apr_status_t anshin_keeper_begin(anshin_call_t *call, const char *name, int *fd, const char **why)
{
    const char *slash = strrchr(name, '/');
    const char *folder = slash == NULL ? "." : apr_pstrmemdup(call->pool, name, (apr_size_t)(slash - name) + 1);
    place_t place = {.directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                     .name = slash == NULL ? name : slash + 1};

    *fd = -1;
    place.part = apr_psprintf(call->pool, "%s.%ld", place.name, (long)getpid());
    if (place.directory >= 0 && !is_own(&place)) {
        *why = "is there already, and is no file of yours alone: give another name";
    } else {
        *fd = place.directory >= 0
                  ? openat(place.directory, place.part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE)
                  : -1;
        *why = apr_psprintf(call->pool, "cannot be written anew: %s", strerror(errno));
    }
    if (*fd >= 0 && !start(call, &place)) {
        (void)unlinkat(place.directory, place.part, 0);
        (void)close(*fd);
        *fd = -1;
        *why = "cannot be written anew: no process can be started";
    }
    if (place.directory >= 0) {
        (void)close(place.directory);
    }
    return *fd >= 0 ? APR_SUCCESS : ANSHIN_EINVALID;
}

apr_status_t anshin_keeper_end(anshin_call_t *call, apr_status_t status)
{
    int came = -1;
    int told;
    pid_t ended;

    if (call->keeper == 0) {
        return status;
    }
    told = status == APR_SUCCESS && send(call->keep, "y", 1, MSG_NOSIGNAL) == 1;
    (void)close(call->keep);
    do {
        ended = waitpid(call->keeper, &came, 0);
    } while (ended < 0 && errno == EINTR);
    call->keeper = 0;
    if (status != APR_SUCCESS || (told && ended > 0 && WIFEXITED(came) && WEXITSTATUS(came) == 0)) {
        return status;
    }
    return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1565",
                       "--output: the file is as it was, since it could not be replaced: %s",
                       ended > 0 && WIFEXITED(came) ? strerror(WEXITSTATUS(came)) : "the process for it is gone");
}
