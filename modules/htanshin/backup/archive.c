/*
 * A backup being written: see archive.h.
 */
#include "htanshin/backup/archive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/stream/signals.h"
#include "runtime/io.h"

#define STEP 65536

struct anshin_archive_t {
    int fd;
    anshin_error_t *err;
    anshin_sum_t *sum;
    FILE *sums; /* lines of SHA256SUMS so far, in a file without a name */
    const char *name;
    apr_off_t left;    /* of the file at hand */
    apr_size_t behind; /* what its last block lacks */
    apr_off_t octets;
    apr_int64_t files;
    apr_pool_t *scratch; /* of the file at hand */
};

static apr_status_t no_sum(anshin_error_t *err)
{
    return anshin_fail(err, ANSHIN_EFAULT, "AN1708", "backup: sums cannot be made or kept: %s", strerror(errno));
}

static apr_status_t close_sums(void *data)
{
    (void)fclose(data);
    return APR_SUCCESS;
}

apr_status_t anshin_archive_create(anshin_archive_t **archive, int fd, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_archive_t *made = apr_pcalloc(pool, sizeof(*made));

    made->fd = fd;
    made->err = err;
    made->sums = tmpfile();
    if (made->sums == NULL) {
        return no_sum(err);
    }
    apr_pool_cleanup_register(pool, made->sums, close_sums, apr_pool_cleanup_null);
    apr_pool_create(&made->scratch, pool);
    *archive = made;
    return anshin_sum_create(&made->sum, err, pool);
}

/* As anshin_io_write(), but a signal ends it: who reads from a pipe may be slow, or wait for ever. */
static apr_status_t write_some(int fd, const char *data, apr_size_t length)
{
    while (length > 0) {
        ssize_t written = anshin_signals_came() ? -1 : write(fd, data, length);

        if (anshin_signals_came()) {
            return EINTR;
        }
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        data += written > 0 ? written : 0;
        length -= written > 0 ? (apr_size_t)written : 0;
    }
    return APR_SUCCESS;
}

static apr_status_t write_all(const anshin_archive_t *archive, const void *data, apr_size_t length)
{
    apr_status_t status = write_some(archive->fd, data, length);

    if (anshin_signals_came()) {
        return anshin_fail(archive->err, ANSHIN_EFAULT, "AN1709", "backup: broken off; nothing of it is left");
    }
    return status == APR_SUCCESS
               ? APR_SUCCESS
               : anshin_fail(archive->err, ANSHIN_EFAULT, "AN1710", "backup: cannot be written: %s", strerror(status));
}

/* A number of a header: octal, or binary where that has too few digits (as GNU tar and pax read it). */
static void put_number(char *at, apr_size_t digits, apr_uint64_t number)
{
    if (number >> (3 * (digits - 1)) == 0) {
        for (apr_size_t i = digits - 1; i > 0; i--, number >>= 3) {
            at[i - 1] = (char)('0' + (number & 7));
        }
        at[digits - 1] = '\0';
        return;
    }
    memset(at, 0, digits);
    at[0] = (char)0x80;
    for (apr_size_t i = digits; i > digits - 8; i--, number >>= 8) {
        at[i - 1] = (char)(number & 0xff);
    }
}

static void make_header(char block[ANSHIN_ARCHIVE_BLOCK], const char *name, apr_off_t octets)
{
    unsigned sum = 0;

    memset(block, 0, ANSHIN_ARCHIVE_BLOCK);
    apr_cpystrn(block, name, ANSHIN_ARCHIVE_NAME_MAX + 1);
    put_number(block + 100, 8, 0600);
    put_number(block + 108, 8, 0);
    put_number(block + 116, 8, 0);
    put_number(block + 124, 12, (apr_uint64_t)octets);
    put_number(block + 136, 12, (apr_uint64_t)apr_time_sec(apr_time_now()));
    memset(block + 148, ' ', 8);
    block[156] = '0';
    memcpy(block + 257, "ustar\00000", 8);
    for (int i = 0; i < ANSHIN_ARCHIVE_BLOCK; i++) {
        sum += (unsigned char)block[i];
    }
    put_number(block + 148, 7, sum);
}

