/*
 * The state directory: see state_dir.h.
 *
 * SECURITY: works as root. STATE itself is closed first, so that names in it are root's; what lies in it is opened
 * without following a link, judged on the descriptor, and changed by the descriptor (S36). A directory that the world
 * could enter is refused and not mended, since it may have been read already; unless the operator says so.
 */
#include "runtime/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "runtime/privilege.h"
#include "runtime/state_files.h"
#include "runtime/state_mend.h"
#include "runtime/state_names.h"

#define TOP_MODE 0750

typedef struct part_t {
    const char *name;
    anshin_state_keeper_t owner;
    mode_t mode;
} part_t;

static const part_t parts[] = {
    {ANSHIN_STATE_CA, ANSHIN_KEEPER_SIGNER, 0750},    {ANSHIN_STATE_STORE, ANSHIN_KEEPER_GROUP, 02770},
    {ANSHIN_STATE_SLOTS, ANSHIN_KEEPER_GROUP, 02770}, {ANSHIN_STATE_RUN, ANSHIN_KEEPER_GROUP, 02770},
    {ANSHIN_STATE_MAIL, ANSHIN_KEEPER_GROUP, 02770},  {ANSHIN_STATE_CRL, ANSHIN_KEEPER_GROUP, 02770},
    {ANSHIN_STATE_AUDIT, ANSHIN_KEEPER_WORKER, 0750},
};

/* --- one directory --- */

/* What was wrong before we came and only the operator can judge. */
static apr_status_t judge(const anshin_state_walk_t *walk, const char *name, const struct stat *seen, mode_t mode)
{
    const char *path = anshin_state_path(walk, name);

    if (walk->act == ANSHIN_STATE_MEND) {
        return APR_SUCCESS;
    }
    if ((seen->st_mode & S_IRWXO) != 0) {
        return anshin_fail(
            walk->err, ANSHIN_EINVALID, "AN0544",
            "%s has mode %04o, which lets everybody in; make it %04o (chmod %04o %s), or run htanshin state prepare",
            path, (unsigned)(seen->st_mode & 07777), (unsigned)mode, (unsigned)mode, path);
    }
    if (walk->root && seen->st_gid != walk->owners->group) {
        return anshin_fail(walk->err, ANSHIN_EINVALID, "AN0545",
                           "%s does not belong to AnshinGroup; make it (chgrp), or run htanshin state prepare", path);
    }
    return APR_SUCCESS;
}

static apr_status_t no_directory(const anshin_state_walk_t *walk, const char *name)
{
    return anshin_fail(walk->err, ANSHIN_EINVALID, "AN0543",
                       "%s is not a directory; no link is followed here: move it away, or name another",
                       anshin_state_path(walk, name));
}

/* Open a directory of STATE. ANSHIN_ENOTFOUND: it is not there, and was not to be made. *made: it is new. */
static apr_status_t enter(int *fd, struct stat *seen, int *made, const anshin_state_walk_t *walk, const part_t *part)
{
    *made = walk->act != ANSHIN_STATE_LOOK && mkdirat(walk->fd, part->name, S_IRWXU) == 0;
    if (walk->act != ANSHIN_STATE_LOOK && !*made && errno != EEXIST) {
        return anshin_state_failed(walk, "cannot make", part->name);
    }
    *fd = openat(walk->fd, part->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0 && errno == ENOENT && walk->act == ANSHIN_STATE_LOOK) {
        return ANSHIN_ENOTFOUND;
    }
    if (*fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
        return no_directory(walk, part->name);
    }
    if (*fd < 0 || fstat(*fd, seen) != 0) {
        return anshin_state_failed(walk, "cannot open", part->name);
    }
    return APR_SUCCESS;
}

