/*
 * The state directory: made or checked when httpd starts, before anybody else works in it.
 *
 * SECURITY: everything of value lies here. It belongs to a group that httpd's run user, the CA worker and the
 * operators' command share, with nothing for the world (S31); what is wider is refused, not mended, since it may have
 * been read already.
 */
#include <apr_strings.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <unixd.h>

#include "auth/auth.h"
#include "crypto/crypto.h"

APLOG_USE_MODULE(anshin_auth);

#define STATE_MODE (S_ISGID | S_IRWXU | S_IRWXG)
#define GROUPS_MAX 256

static apr_status_t failed(anshin_error_t *err, const char *what, const char *path)
{
    return anshin_fail(err, ANSHIN_EFAULT, "AN0540", "%s %s: %s", what, path, strerror(errno));
}

/* --- the group --- */

static apr_status_t find_group(gid_t *gid, const char *name, anshin_error_t *err)
{
    const struct group *group = getgrnam(name);

    if (group == NULL) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0541",
                           "AnshinGroup %s: there is no such group; make it (groupadd --system %s) or name another",
                           name, name);
    }
    *gid = group->gr_gid;
    return APR_SUCCESS;
}

/* httpd's children run as another user than we do; they must be of the group, too. */
static apr_status_t check_member(const char *name, gid_t gid, anshin_error_t *err)
{
    const char *user = ap_unixd_config.user_name;
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX;

    if (ap_unixd_config.group_id == gid || user == NULL) {
        return APR_SUCCESS;
    }
    if (getgrouplist(user, ap_unixd_config.group_id, groups, &count) < 0) {
        count = GROUPS_MAX;
    }
    for (int i = 0; i < count; i++) {
        if (groups[i] == gid) {
            return APR_SUCCESS;
        }
    }
    return anshin_fail(err, ANSHIN_EINVALID, "AN0542",
                       "httpd's user %s is not a member of AnshinGroup %s; make it one (usermod -aG %s %s)", user, name,
                       name, user);
}

/* --- directories --- */

/* gid -1: whatever it is. */
static apr_status_t check_directory(const char *path, gid_t gid, anshin_error_t *err)
{
    struct stat info;

    if (lstat(path, &info) != 0) {
        return failed(err, "cannot look at", path);
    }
    if (!S_ISDIR(info.st_mode)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0543", "%s is not a directory", path);
    }
    if ((info.st_mode & S_IRWXO) != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0544",
                           "%s has mode %04o: the world may not enter it; make it 2770 (chmod 2770)", path,
                           (unsigned)(info.st_mode & 07777));
    }
    if (gid != (gid_t)-1 && info.st_gid != gid) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0545", "%s does not belong to AnshinGroup; make it (chgrp)", path);
    }
    if ((info.st_mode & STATE_MODE) != STATE_MODE && chmod(path, STATE_MODE) != 0) {
        return failed(err, "cannot make 2770", path);
    }
    return APR_SUCCESS;
}

/* Make it, or check what is there. */
static apr_status_t prepare_directory(const char *path, gid_t gid, anshin_error_t *err)
{
    if (mkdir(path, S_IRWXU) != 0) {
        return errno == EEXIST ? check_directory(path, gid, err) : failed(err, "cannot make", path);
    }
    if ((gid != (gid_t)-1 && chown(path, (uid_t)-1, gid) != 0) || chmod(path, STATE_MODE) != 0) {
        return failed(err, "cannot hand to its group", path);
    }
    return APR_SUCCESS;
}

static apr_status_t prepare_tree(const char *state_dir, gid_t gid, anshin_error_t *err, apr_pool_t *ptemp)
{
    static const char *const names[] = {"store", "slots", "run"};
    apr_status_t rv = prepare_directory(state_dir, gid, err);

    for (apr_size_t i = 0; rv == APR_SUCCESS && i < sizeof(names) / sizeof(names[0]); i++) {
        rv = prepare_directory(apr_pstrcat(ptemp, state_dir, "/", names[i], NULL), gid, err);
    }
    return rv;
}

apr_status_t anshin_state_prepare(const anshin_config_t *config, anshin_error_t *err, apr_pool_t *ptemp)
{
    const anshin_server_t *server = &config->server;
    gid_t gid = (gid_t)-1;
    apr_status_t rv = APR_SUCCESS;

    if (geteuid() == 0) {
        rv = find_group(&gid, server->group, err);
        if (rv == APR_SUCCESS) {
            rv = check_member(server->group, gid, err);
        }
    }
    if (rv == APR_SUCCESS) {
        rv = prepare_tree(server->state_dir, gid, err, ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = anshin_seal_key_create(apr_pstrcat(ptemp, server->state_dir, "/seal.key", NULL), err, ptemp);
    }
    if (rv == APR_SUCCESS) {
        rv = anshin_config_save(config, err, ptemp);
    }
    return rv;
}
