/*
 * Who the process is.
 *
 * SECURITY. Operators call the command as root. httpd's run user may write into the state directory, so that nothing in
 * there may be created, opened for writing or parsed with root's rights: links could lie in wait. Root is left before
 * anything but the directory itself and one root-owned file is looked at, for good and with all supplementary groups.
 */
#include "htanshin/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#define SIGNER_USER_DEFAULT "anshin-signer"

static apr_status_t look_at_directory(anshin_call_t *call, struct stat *seen)
{
    anshin_error_t *err = &call->op.error;

    if (stat(call->state_dir, seen) != 0) {
        return anshin_fail(err, errno == ENOENT ? ANSHIN_ENOTFOUND : ANSHIN_EFAULT, "AN0820", "state directory %s: %s",
                           call->state_dir, strerror(errno));
    }
    if (!S_ISDIR(seen->st_mode)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0821", "state directory %s: is no directory", call->state_dir);
    }
    if ((seen->st_mode & S_IRWXO) != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0822",
                           "state directory %s: mode %04o is open to the world, 2770 it must be", call->state_dir,
                           (unsigned)seen->st_mode & 07777u);
    }
    return APR_SUCCESS;
}

/* The snapshot names the worker's user. It is believed only when it is httpd's own work: of root, writable by no other.
 */
static apr_status_t worker_user(anshin_call_t *call, const char **user)
{
    const char *path = apr_pstrcat(call->pool, call->state_dir, "/config.json", NULL);
    anshin_error_t *err = &call->op.error;
    struct stat seen;
    apr_status_t status;

    if (lstat(path, &seen) != 0) {
        return errno == ENOENT ? anshin_fail(err, ANSHIN_ENOTFOUND, "AN0823",
                                             "%s: is not there yet; start httpd once with this AnshinStateDir", path)
                               : anshin_fail(err, ANSHIN_EFAULT, "AN0829", "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(seen.st_mode) || seen.st_uid != 0 || (seen.st_mode & (S_IWGRP | S_IRWXO)) != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0824",
                           "%s: is not root's own file of mode 0640; httpd writes it so", path);
    }
    status = anshin_call_config(call);
    if (status == APR_SUCCESS) {
        *user = call->config->server.worker_user;
    }
    return status;
}

static apr_status_t find_user(anshin_call_t *call, const char *name, uid_t *uid)
{
    const struct passwd *entry = getpwnam(name);

    if (entry == NULL) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0825", "user %s: there is no such user on this machine",
                           name);
    }
    *uid = entry->pw_uid;
    return APR_SUCCESS;
}

/* Whom to become. */
static apr_status_t choose_user(anshin_call_t *call, const struct stat *directory, uid_t *uid)
{
    const char *name = "";
    apr_status_t status;

    if (call->command->access == ANSHIN_ACCESS_SIGNER) {
        name = anshin_call_value(call, "signer-user");
        return find_user(call, name != NULL ? name : SIGNER_USER_DEFAULT, uid);
    }
    *uid = directory->st_uid;
    if (*uid != 0) {
        return APR_SUCCESS;
    }
    status = worker_user(call, &name);
    return status == APR_SUCCESS ? find_user(call, name, uid) : status;
}

static apr_status_t become(anshin_call_t *call, uid_t uid, gid_t gid)
{
    anshin_error_t *err = &call->op.error;

    if (uid == 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0826", "the store must not be used by root: name another user");
    }
    if (gid == 0) {
        return anshin_fail(
            err, ANSHIN_EINVALID, "AN0827",
            "state directory %s: belongs to root's group, not to the one that httpd and the worker share",
            call->state_dir);
    }
    if (setgroups(1, &gid) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0828", "root could not be left: %s", strerror(errno));
    }
    return APR_SUCCESS;
}

apr_status_t anshin_identity_take(anshin_call_t *call)
{
    struct stat directory;
    uid_t uid = 0;
    apr_status_t status;

    umask(S_IRWXO);
    status = look_at_directory(call, &directory);
    if (status != APR_SUCCESS || geteuid() != 0) {
        return status;
    }
    status = choose_user(call, &directory, &uid);
    return status == APR_SUCCESS ? become(call, uid, directory.st_gid) : status;
}