static apr_status_t part_of(const anshin_state_walk_t *walk, const part_t *part)
{
    uid_t uid = anshin_state_keeper(walk, part->owner);
    struct stat seen;
    int fd = -1;
    int made;
    apr_status_t status = enter(&fd, &seen, &made, walk, part);

    if (status == APR_SUCCESS && !made) {
        status = judge(walk, part->name, &seen, part->mode);
    }
    if (status == APR_SUCCESS) {
        status = anshin_state_set(walk, fd, part->name, &seen, uid, part->mode);
    }
    if (status == APR_SUCCESS && !made && walk->act == ANSHIN_STATE_MEND) {
        status = anshin_state_mend(walk, fd, part->name, part->owner);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

/* --- STATE itself --- */

static apr_status_t check_owner(const anshin_state_walk_t *walk, const struct stat *seen)
{
    if (seen->st_uid == geteuid()) {
        return APR_SUCCESS;
    }
    if (walk->root) {
        return anshin_fail(walk->err, ANSHIN_EINVALID, "AN1023",
                           "%s belongs to user %lu; where httpd is started by root it must be root's (chown root)",
                           walk->path, (unsigned long)seen->st_uid);
    }
    return walk->act == ANSHIN_STATE_LOOK
               ? ANSHIN_EDENIED
               : anshin_fail(walk->err, ANSHIN_EINVALID, "AN1024", "%s belongs to user %lu, not to us", walk->path,
                             (unsigned long)seen->st_uid);
}

/* The group could rename what lies in it: closed before anything in it is looked at. */
static apr_status_t close_top(const anshin_state_walk_t *walk, const struct stat *seen, int made)
{
    apr_status_t status = made ? APR_SUCCESS : judge(walk, "", seen, TOP_MODE);

    if (status == APR_SUCCESS) {
        status = anshin_state_set(walk, walk->fd, "", seen, geteuid(), TOP_MODE);
    }
    if (status == APR_SUCCESS && !made && walk->act != ANSHIN_STATE_LOOK && (seen->st_mode & 07777) != TOP_MODE) {
        anshin_state_tell(walk,
                          apr_psprintf(walk->pool, "%s had mode %04o; it has %04o now, and names in it are its owner's",
                                       walk->path, (unsigned)(seen->st_mode & 07777), (unsigned)TOP_MODE));
    }
    return status;
}

/* ANSHIN_ENOTFOUND: there is none yet. */
static apr_status_t open_top(anshin_state_walk_t *walk)
{
    struct stat seen;
    int made = walk->act != ANSHIN_STATE_LOOK && mkdir(walk->path, S_IRWXU) == 0;
    apr_status_t status;

    if (walk->act != ANSHIN_STATE_LOOK && !made && errno != EEXIST) {
        return anshin_state_failed(walk, "cannot make", "");
    }
    walk->fd = open(walk->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (walk->fd < 0 && errno == ENOENT && walk->act == ANSHIN_STATE_LOOK) {
        return ANSHIN_ENOTFOUND;
    }
    if (walk->fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
        return no_directory(walk, "");
    }
    if (walk->fd < 0 || fstat(walk->fd, &seen) != 0) {
        return anshin_state_failed(walk, "cannot open", "");
    }
    status = check_owner(walk, &seen);
    return status == APR_SUCCESS ? close_top(walk, &seen, made) : status;
}

static apr_status_t walk_all(anshin_state_walk_t *walk)
{
    apr_status_t status = open_top(walk);

    for (apr_size_t i = 0; status == APR_SUCCESS && i < sizeof(parts) / sizeof(parts[0]); i++) {
        status = part_of(walk, &parts[i]);
    }
    if (status == APR_SUCCESS) {
        status = anshin_state_files(walk);
    }
    if (status == APR_SUCCESS && walk->act != ANSHIN_STATE_LOOK && fsync(walk->fd) != 0) {
        status = anshin_state_failed(walk, "cannot sync", "");
    }
    return status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
}

apr_status_t anshin_state_dir(const char *state_dir, const anshin_state_owners_t *owners, anshin_state_act_t act,
                              apr_array_header_t *done, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_state_walk_t walk = {state_dir, -1, act, geteuid() == 0, owners, done, err, pool};
    apr_status_t status = walk_all(&walk);

    if (walk.fd >= 0) {
        (void)close(walk.fd);
    }
    return status;
}

apr_status_t anshin_state_owners_find(anshin_state_owners_t *owners, const anshin_server_t *server, anshin_error_t *err)
{
    anshin_unix_user_t signer = {.name = NULL, .uid = (uid_t)-1};
    anshin_unix_user_t worker = {.name = NULL, .uid = (uid_t)-1};
    anshin_error_t deaf;
    apr_status_t status;

    anshin_error_clear(&deaf);
    owners->group = (gid_t)-1;
    owners->signer = owners->worker = (uid_t)-1;
    if (geteuid() != 0) {
        return APR_SUCCESS;
    }
    status = anshin_unix_group_find(&owners->group, server->group, err);
    if (status == APR_SUCCESS) {
        status = anshin_unix_user_find(&signer, server->signer_user, err);
        owners->signer = signer.uid;
    }
    if (status == APR_SUCCESS && server->worker_user != NULL &&
        anshin_unix_user_find(&worker, server->worker_user, &deaf) == APR_SUCCESS) {
        owners->worker = worker.uid; /* who is missing is told of by the worker's start */
    }
    return status;
}