/* What the file at hand still needs: the rest of its block, and its line. */
static apr_status_t finish_file(anshin_archive_t *archive)
{
    static const char zeros[ANSHIN_ARCHIVE_BLOCK];
    char text[ANSHIN_SUM_TEXT + 1];
    apr_status_t status;

    if (archive->name == NULL) {
        return APR_SUCCESS;
    }
    if (archive->left != 0) {
        return anshin_fail(archive->err, ANSHIN_EFAULT, "AN1711", "backup: %s became shorter", archive->name);
    }
    status = write_all(archive, zeros, archive->behind);
    if (status == APR_SUCCESS && (anshin_sum_end(archive->sum, text) != APR_SUCCESS ||
                                  fprintf(archive->sums, "%s  %s\n", text, archive->name) < 0)) {
        status = no_sum(archive->err);
    }
    archive->name = NULL;
    apr_pool_clear(archive->scratch);
    return status;
}

apr_status_t anshin_archive_begin(anshin_archive_t *archive, const char *name, apr_off_t octets)
{
    char block[ANSHIN_ARCHIVE_BLOCK];
    apr_status_t status = finish_file(archive);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (strlen(name) > ANSHIN_ARCHIVE_NAME_MAX) {
        return anshin_fail(archive->err, ANSHIN_EFAULT, "AN1713", "backup: the name %s is too long", name);
    }
    archive->name = apr_pstrdup(archive->scratch, name);
    archive->left = octets;
    archive->behind = (ANSHIN_ARCHIVE_BLOCK - (apr_size_t)(octets % ANSHIN_ARCHIVE_BLOCK)) % ANSHIN_ARCHIVE_BLOCK;
    archive->octets += octets;
    archive->files++;
    make_header(block, name, octets);
    status = write_all(archive, block, sizeof(block));
    return status == APR_SUCCESS ? anshin_sum_begin(archive->sum) : status;
}

apr_status_t anshin_archive_put(anshin_archive_t *archive, const void *data, apr_size_t length)
{
    if ((apr_off_t)length > archive->left) {
        return anshin_fail(archive->err, ANSHIN_EFAULT, "AN1714", "backup: %s became longer", archive->name);
    }
    archive->left -= (apr_off_t)length;
    if (anshin_sum_add(archive->sum, data, length) != APR_SUCCESS) {
        return no_sum(archive->err);
    }
    return write_all(archive, data, length);
}

/* All lines so far, as a file of their own. */
apr_status_t anshin_archive_sums(anshin_archive_t *archive, char sum[ANSHIN_SUM_TEXT + 1])
{
    char step[STEP];
    long length;
    size_t got;
    apr_status_t status = finish_file(archive);

    length = status == APR_SUCCESS && fflush(archive->sums) == 0 ? ftell(archive->sums) : -1;
    if (status == APR_SUCCESS && length < 0) {
        return no_sum(archive->err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_archive_begin(archive, ANSHIN_BACKUP_SUMS, length);
        rewind(archive->sums);
    }
    while (status == APR_SUCCESS && (got = fread(step, 1, sizeof(step), archive->sums)) > 0) {
        status = anshin_archive_put(archive, step, got);
    }
    if (status == APR_SUCCESS && anshin_sum_end(archive->sum, sum) != APR_SUCCESS) {
        status = no_sum(archive->err);
    }
    return status;
}

/* The line of SHA256SUMS itself goes nowhere. */
apr_status_t anshin_archive_end(anshin_archive_t *archive, const char *mac)
{
    static const char zeros[2 * ANSHIN_ARCHIVE_BLOCK];
    const char *line = apr_pstrcat(apr_pool_parent_get(archive->scratch), mac, "\n", NULL);
    apr_status_t status = anshin_sum_begin(archive->sum);

    if (status == APR_SUCCESS) {
        status = anshin_archive_begin(archive, ANSHIN_BACKUP_MAC, (apr_off_t)strlen(line));
    }
    if (status == APR_SUCCESS) {
        status = anshin_archive_put(archive, line, strlen(line));
    }
    if (status == APR_SUCCESS) {
        status = finish_file(archive);
    }
    return status == APR_SUCCESS ? write_all(archive, zeros, sizeof(zeros)) : status;
}

apr_off_t anshin_archive_octets(const anshin_archive_t *archive)
{
    return archive->octets;
}

apr_int64_t anshin_archive_files(const anshin_archive_t *archive)
{
    return archive->files;
}
