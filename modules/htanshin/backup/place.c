/*
 * Where a backup is restored to: see place.h.
 *
 * SECURITY. May be root's work. The directory above STATE belongs to the system; below STATE, which others may have
 * written in, nothing but its names is looked at, and two files whose locks tell who uses it are opened without
 * following a link.
 */
#include "htanshin/backup/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/backup/tree.h"
#include "runtime/state_names.h"
#include "store/files/lock.h"

static apr_status_t failed(anshin_call_t *call, const char *name)
{
    return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1741", "restore: %s: %s", name, strerror(errno));
}

/* 1: a directory below fd has something in it; 0: it has nothing, or is not there. */
static int holds(int fd, const char *name)
{
    int directory = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = directory >= 0 ? fdopendir(directory) : NULL;
    const struct dirent *entry;
    int found = 0;

    if (stream == NULL) {
        found = errno != ENOENT;
        if (directory >= 0) {
            (void)close(directory);
        }
        return found;
    }
    while (!found && (entry = readdir(stream)) != NULL) {
        found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    (void)closedir(stream);
    return found;
}

/* What htanshin state prepare makes alone is nothing: empty directories, and a key that has sealed nothing yet. */
static int is_used(int state)
{
    static const char *const parts[] = {ANSHIN_STATE_STORE, ANSHIN_STATE_CA, ANSHIN_STATE_AUDIT, ANSHIN_STATE_MAIL};
    int used = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        used |= holds(state, parts[i]);
    }
    return used;
}

static apr_status_t busy(anshin_call_t *call, const char *who)
{
    return anshin_fail(&call->op.error, ANSHIN_EBUSY, "AN1742",
                       "restore: %s uses %s: stop httpd and the CA worker, and let commands end", who, call->state_dir);
}

