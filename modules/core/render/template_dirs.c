/*
 * Templates from files: the directories of a contract first, then those of the distribution.
 *
 * SECURITY: names come from templates and handlers, and are still checked, so that none leads out of the directories.
 * What a link in a directory points to is the operator's decision.
 */
#include "core/render/template_dirs.h"

#include <string.h>

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define NAME_MAX_LENGTH 128

/* Letters, digits, '-', '_'; single '/' between parts. No dot at all, so neither ".." nor another suffix. */
static int is_name(const char *name)
{
    apr_size_t i;

    if (!*name || strlen(name) > NAME_MAX_LENGTH) {
        return 0;
    }
    for (i = 0; name[i]; i++) {
        int slash = name[i] == '/';

        if (slash && (i == 0 || name[i - 1] == '/' || !name[i + 1])) {
            return 0;
        }
        if (!slash && !apr_isalnum(name[i]) && name[i] != '-' && name[i] != '_') {
            return 0;
        }
    }
    return 1;
}

static apr_status_t cannot_read(const char *path, apr_status_t why, anshin_error_t *err)
{
    char reason[120];

    return anshin_fail(err, ANSHIN_EFAULT, "AN0210", "cannot read %s: %s", path,
                       apr_strerror(why, reason, sizeof(reason)));
}

static apr_status_t read_open_file(const char **source, apr_file_t *file, const char *path, anshin_error_t *err,
                                   apr_pool_t *pool)
{
    apr_finfo_t info;
    apr_size_t size;
    char *text;
    apr_status_t status = apr_file_info_get(&info, APR_FINFO_TYPE | APR_FINFO_SIZE, file);

    if (status != APR_SUCCESS) {
        return cannot_read(path, status, err);
    }
    if (info.filetype != APR_REG || info.size > ANSHIN_TEMPLATE_MAX) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0211", "%s is not a file of at most %d bytes", path,
                           ANSHIN_TEMPLATE_MAX);
    }
    size = (apr_size_t)info.size;
    text = apr_palloc(pool, size + 1);
    status = apr_file_read_full(file, text, size, &size);
    if (status != APR_SUCCESS && !APR_STATUS_IS_EOF(status)) {
        return cannot_read(path, status, err);
    }
    text[size] = '\0';
    if (strlen(text) != size) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN0212", "%s holds a NUL byte", path);
    }
    /* Editors on Windows begin UTF-8 files with a byte order mark; in the middle of a page it would show. */
    *source = strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? text + 3 : text;
    return APR_SUCCESS;
}

static apr_status_t read_file(const char **source, const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_status_t status = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, pool);

    if (APR_STATUS_IS_ENOENT(status) || APR_STATUS_IS_ENOTDIR(status)) {
        return ANSHIN_ENOTFOUND;
    }
    if (status != APR_SUCCESS) {
        return cannot_read(path, status, err);
    }
    status = read_open_file(source, file, path, err, pool);
    apr_file_close(file);
    return status;
}

apr_status_t anshin_template_from_dirs(void *baton, const char *name, const char **source, anshin_error_t *err,
                                       apr_pool_t *pool)
{
    const anshin_template_dirs_t *templates = baton;
    const char *const *dir;

    if (!is_name(name)) {
        return ANSHIN_ENOTFOUND;
    }
    for (dir = templates->dirs; *dir; dir++) {
        const char *path = apr_pstrcat(pool, *dir, "/", name, templates->suffix, NULL);
        apr_status_t status = read_file(source, path, err, pool);

        if (status != ANSHIN_ENOTFOUND) {
            return status;
        }
    }
    return ANSHIN_ENOTFOUND;
}
