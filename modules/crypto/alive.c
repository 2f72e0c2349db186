/*
 * Which processes live: see alive.h.
 *
 * The name of a process is random, so that it is never another's, and that of its machine and directory: a lock of
 * another machine cannot be seen here, so nobody there is called dead. Machines that share a store are told apart by
 * their names there, and two on one host by their directories: names of hosts may be the same.
 *
 * SECURITY: names come out of the store; one that is not of our own making is no name of a file.
 */
#include "crypto/alive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_general.h>
#include <apr_strings.h>

#define NAME_BYTES 12
#define NAME_DIGITS (2 * NAME_BYTES)
#define HOST_MAX 64
#define PREFIX "alive."

typedef struct alive_t {
    anshin_owners_t owners;
    const char *directory;
    const char *path;
    const char *host; /* of machine and directory, with the sign before it */
    int file;
} alive_t;

static const char *path_of(const char *directory, const char *name, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s/" PREFIX "%.*s", directory, NAME_DIGITS, name);
}

static int is_ours(const alive_t *alive, const char *owner)
{
    return strspn(owner, "0123456789abcdef") == NAME_DIGITS && strcmp(owner + NAME_DIGITS, alive->host) == 0;
}

/* Remove the file of a process that has died; 1: it had. */
static int bury(const char *path)
{
    int file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    int dead;

    if (file < 0) {
        return errno == ENOENT;
    }
    dead = flock(file, LOCK_SH | LOCK_NB) == 0;
    if (dead) {
        unlink(path);
    }
    close(file);
    return dead;
}

/* What was killed left its file behind, and perhaps nobody ever asks for it. */
static void bury_all(const char *directory, apr_pool_t *pool)
{
    apr_finfo_t entry;
    apr_dir_t *dir;

    if (apr_dir_open(&dir, directory, pool) != APR_SUCCESS) {
        return;
    }
    while (apr_dir_read(&entry, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (strncmp(entry.name, PREFIX, strlen(PREFIX)) == 0) {
            (void)bury(apr_pstrcat(pool, directory, "/", entry.name, NULL));
        }
    }
    apr_dir_close(dir);
}

/* Whoever cannot be looked at lives. */
static int lives(void *ctx, const char *owner, apr_pool_t *pool)
{
    const alive_t *alive = ctx;

    return !is_ours(alive, owner) || !bury(path_of(alive->directory, owner, pool));
}

static apr_status_t leave(void *data)
{
    const alive_t *alive = data;

    unlink(alive->path);
    close(alive->file);
    return APR_SUCCESS;
}

apr_status_t anshin_alive_open(const anshin_owners_t **owners, const char *directory, const char *node,
                               anshin_error_t *err, apr_pool_t *pool)
{
    alive_t *alive = apr_pcalloc(pool, sizeof(*alive));
    unsigned char name[NAME_BYTES];
    char host[HOST_MAX + 1] = "";
    const char *fresh;
    struct stat seen;

    if (apr_generate_random_bytes(name, sizeof(name)) != APR_SUCCESS || gethostname(host, HOST_MAX) != 0 ||
        stat(directory, &seen) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1060", "this process cannot be given a name: %s", strerror(errno));
    }
    alive->directory = apr_pstrdup(pool, directory);
    alive->host = apr_psprintf(pool, "@%s:%lx:%lx", node != NULL ? node : host, (unsigned long)seen.st_dev,
                               (unsigned long)seen.st_ino);
    alive->owners.ctx = alive;
    alive->owners.self = apr_pstrcat(pool, anshin_hex(name, sizeof(name), pool), alive->host, NULL);
    alive->owners.lives = lives;
    alive->path = path_of(directory, alive->owners.self, pool);
    /* It has its name only when it is locked: nobody must take it for a dead one's. */
    fresh = apr_pstrcat(pool, directory, "/fresh.", alive->owners.self, NULL);
    alive->file = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0660);
    if (alive->file < 0 || flock(alive->file, LOCK_EX | LOCK_NB) != 0 || rename(fresh, alive->path) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1061", "%s: %s", alive->path, strerror(errno));
    }
    apr_pool_cleanup_register(pool, alive, leave, apr_pool_cleanup_null);
    bury_all(directory, pool);
    *owners = &alive->owners;
    return APR_SUCCESS;
}
