/*
 * Lines of a dump in a file: see lines.h.
 */
#include "htanshin/dump/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 4194304 /* a blob of 1 MiB in base64 is a third of it */

apr_status_t anshin_lines_write(void *baton, const char *line, apr_size_t length)
{
    return fwrite(line, 1, length, baton) == length ? APR_SUCCESS : ANSHIN_EFAULT;
}

apr_status_t anshin_lines_settle(void *baton)
{
    FILE *out = baton;

    return fflush(out) == 0 && !ferror(out) && (out == stdout || fsync(fileno(out)) == 0) ? APR_SUCCESS : ANSHIN_EFAULT;
}

static apr_status_t next_line(void *ctx, const char **line, apr_size_t *length, anshin_error_t *err)
{
    anshin_lines_t *lines = ctx;
    int octet = '\0';

    *line = lines->line;
    for (*length = 0; octet != '\n' && *length < LINE_MAX_OCTETS; lines->line[(*length)++] = (char)octet) {
        octet = getc_unlocked(lines->file);
        if (octet == EOF) {
            break;
        }
    }
    if (ferror(lines->file)) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1364", "the dump cannot be read: %s", strerror(errno));
    }
    if (*length == 0) {
        return APR_EOF;
    }
    return octet == '\n' || octet == EOF ? APR_SUCCESS : ANSHIN_EINVALID;
}

static apr_status_t begin_again(void *ctx, anshin_error_t *err)
{
    anshin_lines_t *lines = ctx;

    return fseek(lines->file, 0, SEEK_SET) == 0
               ? APR_SUCCESS
               : anshin_fail(err, ANSHIN_EFAULT, "AN1365", "the dump cannot be read again: %s", strerror(errno));
}

anshin_load_source_t anshin_lines_of(anshin_lines_t *lines, FILE *file, apr_pool_t *pool)
{
    *lines = (anshin_lines_t){file, apr_palloc(pool, LINE_MAX_OCTETS)};
    return (anshin_load_source_t){lines, next_line, begin_again};
}
