/*
 * Segments of the trail: see trail_file.h.
 *
 * SECURITY: the directory is the worker's, and the group reads it: httpd's children can neither change nor remove what
 * the worker has put there.
 */
#include "runtime/trail_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/audit/trail.h"
#include "runtime/state_names.h"

const char *anshin_trail_directory(const anshin_env_t *env, apr_pool_t *pool)
{
    return apr_pstrcat(pool, env->config->server.state_dir, "/" ANSHIN_STATE_AUDIT, NULL);
}

const char *anshin_trail_path(const anshin_env_t *env, apr_int64_t segment, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s/%s-%08" APR_INT64_T_FMT ".jsonl", anshin_trail_directory(env, pool),
                        anshin_trail_node(env), segment);
}

apr_status_t anshin_trail_read(anshin_trail_reader_t *reader, const char *path, apr_int64_t from, anshin_error_t *err,
                               apr_pool_t *pool)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    memset(reader, 0, sizeof(*reader));
    if (fd < 0) {
        return errno == ENOENT ? ANSHIN_ENOTFOUND
                               : anshin_fail(err, ANSHIN_EFAULT, "AN1465", "audit: %s: %s", path, strerror(errno));
    }
    reader->file = fdopen(fd, "r");
    if (reader->file == NULL || fseeko(reader->file, (off_t)from, SEEK_SET) != 0) {
        (void)close(fd);
        return anshin_fail(err, ANSHIN_EFAULT, "AN1466", "audit: %s cannot be read: %s", path, strerror(errno));
    }
    reader->text = apr_palloc(pool, ANSHIN_LINE_MAX + 1);
    reader->octets = from;
    return APR_SUCCESS;
}

int anshin_trail_next(anshin_trail_reader_t *reader)
{
    apr_size_t length = 0;
    int c;

    while ((c = getc(reader->file)) != EOF && c != '\n' && c != '\0' && length < ANSHIN_LINE_MAX) {
        reader->text[length++] = (char)c;
    }
    reader->text[length] = '\0';
    if (c == EOF && length == 0) {
        return 0;
    }
    if (c != '\n') {
        return -1;
    }
    reader->lines++;
    reader->octets += (apr_int64_t)length + 1;
    return 1;
}

void anshin_trail_close(anshin_trail_reader_t *reader)
{
    if (reader->file != NULL) {
        (void)fclose(reader->file);
        reader->file = NULL;
    }
}
