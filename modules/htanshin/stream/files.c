/*
 * The files that a command line names: see files.h.
 *
 * SECURITY. The process becomes the worker's user, who can enter the directories of no operator. So the files are
 * opened before, as the shell opens those of "<" and ">". Root that sudo has made of somebody opens them as that one:
 * who may call the command by a rule of sudo can read and make nothing by it that he could not before. Nothing is read
 * before root is left, but the head of a dbm file, whose library opens it by its name.
 */
#include "htanshin/stream/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/import/import_htdbm.h"
#include "htanshin/stream/keeper.h"
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

static apr_status_t open_dbm(anshin_call_t *call, const char *name)
{
    const char *why = "give the name of the file";

    return strcmp(name, "-") != 0 && anshin_import_htdbm_find(&call->dbm, name, &why, call->pool) == APR_SUCCESS
               ? APR_SUCCESS
               : refuse(call, name, why);
}

static apr_status_t open_input(anshin_call_t *call, const char *name)
{
    struct stat seen;

    call->input = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (call->input < 0) {
        return refuse(call, name,
                      apr_psprintf(call->pool, "%s; give it by the standard input: %s - < FILE", strerror(errno),
                                   anshin_call_value(call, "file") != NULL
                                       ? "--file"
                                       : apr_pstrcat(call->pool, "htanshin ", call->command->family,
                                                     call->command->verb != NULL ? " " : "",
                                                     call->command->verb != NULL ? call->command->verb : "", NULL)));
    }
    if (fstat(call->input, &seen) == 0 && S_ISDIR(seen.st_mode)) {
        return refuse(call, name, "is a directory");
    }
    return APR_SUCCESS;
}

/* An empty file of ours is what a command has left that could not begin. */
static int is_fresh(int fd)
{
    struct stat seen;

    return fstat(fd, &seen) == 0 && S_ISREG(seen.st_mode) && seen.st_size == 0 && seen.st_nlink == 1 &&
           seen.st_uid == geteuid() && (seen.st_mode & 07777) == MODE;
}

/* One of two commands that were given the same fresh file has it. */
static apr_status_t hold(anshin_call_t *call, const char *name, int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
               ? APR_SUCCESS
               : refuse(call, name, "another command writes to it: give another name");
}

static apr_status_t open_output(anshin_call_t *call, const char *name, int *fd, const char *advice)
{
    int over = anshin_call_value(call, "overwrite") != NULL;

    *fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
    if (*fd < 0 && errno == EEXIST) {
        *fd = open(name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (*fd >= 0 && is_fresh(*fd)) {
            return hold(call, name, *fd);
        }
        if (*fd >= 0) {
            (void)close(*fd);
            *fd = -1;
        }
        return over && anshin_keeper_begin(call, name, fd, &advice) == APR_SUCCESS ? APR_SUCCESS
                                                                                   : refuse(call, name, advice);
    }
    if (*fd < 0) {
        return refuse(call, name, apr_psprintf(call->pool, "%s; or write it to the standard output", strerror(errno)));
    }
    return hold(call, name, *fd);
}

/* --result and --undo: the lines of both would stand in one another. */
static apr_status_t check_two(anshin_call_t *call)
{
    struct stat one, other;

    return call->output >= 0 && call->undo >= 0 && fstat(call->output, &one) == 0 && fstat(call->undo, &other) == 0 &&
                   one.st_dev == other.st_dev && one.st_ino == other.st_ino
               ? refuse(call, anshin_call_value(call, "undo"), "is the file of --result: give another name")
               : APR_SUCCESS;
}

static apr_status_t open_outputs(anshin_call_t *call)
{
    static const struct {
        const char *option, *advice;
    } outputs[] = {{"result", "is there already; its codes may be the only ones: give another name"},
                   {"output", "is there already: give another name, or --overwrite"},
                   {"undo", "is there already, and may be needed: give another name"}};
    apr_status_t status = APR_SUCCESS;

    for (size_t i = 0; status == APR_SUCCESS && i < sizeof(outputs) / sizeof(outputs[0]); i++) {
        const char *name = anshin_call_value(call, outputs[i].option);

        if (name != NULL) {
            status = open_output(call, name, strcmp(outputs[i].option, "undo") == 0 ? &call->undo : &call->output,
                                 outputs[i].advice);
        }
    }
    return status == APR_SUCCESS ? check_two(call) : status;
}

/* NULL: none is named. */
static const char *input_name(const anshin_call_t *call)
{
    return strncmp(call->command->operands, "FILE", 4) == 0 ? call->operands[0] : anshin_call_value(call, "file");
}

apr_status_t anshin_files_as_caller(anshin_call_t *call, apr_status_t (*work)(anshin_call_t *call))
{
    uid_t uid = (uid_t)sudo_id("SUDO_UID");
    apr_status_t status = APR_SUCCESS;

    if (uid != 0) {
        status = anshin_privilege_lend(uid, (gid_t)sudo_id("SUDO_GID"), &call->op.error);
    }
    status = status == APR_SUCCESS ? work(call) : status;
    if (uid != 0 && anshin_privilege_resume(&call->op.error) != APR_SUCCESS) {
        return ANSHIN_EFAULT;
    }
    return status;
}

static apr_status_t open_all(anshin_call_t *call)
{
    const char *input = input_name(call);
    const char *format = anshin_call_value(call, "format");
    apr_status_t status = APR_SUCCESS;

    if (input != NULL) {
        status = format != NULL && strcmp(format, "htdbm") == 0 ? open_dbm(call, input) : open_input(call, input);
    }
    return status == APR_SUCCESS ? open_outputs(call) : status;
}

apr_status_t anshin_files_open(anshin_call_t *call)
{
    call->input = call->output = call->undo = -1;
    return anshin_files_as_caller(call, open_all);
}
