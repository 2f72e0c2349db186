/*
 * A backup unpacked: see stage.h.
 *
 * SECURITY. May be root's work, of a file that anybody may have made: only names that a backup of ours can have are
 * made, below a directory that nobody else can enter yet; nothing of it is parsed but BACKUP, which is bounded.
 */
#include "htanshin/backup/stage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <apr_strings.h>

#include "htanshin/backup/archive.h"
#include "htanshin/backup/tree.h"
#include "htanshin/stream/signals.h"
#include "runtime/io.h"

#define STEP 262144
#define TEXT_MAX 4096 /* of BACKUP, and of the MAC */

typedef struct staging_t {
    anshin_staged_t *staged;
    int directory;
    anshin_source_t *source;
    int only_keys;
    FILE *sums; /* lines as they should stand in SHA256SUMS, in a file without a name */
    anshin_sum_t *sum;
    anshin_error_t *err;
    char *step;
    apr_pool_t *pool;
} staging_t;

static apr_status_t changed(const staging_t *staging)
{
    return anshin_fail(staging->err, ANSHIN_EINVALID, "AN1737",
                       "the backup was changed, or is damaged: its files are not those of " ANSHIN_BACKUP_SUMS);
}

static apr_status_t failed(const staging_t *staging, const char *name)
{
    return anshin_fail(staging->err, ANSHIN_EFAULT, "AN1738", "restore: %s cannot be written: %s", name,
                       strerror(errno));
}

/* A short file whole. */
static apr_status_t read_text(const staging_t *staging, char *text, apr_size_t *length)
{
    apr_status_t status = anshin_source_read(staging->source, text, TEXT_MAX, length);

    text[*length < TEXT_MAX ? *length : TEXT_MAX - 1] = '\0';
    return status;
}

/* Each octet is the one that was reckoned. */
static apr_status_t compare_sums(const staging_t *staging)
{
    char *same = apr_palloc(staging->pool, STEP);
    apr_size_t length = 1;
    apr_status_t status = APR_SUCCESS;

    rewind(staging->sums);
    (void)anshin_sum_begin(staging->sum);
    while (status == APR_SUCCESS) {
        status = anshin_source_read(staging->source, staging->step, STEP, &length);
        if (status != APR_SUCCESS || length == 0) {
            break;
        }
        if (fread(same, 1, length, staging->sums) != length || memcmp(same, staging->step, length) != 0) {
            return changed(staging);
        }
        status = anshin_sum_add(staging->sum, staging->step, length);
    }
    if (status == APR_SUCCESS && fgetc(staging->sums) != EOF) {
        return changed(staging);
    }
    return status == APR_SUCCESS ? anshin_sum_end(staging->sum, staging->staged->sum) : status;
}

/* What is on the same disk goes on working. */
static int has_room(const staging_t *staging, apr_off_t octets)
{
    struct statvfs facts;

    return fstatvfs(staging->directory, &facts) == 0 &&
           (apr_uint64_t)facts.f_bavail * facts.f_frsize >= (apr_uint64_t)octets + ANSHIN_IO_SPACE_LOW;
}

/* -1: it is not kept. What says that its keys are apart and brings some would be checked by a key of its own. */
static apr_status_t make_file(const staging_t *staging, const char *name, apr_off_t octets, int *fd)
{
    int key = anshin_source_is_key(name);

    *fd = -1;
    if (key && staging->staged->head.keys == ANSHIN_BACKUP_APART) {
        return anshin_fail(staging->err, ANSHIN_EINVALID, "AN1790",
                           "the backup says that its keys are apart, and brings %s: it is not to be trusted", name);
    }
    if (staging->only_keys && !key) {
        return APR_SUCCESS;
    }
    if (!has_room(staging, octets)) {
        return anshin_fail(staging->err, ANSHIN_EFAULT, "AN1795",
                           "restore: the disk of the state directory has no room for it: %d MiB must stay free",
                           (int)(ANSHIN_IO_SPACE_LOW >> 20));
    }
    *fd = anshin_tree_create(staging->directory, name);
    return *fd >= 0 ? APR_SUCCESS : failed(staging, name);
}

