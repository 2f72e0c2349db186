/*
 * Who the process is.
 *
 * SECURITY. Operators call the command as root. Most of what lies in the state directory can be written by others, so
 * that nothing in there may be created, opened for writing or parsed with root's rights. Root is left before anything
 * but the directory itself and the one file that only root can have put there is looked at, for good and with all
 * supplementary groups (S36).
 */
#include "htanshin/identity.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/call.h"
#include "htanshin/values.h"
#include "runtime/password_file.h"
#include "runtime/privilege.h"
#include "runtime/state_dir.h"

static apr_status_t look_at_directory(anshin_call_t *call, struct stat *seen)
{
    anshin_error_t *err = &call->op.error;

    if (lstat(call->state_dir, seen) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0820", "state directory %s: %s", call->state_dir, strerror(errno));
    }
    if (!S_ISDIR(seen->st_mode)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0821", "state directory %s: is not a directory", call->state_dir);
    }
    if ((seen->st_mode & S_IRWXO) != 0) {
        return anshin_fail(
            err, ANSHIN_EINVALID, "AN0822",
            "state directory %s: mode %04o lets everybody in; run htanshin state prepare, which makes it 0750",
            call->state_dir, (unsigned)seen->st_mode & 07777u);
    }
    return APR_SUCCESS;
}

/* The configuration names the worker's user; it is believed only as config_file.h says. */
static apr_status_t worker_user(anshin_call_t *call, const char **user)
{
    apr_status_t status = anshin_call_config(call);

    if (status == APR_SUCCESS) {
        *user = call->config->server.worker_user;
    }
    return status;
}

static int is_signer(const anshin_call_t *call)
{
    return call->command->access == ANSHIN_ACCESS_SIGNER || call->command->access == ANSHIN_ACCESS_SIGNER_STORE;
}

/* As given; else as httpd has it, where it was started already. */
static apr_status_t signer_user(anshin_call_t *call, const char **user)
{
    apr_status_t status = APR_SUCCESS;

    *user = anshin_call_value(call, "signer-user");
    if (*user == NULL &&
        (call->command->access == ANSHIN_ACCESS_SIGNER_STORE || anshin_call_value(call, "next") != NULL)) {
        status = anshin_call_config(call);
        *user = status == APR_SUCCESS ? call->config->server.signer_user : NULL;
    }
    *user = *user != NULL ? *user : ANSHIN_SIGNER_USER_DEFAULT;
    return status;
}

/* Whom to become: who the command's access asks for; where httpd is not started by root, whose directory it is. */
static apr_status_t choose_user(anshin_call_t *call, const struct stat *directory, anshin_unix_user_t *user)
{
    const char *name = "";
    apr_status_t status = APR_SUCCESS;

    if (is_signer(call)) {
        status = signer_user(call, &name);
        return status == APR_SUCCESS ? anshin_unix_user_find(user, name, &call->op.error) : status;
    }
    if (directory->st_uid != 0) {
        user->name = "of the state directory";
        user->uid = directory->st_uid;
        return APR_SUCCESS;
    }
    status = worker_user(call, &name);
    return status == APR_SUCCESS ? anshin_unix_user_find(user, name, &call->op.error) : status;
}

static apr_status_t become(anshin_call_t *call, const anshin_unix_user_t *user, gid_t gid)
{
    if (gid == 0) {
        return anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN0827",
                           "state directory %s: belongs to root's group, not to the one that httpd's children and the "
                           "worker share; run htanshin state prepare",
                           call->state_dir);
    }
    return anshin_privilege_drop(user, gid, 0, &call->op.error);
}

/* For check: what configtest would refuse, by descriptor and following no link (runtime/state_dir.h). Of a directory
 * that is another user's nothing can be said. */
static void look_at_state(anshin_call_t *call, const struct stat *directory)
{
    anshin_state_owners_t owners;
    anshin_error_t err;
    apr_status_t status;

    anshin_error_clear(&err);
    if (directory->st_uid != geteuid() || anshin_call_config(call) != APR_SUCCESS) {
        return;
    }
    status = anshin_state_owners_find(&owners, &call->config->server, &err);
    if (status == APR_SUCCESS && anshin_password_file_check(&call->config->server, &owners, &err) != APR_SUCCESS) {
        call->password_wrong = apr_pstrdup(call->pool, err.text);
        anshin_error_clear(&err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_state_dir(call->state_dir, &owners, ANSHIN_STATE_LOOK, NULL, &err, call->pool);
    }
    if (status != APR_SUCCESS && err.status != APR_SUCCESS) {
        call->state_wrong = apr_pstrdup(call->pool, err.text);
    }
}

static apr_status_t take(anshin_call_t *call)
{
    anshin_unix_user_t user = {.name = NULL};
    struct stat directory;
    apr_status_t status = look_at_directory(call, &directory);

    if (status == APR_SUCCESS && call->command->access == ANSHIN_ACCESS_CHECK) {
        look_at_state(call, &directory);
    }
    if (status != APR_SUCCESS || geteuid() != 0) {
        return status;
    }
    status = choose_user(call, &directory, &user);
    if (status == APR_SUCCESS && call->command->access == ANSHIN_ACCESS_SIGNER && directory.st_gid != 0) {
        const anshin_state_owners_t owners = {directory.st_gid, user.uid, (uid_t)-1};

        status = anshin_state_dir(call->state_dir, &owners, ANSHIN_STATE_MAKE, NULL, &call->op.error, call->pool);
    }
    return status == APR_SUCCESS ? become(call, &user, directory.st_gid) : status;
}

apr_status_t anshin_identity_take(anshin_call_t *call)
{
    apr_status_t status;

    umask(S_IRWXO);
    status = take(call);
    if (status != APR_SUCCESS) { /* no mistake of the command line, and no "not found": the directory is not usable */
        call->op.error.status = status = ANSHIN_EFAULT;
    }
    return status;
}
