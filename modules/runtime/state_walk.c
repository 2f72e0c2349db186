/*
 * A walk through the state directory: see state_walk.h.
 */
#include "runtime/state_walk.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

apr_status_t anshin_state_failed(const anshin_state_walk_t *walk, const char *what, const char *name)
{
    int code = errno;

    if (code == EACCES && walk->act == ANSHIN_STATE_LOOK && !walk->root) {
        return ANSHIN_EDENIED;
    }
    return anshin_fail(walk->err, ANSHIN_EFAULT, "AN0540", "%s %s: %s", what, anshin_state_path(walk, name),
                       strerror(code));
}

const char *anshin_state_path(const anshin_state_walk_t *walk, const char *name)
{
    return name[0] == '\0' ? walk->path : apr_pstrcat(walk->pool, walk->path, "/", name, NULL);
}

void anshin_state_tell(const anshin_state_walk_t *walk, const char *text)
{
    if (walk->done != NULL) {
        APR_ARRAY_PUSH(walk->done, const char *) = text;
    }
}

/* Owner (uid -1: whoever it is), group and mode by the descriptor; only what differs. */
apr_status_t anshin_state_set(const anshin_state_walk_t *walk, int fd, const char *name, const struct stat *seen,
                              uid_t uid, mode_t mode)
{
    uid_t owner = !walk->root || seen->st_uid == uid ? (uid_t)-1 : uid;
    gid_t group = !walk->root || seen->st_gid == walk->owners->group ? (gid_t)-1 : walk->owners->group;

    if (walk->act == ANSHIN_STATE_LOOK) {
        return APR_SUCCESS;
    }
    if ((owner != (uid_t)-1 || group != (gid_t)-1) && fchown(fd, owner, group) != 0) {
        return anshin_state_failed(walk, "cannot hand to its owner", name);
    }
    if (((seen->st_mode & 07777) != mode || owner != (uid_t)-1 || group != (gid_t)-1) && fchmod(fd, mode) != 0) {
        return anshin_state_failed(walk, "cannot set the mode of", name);
    }
    return APR_SUCCESS;
}
