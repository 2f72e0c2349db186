/*
 * All that lies in a directory of STATE, given its group and mode: see state_mend.h. After a restore, for instance,
 * which keeps neither.
 *
 * SECURITY: works as root in directories that the group may write. Nothing is followed: each name is opened as itself
 * and without effect on what it is (O_PATH), judged, and changed by that descriptor alone. Only plain files with a
 * single name, directories and our sockets are touched: a second name could lie anywhere (S36).
 */
#include "runtime/state_mend.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#define DEPTH_MAX 4
#define DIRECTORY_MODE 02770
#define FILE_MODE 0660

typedef struct mend_t {
    const anshin_state_walk_t *walk;
    anshin_state_keeper_t keeper;
    int depth;
} mend_t;

static apr_status_t mend_in(const mend_t *mend, int directory, const char *path);

/* What the signer keeps: certificates for all of the group, keys for itself alone. */
static mode_t mode_in(const mend_t *mend, const char *name)
{
    apr_size_t length = strlen(name);

    if (mend->keeper != ANSHIN_KEEPER_SIGNER) {
        return mend->keeper == ANSHIN_KEEPER_WORKER ? 0640 : FILE_MODE;
    }
    return length > 4 && strcmp(name + length - 4, ".crt") == 0 ? 0644 : 0600;
}

/* By the descriptor: fchmod() takes none of O_PATH, /proc does. */
static int set(const mend_t *mend, int fd, const struct stat *seen, mode_t mode)
{
    const anshin_state_walk_t *walk = mend->walk;
    uid_t uid = walk->root ? anshin_state_keeper(walk, mend->keeper) : (uid_t)-1;
    gid_t gid = walk->root ? walk->owners->group : (gid_t)-1;
    char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];

    if (walk->root && (seen->st_gid != gid || (uid != (uid_t)-1 && seen->st_uid != uid)) &&
        fchownat(fd, "", uid, gid, AT_EMPTY_PATH) != 0) {
        return -1;
    }
    if ((seen->st_mode & 07777) == mode) {
        return 0;
    }
    (void)apr_snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return chmod(path, mode);
}

static apr_status_t mend_directory(const mend_t *mend, int fd, const struct stat *seen, const char *path)
{
    const mend_t below = {mend->walk, mend->keeper, mend->depth + 1};
    apr_status_t status;
    int opened;

    if (below.depth > DEPTH_MAX) {
        return APR_SUCCESS;
    }
    if (set(mend, fd, seen, mend->keeper != ANSHIN_KEEPER_GROUP ? 0750 : DIRECTORY_MODE) != 0) {
        return anshin_state_failed(mend->walk, "cannot set the mode of", path);
    }
    opened = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) {
        return anshin_state_failed(mend->walk, "cannot open", path);
    }
    status = mend_in(&below, opened, path);
    (void)close(opened);
    return status;
}

static apr_status_t mend_one(const mend_t *mend, int directory, const char *path, const char *name)
{
    const char *whole = apr_pstrcat(mend->walk->pool, path, "/", name, NULL);
    int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    apr_status_t status = APR_SUCCESS;
    struct stat seen;

    if (fd < 0) {
        return errno == ENOENT ? APR_SUCCESS : anshin_state_failed(mend->walk, "cannot open", whole);
    }
    if (fstat(fd, &seen) != 0) {
        status = anshin_state_failed(mend->walk, "cannot look at", whole);
    } else if (S_ISDIR(seen.st_mode)) {
        status = mend_directory(mend, fd, &seen, whole);
    } else if (S_ISSOCK(seen.st_mode)) {
        status = APR_SUCCESS; /* the worker makes its own anew */
    } else if (!S_ISREG(seen.st_mode) || seen.st_nlink != 1) {
        anshin_state_tell(mend->walk, apr_pstrcat(mend->walk->pool, anshin_state_path(mend->walk, whole),
                                                  " is not ours and was left as it is", NULL));
    } else if (set(mend, fd, &seen, mode_in(mend, name)) != 0) {
        status = anshin_state_failed(mend->walk, "cannot set the mode of", whole);
    }
    (void)close(fd);
    return status;
}

/* directory is read through a descriptor of its own. */
static apr_status_t mend_in(const mend_t *mend, int directory, const char *path)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    apr_status_t status = APR_SUCCESS;
    const struct dirent *entry;

    if (stream == NULL) {
        status = anshin_state_failed(mend->walk, "cannot list", path);
        if (fd >= 0) {
            (void)close(fd);
        }
        return status;
    }
    while (status == APR_SUCCESS && (entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            status = mend_one(mend, directory, path, entry->d_name);
        }
    }
    (void)closedir(stream);
    return status;
}

uid_t anshin_state_keeper(const anshin_state_walk_t *walk, anshin_state_keeper_t keeper)
{
    switch (keeper) {
    case ANSHIN_KEEPER_SIGNER:
        return walk->owners->signer;
    case ANSHIN_KEEPER_WORKER:
        return walk->owners->worker;
    default:
        return (uid_t)-1;
    }
}

apr_status_t anshin_state_mend(const anshin_state_walk_t *walk, int directory, const char *name,
                               anshin_state_keeper_t keeper)
{
    const mend_t mend = {walk, keeper, 0};

    return mend_in(&mend, directory, name);
}
