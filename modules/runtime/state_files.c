/*
 * The files of STATE itself, seal key and configuration: see state_files.h.
 *
 * SECURITY: with another seal key than the one that the store was written with, invitations, waiting downloads and
 * unsent mail are lost for good, and nobody is told. So a key is made only where there is nothing yet that needs one
 * (S39).
 */
#include "runtime/state_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "crypto/keyfile.h"
#include "runtime/config_file.h"
#include "runtime/state_names.h"

#define KEY_FILE ANSHIN_STATE_KEY
#define KEY_MODE 0640

/* 1: there is something in STATE/store. -1: with errno. */
static int store_holds(const anshin_state_walk_t *walk)
{
    int fd = openat(walk->fd, ANSHIN_STATE_STORE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    int found = 0;

    if (stream == NULL) {
        int code = errno;

        if (fd >= 0) {
            (void)close(fd);
        }
        errno = code;
        return code == ENOENT ? 0 : -1;
    }
    while (!found && (entry = readdir(stream)) != NULL) {
        found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    (void)closedir(stream);
    return found;
}

static apr_status_t make_key(const anshin_state_walk_t *walk)
{
    const char *path = anshin_state_path(walk, KEY_FILE);
    int holds = store_holds(walk);

    if (holds < 0) {
        return anshin_state_failed(walk, "cannot look into", ANSHIN_STATE_STORE);
    }
    if (holds) {
        return anshin_fail(
            walk->err, ANSHIN_EINVALID, "AN1025",
            "%s is missing, though the store holds something: put it back from the backup; a new key opens "
            "nothing that the old one sealed (operator's guide, \"A lost seal key\")",
            path);
    }
    return walk->act == ANSHIN_STATE_LOOK ? APR_SUCCESS
                                          : anshin_seal_key_create(path, walk->owners->group, walk->err, walk->pool);
}

static apr_status_t no_file(const anshin_state_walk_t *walk, const char *name)
{
    return anshin_fail(walk->err, ANSHIN_EINVALID, "AN1026", "%s is not a file of its own; move it away",
                       anshin_state_path(walk, name));
}

/* A change of the seal key that was broken off leaves the present one under the name of the old one as well
 * (crypto/keyfile.h). */
static int is_pair(const anshin_state_walk_t *walk, const struct stat *seen)
{
    static const char *const names[] = {ANSHIN_STATE_KEY, ANSHIN_STATE_KEY_OLD};
    int same = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct stat facts;

        same += fstatat(walk->fd, names[i], &facts, AT_SYMLINK_NOFOLLOW) == 0 && facts.st_dev == seen->st_dev &&
                facts.st_ino == seen->st_ino;
    }
    return seen->st_nlink == 2 && same == 2;
}

/* A file that is root's (or, without root, ours) and that nobody else may write. */
static apr_status_t judge_file(const anshin_state_walk_t *walk, const char *name, const struct stat *seen, mode_t mode)
{
    const char *path = anshin_state_path(walk, name);

    /* A second name could lie anywhere, and its owner and mode with it. */
    if (!S_ISREG(seen->st_mode) || (walk->act == ANSHIN_STATE_MEND && seen->st_nlink != 1 && !is_pair(walk, seen))) {
        return no_file(walk, name);
    }
    if (walk->act == ANSHIN_STATE_MEND) {
        return APR_SUCCESS;
    }
    if (seen->st_uid != geteuid() || (seen->st_mode & 07777 & ~mode) != 0 ||
        (walk->root && (seen->st_gid != walk->owners->group || (seen->st_mode & S_IRGRP) == 0))) {
        return anshin_fail(walk->err, ANSHIN_EINVALID, "AN1027",
                           "%s must be %s, of AnshinGroup, with mode %04o; run htanshin state prepare", path,
                           walk->root ? "root's" : "ours", (unsigned)mode);
    }
    return APR_SUCCESS;
}

/* ANSHIN_ENOTFOUND: it is not there. */
static apr_status_t file_of(const anshin_state_walk_t *walk, const char *name, mode_t mode)
{
    struct stat seen;
    apr_status_t status;
    int fd = openat(walk->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT) {
        return ANSHIN_ENOTFOUND;
    }
    if (fd < 0 && errno == ELOOP) {
        return no_file(walk, name);
    }
    if (fd < 0) {
        return anshin_state_failed(walk, "cannot open", name);
    }
    status =
        fstat(fd, &seen) == 0 ? judge_file(walk, name, &seen, mode) : anshin_state_failed(walk, "cannot look at", name);
    if (status == APR_SUCCESS && walk->act == ANSHIN_STATE_MEND) {
        status = anshin_state_set(walk, fd, name, &seen, geteuid(), mode);
    }
    (void)close(fd);
    return status;
}

apr_status_t anshin_state_files(const anshin_state_walk_t *walk)
{
    static const char *const others[] = {ANSHIN_STATE_KEY_NEW, ANSHIN_STATE_KEY_OLD};
    apr_status_t status = APR_SUCCESS;

    if (walk->act == ANSHIN_STATE_MEND) {
        status = anshin_seal_key_tidy(anshin_state_path(walk, KEY_FILE), walk->err, walk->pool);
    }
    status = status == APR_SUCCESS ? file_of(walk, KEY_FILE, KEY_MODE) : status;
    if (status == ANSHIN_ENOTFOUND) {
        status = make_key(walk);
    }
    for (size_t i = 0; status == APR_SUCCESS && i < sizeof(others) / sizeof(others[0]); i++) {
        status = file_of(walk, others[i], KEY_MODE);
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    /* The start writes it anew; what was there before is nobody's any more. */
    if (status == APR_SUCCESS && walk->act == ANSHIN_STATE_MEND) {
        status = file_of(walk, ANSHIN_CONFIG_FILE, ANSHIN_CONFIG_FILE_MODE);
        status = status == ANSHIN_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}
