/*
 * The files that the command line of an import names: see import_files.h.
 *
 * SECURITY. The process becomes the worker's user, who can enter the directories of no operator. So the files are
 * opened before, as the shell opens those of "<" and ">". Root that sudo has made of somebody opens them as that one:
 * who may call the command by a rule of sudo can read and make nothing by it that he could not before. Nothing is read
 * before root is left.
 */
#include "htanshin/import/import_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/values.h"
#include "runtime/privilege.h"

#define MODE 0600

/* An id that sudo has left in the environment; 0: it has not. */
static unsigned long sudo_id(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] >= '0' && value[0] <= '9' ? strtoul(value, NULL, 10) : 0;
}

static apr_status_t refuse(anshin_call_t *call, const char *name, const char *why)
{
    return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1497", "%s: %s", name, why);
}

static apr_status_t open_input(anshin_call_t *call, const char *name)
{
    struct stat seen;

    call->input = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (call->input < 0) {
        return refuse(call, name,
                      apr_psprintf(call->pool, "%s; give it by the standard input: htanshin user import - < FILE",
                                   strerror(errno)));
    }
    if (fstat(call->input, &seen) == 0 && S_ISDIR(seen.st_mode)) {
        return refuse(call, name, "is a directory");
    }
    return APR_SUCCESS;
}

/* An empty file of ours is what an import has left that could not begin. */
static int is_fresh(int fd)
{
    struct stat seen;

    return fstat(fd, &seen) == 0 && S_ISREG(seen.st_mode) && seen.st_size == 0 && seen.st_nlink == 1 &&
           seen.st_uid == geteuid() && (seen.st_mode & 07777) == MODE;
}

static apr_status_t open_output(anshin_call_t *call, const char *name)
{
    call->output = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
    if (call->output < 0 && errno == EEXIST) {
        call->output = open(name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (call->output < 0 || !is_fresh(call->output)) {
            return refuse(call, name, "is there already; its codes may be the only ones: give another name");
        }
        return APR_SUCCESS;
    }
    if (call->output < 0) {
        return refuse(call, name, apr_psprintf(call->pool, "%s; or write it to the standard output", strerror(errno)));
    }
    return APR_SUCCESS;
}

apr_status_t anshin_import_files_open(anshin_call_t *call)
{
    const char *result = anshin_call_value(call, "result");
    uid_t uid = (uid_t)sudo_id("SUDO_UID");
    apr_status_t status = APR_SUCCESS;

    call->output = -1;
    if (uid != 0) {
        status = anshin_privilege_lend(uid, (gid_t)sudo_id("SUDO_GID"), &call->op.error);
    }
    if (status == APR_SUCCESS) {
        status = open_input(call, call->operands[0]);
    }
    if (status == APR_SUCCESS && result != NULL) {
        status = open_output(call, result);
    }
    if (uid != 0 && anshin_privilege_resume(&call->op.error) != APR_SUCCESS) {
        return ANSHIN_EFAULT;
    }
    return status;
}