/* Into its file, and its line among the sums. */
static apr_status_t take_file(const staging_t *staging, const char *name, apr_off_t octets)
{
    char text[ANSHIN_SUM_TEXT + 1];
    apr_size_t length = 1;
    int fd;
    apr_status_t status = make_file(staging, name, octets, &fd);

    (void)anshin_sum_begin(staging->sum);
    while (status == APR_SUCCESS && length > 0) {
        status = anshin_source_read(staging->source, staging->step, STEP, &length);
        if (status == APR_SUCCESS && length > 0) {
            status = anshin_sum_add(staging->sum, staging->step, length);
        }
        if (status == APR_SUCCESS && fd >= 0 && (errno = anshin_io_write(fd, staging->step, length)) != 0) {
            status = failed(staging, name);
        }
    }
    if (fd >= 0 && close(fd) != 0 && status == APR_SUCCESS) {
        status = failed(staging, name);
    }
    if (status == APR_SUCCESS &&
        (anshin_sum_end(staging->sum, text) != APR_SUCCESS || fprintf(staging->sums, "%s  %s\n", text, name) < 0)) {
        status = failed(staging, ANSHIN_BACKUP_SUMS);
    }
    return status;
}

/* BACKUP, the first of all. */
static apr_status_t take_head(const staging_t *staging)
{
    char text[ANSHIN_SUM_TEXT + 1];
    const char *name;
    apr_off_t octets;
    apr_size_t length = 0;
    apr_status_t status = anshin_source_next(staging->source, &name, &octets);

    if (status == APR_SUCCESS && (strcmp(name, ANSHIN_BACKUP_HEAD) != 0 || octets > TEXT_MAX)) {
        status = changed(staging);
    }
    if (status == APR_SUCCESS) {
        status = anshin_source_read(staging->source, staging->step, TEXT_MAX, &length);
    }
    if (status == APR_SUCCESS) {
        status = anshin_backup_head_read(&staging->staged->head, staging->step, length, staging->err, staging->pool);
    }
    if (status != APR_SUCCESS) {
        return status == APR_EOF ? ANSHIN_EINVALID : status;
    }
    return anshin_sum_begin(staging->sum) == APR_SUCCESS &&
                   anshin_sum_add(staging->sum, staging->step, length) == APR_SUCCESS &&
                   anshin_sum_end(staging->sum, text) == APR_SUCCESS &&
                   fprintf(staging->sums, "%s  %s\n", text, ANSHIN_BACKUP_HEAD) > 0
               ? APR_SUCCESS
               : failed(staging, ANSHIN_BACKUP_HEAD);
}

static apr_status_t take_mac(const staging_t *staging)
{
    char text[TEXT_MAX];
    apr_size_t length = 0;
    apr_status_t status = read_text(staging, text, &length);

    if (status == APR_SUCCESS) {
        text[strcspn(text, "\n")] = '\0';
        staging->staged->mac = apr_pstrdup(staging->pool, text);
    }
    return status;
}

static apr_status_t take_all(const staging_t *staging)
{
    apr_status_t status = take_head(staging);
    const char *name;
    apr_off_t octets;

    while (status == APR_SUCCESS) {
        status = anshin_source_next(staging->source, &name, &octets);
        if (status != APR_SUCCESS) {
            break;
        }
        if (strcmp(name, ANSHIN_BACKUP_SUMS) == 0) {
            status = compare_sums(staging);
        } else if (strcmp(name, ANSHIN_BACKUP_MAC) == 0) {
            status = take_mac(staging);
        } else {
            staging->staged->files++;
            staging->staged->octets += octets;
            status = staging->staged->sum[0] == '\0' ? take_file(staging, name, octets) : changed(staging);
        }
    }
    if (status == APR_EOF) {
        return staging->staged->sum[0] != '\0' && staging->staged->mac != NULL ? APR_SUCCESS : changed(staging);
    }
    return status;
}

apr_status_t anshin_stage(anshin_staged_t *staged, int directory, anshin_source_t *source, int only_keys,
                          anshin_error_t *err, apr_pool_t *pool)
{
    staging_t staging = {
        .staged = staged, .directory = directory, .source = source, .only_keys = only_keys, .err = err, .pool = pool};
    apr_status_t status = anshin_sum_create(&staging.sum, err, pool);

    memset(staged, 0, sizeof(*staged));
    staging.step = apr_palloc(pool, STEP);
    staging.sums = tmpfile();
    if (status == APR_SUCCESS && staging.sums == NULL) {
        status = failed(&staging, ANSHIN_BACKUP_SUMS);
    }
    if (status == APR_SUCCESS) {
        status = take_all(&staging);
    }
    if (status != APR_SUCCESS && anshin_signals_came()) {
        anshin_error_clear(err);
        status = anshin_fail(err, ANSHIN_EFAULT, "AN1739", "restore: broken off; all is as it was");
    }
    if (staging.sums != NULL) {
        (void)fclose(staging.sums);
    }
    return status;
}
