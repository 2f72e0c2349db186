/*
 * The state directory when httpd starts: looked at by configtest, made before anybody works in it; and who may be of
 * its group.
 *
 * SECURITY: everything of value lies here, open to a group that the CA worker and the operators' command have, and
 * that httpd's children take for themselves (child.c). httpd's user is never a member: every program of the site would
 * be one, too (S31, S36).
 */
#include "auth/process/state.h"

#include <apr_strings.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <unixd.h>
#include <http_log.h>

#include "runtime/config_file.h"
#include "runtime/password_file.h"
#include "runtime/state_dir.h"

APLOG_USE_MODULE(anshin_auth);

#define GROUPS_MAX 256

/* --- the group --- */

static apr_status_t check_outside(const char *name, gid_t gid, anshin_error_t *err)
{
    const struct passwd *user = getpwuid(ap_unixd_config.user_id);
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX;

    if (ap_unixd_config.group_id == gid) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0542",
                           "httpd's Group is AnshinGroup %s: every program of the site could read store and keys; give "
                           "httpd its former group back (Group, on Debian APACHE_RUN_GROUP in envvars: %s)",
                           name, user != NULL ? user->pw_name : "www-data");
    }
    if (user == NULL) {
        return APR_SUCCESS;
    }
    if (getgrouplist(user->pw_name, ap_unixd_config.group_id, groups, &count) < 0) {
        count = GROUPS_MAX;
    }
    for (int i = 0; i <= count; i++) {
        if ((i < count ? groups[i] : user->pw_gid) == gid) {
            return anshin_fail(err, ANSHIN_EINVALID, "AN1029",
                               "httpd's user %s is a member of AnshinGroup %s: every program of the site could read "
                               "store and keys; undo it (gpasswd -d %s %s), httpd's children take the group themselves",
                               user->pw_name, name, user->pw_name, name);
        }
    }
    return APR_SUCCESS;
}

static apr_status_t find_owners(anshin_state_owners_t *owners, const anshin_server_t *server, anshin_error_t *err)
{
    apr_status_t status = anshin_state_owners_find(owners, server, err);

    status = status == APR_SUCCESS && geteuid() == 0 ? check_outside(server->group, owners->group, err) : status;
    return status == APR_SUCCESS ? anshin_password_file_check(server, owners, err) : status;
}

/* --- the directory --- */

apr_status_t anshin_state_check(const anshin_config_t *config, anshin_error_t *err, apr_pool_t *ptemp)
{
    anshin_state_owners_t owners;
    apr_status_t status = find_owners(&owners, &config->server, err);

    if (status == APR_SUCCESS) {
        status = anshin_state_dir(config->server.state_dir, &owners, ANSHIN_STATE_LOOK, NULL, err, ptemp);
    }
    return status == ANSHIN_EDENIED ? APR_SUCCESS : status; /* somebody else's configtest may not look */
}

apr_status_t anshin_state_prepare(const anshin_config_t *config, gid_t *group, server_rec *server, anshin_error_t *err,
                                  apr_pool_t *ptemp)
{
    apr_array_header_t *done = apr_array_make(ptemp, 1, sizeof(const char *));
    anshin_state_owners_t owners;
    apr_status_t status = find_owners(&owners, &config->server, err);

    if (status == APR_SUCCESS) {
        status = anshin_state_dir(config->server.state_dir, &owners, ANSHIN_STATE_MAKE, done, err, ptemp);
    }
    for (int i = 0; i < done->nelts; i++) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server, "AN1030: %s", APR_ARRAY_IDX(done, i, const char *));
    }
    if (status == APR_SUCCESS) {
        status = anshin_config_file_write(config, err, ptemp);
    }
    *group = owners.group;
    return status;
}
