/*
 * Whom a process becomes: see privilege.h.
 *
 * SECURITY: gives root away. Groups go first, while there is still the right to change them; then every user ID at
 * once; then it is tried whether the process can become root again.
 */
#include "runtime/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

apr_status_t anshin_unix_user_find(anshin_unix_user_t *user, const char *name, anshin_error_t *err)
{
    const struct passwd *entry;

    errno = 0;
    entry = getpwnam(name);
    if (entry == NULL) {
        return errno == 0 ? anshin_fail(err, ANSHIN_EINVALID, "AN0700",
                                        "there is no user %s; make one (adduser --system --no-create-home), or name "
                                        "another",
                                        name)
                          : anshin_fail(err, ANSHIN_EFAULT, "AN0701", "user %s: %s", name, strerror(errno));
    }
    if (entry->pw_uid == 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0702", "user %s is root; name another", name);
    }
    user->name = name;
    user->uid = entry->pw_uid;
    user->gid = entry->pw_gid;
    return APR_SUCCESS;
}

apr_status_t anshin_unix_group_find(gid_t *gid, const char *name, anshin_error_t *err)
{
    const struct group *entry;

    errno = 0;
    entry = getgrnam(name);
    if (entry == NULL) {
        return errno == 0
                   ? anshin_fail(err, ANSHIN_EINVALID, "AN0703",
                                 "there is no group %s; make it (addgroup --system %s), or name another", name, name)
                   : anshin_fail(err, ANSHIN_EFAULT, "AN0704", "group %s: %s", name, strerror(errno));
    }
    if (entry->gr_gid == 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0705", "group %s is root's; name another", name);
    }
    *gid = entry->gr_gid;
    return APR_SUCCESS;
}

/* 1 when every ID is the wanted one, and root out of reach; root's group too, where it is not the wanted one. */
static int has_become(uid_t uid, gid_t gid)
{
    uid_t users[3];
    gid_t groups[3];

    if (getresuid(&users[0], &users[1], &users[2]) != 0 || getresgid(&groups[0], &groups[1], &groups[2]) != 0) {
        return 0;
    }
    for (int i = 0; i < 3; i++) {
        if (users[i] != uid || groups[i] != gid) {
            return 0;
        }
    }
    return setuid(0) != 0 && seteuid(0) != 0 && (gid == 0 || setgid(0) != 0);
}

apr_status_t anshin_privilege_drop(const anshin_unix_user_t *user, gid_t gid, int supplementary, anshin_error_t *err)
{
    int failed = supplementary ? initgroups(user->name, gid) : setgroups(0, NULL);

    if (failed || setresgid(gid, gid, gid) != 0 || setresuid(user->uid, user->uid, user->uid) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0706", "cannot become user %s: %s", user->name, strerror(errno));
    }
    if (gid == 0 || !has_become(user->uid, gid)) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0707", "became user %s, but could become root again", user->name);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_privilege_lend(uid_t uid, gid_t gid, anshin_error_t *err)
{
    if (geteuid() != 0) {
        return APR_SUCCESS;
    }
    if (setgroups(0, NULL) != 0 || setegid(gid) != 0 || seteuid(uid) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1020", "cannot work as user %lu for a while: %s", (unsigned long)uid,
                           strerror(errno));
    }
    return APR_SUCCESS;
}

apr_status_t anshin_privilege_resume(anshin_error_t *err)
{
    if (getuid() != 0) {
        return APR_SUCCESS;
    }
    if (seteuid(0) != 0 || setegid(0) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1021", "cannot be root again: %s", strerror(errno));
    }
    return APR_SUCCESS;
}

apr_status_t anshin_privilege_settle(anshin_error_t *err)
{
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    /* Root's groups can be left by root alone. */
    int failed = uid != 0 && getuid() == 0 && (seteuid(0) != 0 || setgroups(0, NULL) != 0);

    if (failed || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1823", "cannot stay user %lu: %s", (unsigned long)uid,
                           strerror(errno));
    }
    if (uid != 0 && !has_become(uid, gid)) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1824", "stayed user %lu, but could become root again",
                           (unsigned long)uid);
    }
    return APR_SUCCESS;
}
