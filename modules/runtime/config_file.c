/*
 * Reading and writing STATE/config.json: see config_file.h.
 *
 * SECURITY: it decides who gets in and whom root becomes. Owner and mode are looked at on the descriptor that is then
 * read, so that nothing can be put in its place in between, and it is checked like directives when it is read.
 */
#include "runtime/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/config/config_json.h"
#include "runtime/io.h"

#define SIZE_MAX_READ 4194304

/* --- in --- */

static apr_status_t check(int fd, const char *path, anshin_error_t *err)
{
    struct stat seen;

    if (fstat(fd, &seen) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0770", "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(seen.st_mode) || (seen.st_uid != 0 && seen.st_uid != geteuid()) ||
        (seen.st_mode & (S_IWGRP | S_IRWXO)) != 0) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0771",
                           "%s must be a file of root or of this user, which nobody else can write (mode 0640)", path);
    }
    return APR_SUCCESS;
}

static apr_status_t parse(anshin_config_t **config, int fd, const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    json_error_t where = {.line = 0};
    char *data = malloc(SIZE_MAX_READ);
    apr_size_t length = 0;
    json_t *json = NULL;
    apr_status_t status = data == NULL ? APR_ENOMEM : anshin_io_read(fd, data, SIZE_MAX_READ, &length);

    if (status == APR_SUCCESS && length < SIZE_MAX_READ) {
        json = json_loadb(data, length, JSON_REJECT_DUPLICATES, &where);
    }
    free(data);
    if (json == NULL) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0772", "%s line %d: %.120s", path, where.line,
                           status != APR_SUCCESS ? "cannot be read" : where.text);
    }
    status = anshin_config_from_json(config, json, err, pool);
    json_decref(json);
    return status;
}

/* --- a directory that has moved --- */

/* NULL: path does not lie below from. */
static const char *moved(const char *path, const char *from, const char *to, apr_pool_t *pool)
{
    apr_size_t length = strlen(from);

    while (length > 1 && from[length - 1] == '/') {
        length--;
    }
    if (strncmp(path, from, length) != 0 || (path[length] != '/' && path[length] != '\0')) {
        return NULL;
    }
    return apr_pstrcat(pool, to, path + length, NULL);
}

static void move_paths(void *structure, const anshin_option_t *options, const char *from, const char *to,
                       apr_pool_t *pool)
{
    for (const anshin_option_t *option = options; option->directive != NULL; option++) {
        const char **path = (const char **)(void *)((char *)structure + option->offset);
        int may_move = option->kind == ANSHIN_OPTION_PATH || option->kind == ANSHIN_OPTION_KEY;
        const char *now = may_move && *path != NULL ? moved(*path, from, to, pool) : NULL;

        if (now != NULL) {
            *path = now;
        }
    }
}

/* What lies below the place that the file was written for lies below the place where it was found. */
static void move_to(anshin_config_t *config, const char *state_dir, apr_pool_t *pool)
{
    const char *from = config->server.state_dir;
    const char *to = apr_pstrdup(pool, state_dir);

    if (strcmp(from, to) == 0) {
        return;
    }
    move_paths(&config->server, anshin_server_options, from, to, pool);
    for (int i = 0; i < config->contracts->nelts; i++) {
        anshin_contract_t *contract = APR_ARRAY_IDX(config->contracts, i, anshin_contract_t *);

        move_paths(&contract->policy, anshin_policy_options, from, to, pool);
    }
    config->server.state_dir = to;
}

apr_status_t anshin_config_file_read(anshin_config_t **config, const char *state_dir, anshin_error_t *err,
                                     apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, state_dir, "/" ANSHIN_CONFIG_FILE, NULL);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    apr_status_t status;

    if (fd < 0) {
        return errno == ENOENT ? anshin_fail(err, ANSHIN_ENOTFOUND, "AN0773",
                                             "%s is not there: start httpd once with this AnshinStateDir", path)
               : errno == ELOOP
                   ? anshin_fail(err, ANSHIN_EINVALID, "AN1022",
                                 "%s is a link, which is not followed; remove it, and httpd writes a file of its own",
                                 path)
                   : anshin_fail(err, ANSHIN_EFAULT, "AN0774", "%s: %s", path, strerror(errno));
    }
    status = check(fd, path, err);
    if (status == APR_SUCCESS) {
        status = parse(config, fd, path, err, pool);
    }
    (void)close(fd);
    if (status == APR_SUCCESS) {
        move_to(*config, state_dir, pool);
    }
    return status;
}

/* --- out --- */

static apr_status_t failed(anshin_error_t *err, const char *what, const char *path, int code)
{
    return anshin_fail(err, ANSHIN_EFAULT, "AN0925", "%s %s: %s", what, path, strerror(code));
}

/* The file complete and on disk; its group is that of the directory, which alone can enter it. 0, or an errno. */
static int fill(int fd, const char *state_dir, const char *text)
{
    struct stat directory;
    apr_status_t status = anshin_io_write(fd, text, strlen(text));

    if (status != APR_SUCCESS) {
        return status;
    }
    if (stat(state_dir, &directory) != 0 || (geteuid() == 0 && fchown(fd, (uid_t)-1, directory.st_gid) != 0) ||
        fchmod(fd, ANSHIN_CONFIG_FILE_MODE) != 0 || fsync(fd) != 0) {
        return errno;
    }
    return 0;
}

/* Write text to a new file beside path and put it in its place. */
static apr_status_t replace(const char *path, const char *state_dir, const char *text, anshin_error_t *err,
                            apr_pool_t *pool)
{
    char *fresh = apr_pstrcat(pool, path, ".XXXXXX", NULL);
    apr_status_t status = APR_SUCCESS;
    int fd = mkostemp(fresh, O_CLOEXEC);
    int code;

    if (fd < 0) {
        return failed(err, "cannot make", fresh, errno);
    }
    code = fill(fd, state_dir, text);
    if (close(fd) != 0 && code == 0) {
        code = errno;
    }
    if (code != 0) {
        status = failed(err, "cannot write", fresh, code);
    } else if (rename(fresh, path) != 0) {
        status = failed(err, "cannot replace", path, errno);
    }
    if (status != APR_SUCCESS) {
        (void)unlink(fresh);
    }
    return status;
}

apr_status_t anshin_config_file_write(const anshin_config_t *config, anshin_error_t *err, apr_pool_t *pool)
{
    const char *state_dir = config->server.state_dir;
    json_t *json = anshin_config_to_json(config, pool);
    char *text = json == NULL ? NULL : json_dumps(json, JSON_INDENT(2));
    apr_status_t status;

    json_decref(json);
    if (text == NULL) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0926", "no memory for config.json");
    }
    status = replace(apr_pstrcat(pool, state_dir, "/" ANSHIN_CONFIG_FILE, NULL), state_dir, text, err, pool);
    free(text);
    if (status == APR_SUCCESS) {
        apr_status_t code = anshin_io_sync_directory(state_dir);

        status = code == APR_SUCCESS ? code : failed(err, "cannot sync", state_dir, code);
    }
    return status;
}
