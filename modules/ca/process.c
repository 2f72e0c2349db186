/*
 * What a process may do: see process.h.
 *
 * SECURITY: gives root away. Groups go first, while there is still the right to change them; then every user ID at
 * once; then it is tried whether root can be had back.
 */
#include "ca/process.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

apr_status_t anshin_process_find_user(anshin_process_user_t *user, const char *name, anshin_error_t *err)
{
    const struct passwd *entry;

    errno = 0;
    entry = getpwnam(name);
    if (entry == NULL) {
        return errno == 0 ? anshin_fail(err, ANSHIN_EINVALID, "AN0700", "there is no user %s", name)
                          : anshin_fail(err, ANSHIN_EFAULT, "AN0701", "user %s: %s", name, strerror(errno));
    }
    if (entry->pw_uid == 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0702", "user %s is root", name);
    }
    user->name = name;
    user->uid = entry->pw_uid;
    user->gid = entry->pw_gid;
    return APR_SUCCESS;
}

apr_status_t anshin_process_find_group(gid_t *gid, const char *name, anshin_error_t *err)
{
    const struct group *entry;

    errno = 0;
    entry = getgrnam(name);
    if (entry == NULL) {
        return errno == 0 ? anshin_fail(err, ANSHIN_EINVALID, "AN0703", "there is no group %s", name)
                          : anshin_fail(err, ANSHIN_EFAULT, "AN0704", "group %s: %s", name, strerror(errno));
    }
    if (entry->gr_gid == 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0705", "group %s is root's", name);
    }
    *gid = entry->gr_gid;
    return APR_SUCCESS;
}

/* 1 when every user and group ID is the wanted one and root is out of reach. */
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
    return setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0;
}

apr_status_t anshin_process_become(const anshin_process_user_t *user, gid_t gid, int supplementary, anshin_error_t *err)
{
    int failed = supplementary ? initgroups(user->name, gid) : setgroups(0, NULL);

    if (failed || setresgid(gid, gid, gid) != 0 || setresuid(user->uid, user->uid, user->uid) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0706", "cannot become user %s: %s", user->name, strerror(errno));
    }
    if (!has_become(user->uid, gid)) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0707", "became user %s, but root can be had back", user->name);
    }
    return APR_SUCCESS;
}

apr_status_t anshin_process_hide(anshin_error_t *err)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0708", "core dumps cannot be switched off: %s", strerror(errno));
    }
    return APR_SUCCESS;
}

apr_status_t anshin_process_confine(anshin_error_t *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0709", "rights by set-user-ID cannot be given up: %s",
                           strerror(errno));
    }
    return APR_SUCCESS;
}

#ifdef __SANITIZE_ADDRESS__
/* Test builds: the search for leaks is a debugger of sorts, which hiding forbids. */
const char *__asan_default_options(void) __attribute__((visibility("default")));
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

void anshin_process_close_inherited(void)
{
    closefrom(STDERR_FILENO + 1);
}