/* Whoever has the store open shares a lock; the worker has one as long as it lives. */
static apr_status_t lock(anshin_place_t *place, anshin_call_t *call, int state)
{
    apr_status_t status;

    place->worker = openat(state, ANSHIN_STATE_RUN "/ca.lock", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (place->worker >= 0 && flock(place->worker, LOCK_EX | LOCK_NB) != 0) {
        return busy(call, "the CA worker");
    }
    place->lock = openat(state, ANSHIN_STATE_STORE "/control", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (place->lock < 0) {
        return errno == ENOENT ? APR_SUCCESS : failed(call, "store/control");
    }
    status = anshin_lock_try(place->lock, ANSHIN_LOCK_ALIVE, ANSHIN_LOCK_EXCLUSIVE, &call->op.error);
    return status == ANSHIN_EBUSY ? busy(call, "a process") : status;
}

static apr_status_t look(anshin_place_t *place, anshin_call_t *call, anshin_place_act_t act)
{
    int state = openat(place->above, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat above, seen;
    apr_status_t status = APR_SUCCESS;

    if (state < 0) {
        return errno == ENOENT ? APR_SUCCESS : failed(call, call->state_dir);
    }
    place->there = is_used(state);
    if (fstat(state, &seen) == 0 && fstat(place->above, &above) == 0 && seen.st_dev != above.st_dev) {
        status = anshin_fail(&call->op.error, ANSHIN_EINVALID, "AN1794",
                             "restore: %s is a mount point, which no directory can take the place of: mount it one "
                             "directory above, or restore into a directory in it and name that with -d",
                             call->state_dir);
    } else if (place->there && act == ANSHIN_PLACE_NEW) {
        status =
            anshin_fail(&call->op.error, ANSHIN_ECONFLICT, "AN1743",
                        "restore: %s is not empty; with --replace it is kept beside, and the backup takes its place",
                        call->state_dir);
    } else {
        status = lock(place, call, state);
    }
    (void)close(state);
    return status;
}

/* One that was left by a restore that was killed is removed; a running one has it locked. */
static apr_status_t make(anshin_place_t *place, anshin_call_t *call)
{
    int left = openat(place->above, place->made, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (left >= 0) {
        int taken = flock(left, LOCK_EX | LOCK_NB) == 0;

        (void)close(left);
        if (!taken) {
            return busy(call, "another restore");
        }
        (void)anshin_tree_remove(place->above, place->made);
    }
    if (mkdirat(place->above, place->made, S_IRWXU) != 0) {
        return failed(call, place->made);
    }
    place->fd = openat(place->above, place->made, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return place->fd >= 0 && flock(place->fd, LOCK_EX | LOCK_NB) == 0 ? APR_SUCCESS : failed(call, place->made);
}

apr_status_t anshin_place_begin(anshin_place_t *place, anshin_call_t *call, anshin_place_act_t act)
{
    apr_size_t length = strlen(call->state_dir);
    const char *slash;
    apr_status_t status;

    *place = (anshin_place_t){.above = -1, .fd = -1, .lock = -1, .worker = -1};
    while (length > 1 && call->state_dir[length - 1] == '/') {
        length--;
    }
    place->name = apr_pstrmemdup(call->pool, call->state_dir, length);
    slash = strrchr(place->name, '/');
    if (slash == NULL || slash[1] == '\0') {
        errno = EINVAL;
        return failed(call, call->state_dir);
    }
    place->above = open(apr_pstrmemdup(call->pool, place->name, (apr_size_t)(slash - place->name) + 1),
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    place->name = slash + 1;
    place->made = apr_pstrcat(call->pool, place->name, ".restoring", NULL);
    if (place->above < 0) {
        return failed(call, call->state_dir);
    }
    status = act == ANSHIN_PLACE_TRY ? APR_SUCCESS : look(place, call, act);
    return status == APR_SUCCESS ? make(place, call) : status;
}

/* The i-th name of this second. */
static const char *name_now(const anshin_place_t *place, int i, apr_pool_t *pool)
{
    char text[32];
    time_t now = time(NULL);
    struct tm parts;

    (void)gmtime_r(&now, &parts);
    (void)strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &parts);
    return i == 1 ? apr_pstrcat(pool, place->name, ".before-", text, NULL)
                  : apr_psprintf(pool, "%s.before-%s.%d", place->name, text, i);
}

/* Give a name one that nothing has yet; NULL: errno. */
static const char *put_aside(const anshin_place_t *place, const char *name, apr_pool_t *pool)
{
    for (int i = 1; i <= 9; i++) {
        const char *aside = name_now(place, i, pool);

        if (anshin_tree_rename(place->above, name, aside) == 0) {
            return aside;
        }
        if (errno != EEXIST) {
            return NULL;
        }
    }
    return NULL;
}

/* Both change their names in one step. What was made has the name of what is kept first: a power cut in between leaves
 * STATE as it is, and nothing that the next restore would remove. Where the file system cannot, STATE has no name for a
 * moment. *before: what was STATE. */
static apr_status_t exchange(const anshin_place_t *place, anshin_call_t *call, const char **before)
{
    const char *aside = put_aside(place, place->made, call->pool);

    if (aside == NULL) {
        return failed(call, place->made);
    }
    *before = aside;
    if (renameat2(place->above, aside, place->above, place->name, RENAME_EXCHANGE) == 0) {
        return APR_SUCCESS;
    }
    if ((errno != EINVAL && errno != ENOSYS) || renameat(place->above, aside, place->above, place->made) != 0) {
        apr_status_t status = failed(call, place->name);

        (void)renameat(place->above, aside, place->above, place->made);
        return status;
    }
    *before = put_aside(place, place->name, call->pool);
    if (*before == NULL) {
        return failed(call, place->name);
    }
    if (renameat(place->above, place->made, place->above, place->name) != 0) {
        apr_status_t status = failed(call, place->made);

        (void)renameat(place->above, *before, place->above, place->name);
        return status;
    }
    return APR_SUCCESS;
}

/* 1: nobody has put anything in there since it was looked at. */
static int is_still_empty(const anshin_place_t *place, const char *name)
{
    int fd = openat(place->above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int empty = fd >= 0 && !is_used(fd);

    if (fd >= 0) {
        (void)close(fd);
    }
    return empty;
}

apr_status_t anshin_place_swap(anshin_place_t *place, anshin_call_t *call, const char **kept)
{
    const char *before = NULL;
    struct stat seen;
    apr_status_t status;

    *kept = NULL;
    if (syncfs(place->fd) != 0) {
        return failed(call, place->made);
    }
    if (fstatat(place->above, place->name, &seen, AT_SYMLINK_NOFOLLOW) == 0) {
        status = exchange(place, call, &before);
    } else {
        status = renameat(place->above, place->made, place->above, place->name) == 0 ? APR_SUCCESS
                                                                                     : failed(call, place->made);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    place->made = NULL;
    if (before != NULL && (place->there || !is_still_empty(place, before))) {
        *kept = before;
    } else if (before != NULL) {
        (void)anshin_tree_remove(place->above, before);
    }
    return fsync(place->above) == 0 ? APR_SUCCESS : failed(call, place->name);
}

void anshin_place_end(anshin_place_t *place)
{
    if (place->fd >= 0) {
        (void)close(place->fd);
        if (place->made != NULL) {
            (void)anshin_tree_remove(place->above, place->made);
        }
    }
    if (place->lock >= 0) {
        (void)close(place->lock);
    }
    if (place->worker >= 0) {
        (void)close(place->worker);
    }
    if (place->above >= 0) {
        (void)close(place->above);
    }
}
