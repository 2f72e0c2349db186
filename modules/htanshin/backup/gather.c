/*
 * What a backup is made of: see gather.h.
 *
 * The store comes first and the trail behind it: a line of the trail is durable before its event leaves the store. So
 * the trail of a backup may reach beyond its store, never the other way; restoring cuts it there (restored.h).
 *
 * SECURITY. ca/ is the signer's, and root follows no name in there that could be a link (S36): each is opened as a
 * plain file, once, and read later by who the process is then.
 */
#include "htanshin/backup/gather.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/store/store.h"
#include "htanshin/backup/source.h"
#include "runtime/config_file.h"
#include "runtime/io.h"
#include "runtime/state_names.h"

#define STEP 262144

static apr_status_t failed(anshin_call_t *call, const char *name)
{
    return anshin_fail(&call->op.error, ANSHIN_EFAULT, "AN1735", "backup: %s cannot be read: %s", name,
                       strerror(errno));
}

/* --- before root is left ------------------------------------------------------------------------------------------ */

static apr_status_t add(apr_array_header_t *files, anshin_call_t *call, int directory, const char *name,
                        const char *whole)
{
    struct stat seen;
    anshin_gathered_t file = {apr_pstrdup(call->pool, whole),
                              openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};

    if (file.fd < 0 || fstat(file.fd, &seen) != 0) {
        return failed(call, whole);
    }
    if (!S_ISREG(seen.st_mode) || !anshin_source_is_name(whole)) {
        (void)close(file.fd);
        return APR_SUCCESS; /* not ours */
    }
    APR_ARRAY_PUSH(files, anshin_gathered_t) = file;
    return APR_SUCCESS;
}

static apr_status_t add_ca(apr_array_header_t *files, anshin_call_t *call, int state, anshin_backup_keys_t keys)
{
    int directory = openat(state, ANSHIN_STATE_CA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = directory >= 0 ? fdopendir(directory) : NULL;
    apr_status_t status = APR_SUCCESS;
    const struct dirent *entry;

    if (stream == NULL) {
        return errno == ENOENT ? APR_SUCCESS : failed(call, ANSHIN_STATE_CA);
    }
    while (status == APR_SUCCESS && (entry = readdir(stream)) != NULL) {
        const char *whole = apr_pstrcat(call->pool, ANSHIN_STATE_CA "/", entry->d_name, NULL);
        int key = anshin_source_is_key(whole);

        if (entry->d_name[0] != '.' && (keys == ANSHIN_BACKUP_WITH || key == (keys == ANSHIN_BACKUP_ONLY))) {
            status = add(files, call, directory, entry->d_name, whole);
        }
    }
    (void)closedir(stream);
    return status;
}

apr_status_t anshin_gather_open(apr_array_header_t **files, anshin_call_t *call, anshin_backup_keys_t keys)
{
    static const char *const others[] = {ANSHIN_STATE_KEY_NEW, ANSHIN_STATE_KEY_OLD}; /* in the midst of a rotation */
    int state = open(call->state_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    apr_status_t status;

    *files = apr_array_make(call->pool, 8, sizeof(anshin_gathered_t));
    if (state < 0) {
        return failed(call, call->state_dir);
    }
    status = add_ca(*files, call, state, keys);
    if (status == APR_SUCCESS && keys != ANSHIN_BACKUP_APART) {
        status = add(*files, call, state, ANSHIN_STATE_KEY, ANSHIN_STATE_KEY);
        for (size_t i = 0; status == APR_SUCCESS && i < sizeof(others) / sizeof(others[0]); i++) {
            if (faccessat(state, others[i], F_OK, 0) == 0) {
                status = add(*files, call, state, others[i], others[i]);
            }
        }
    }
    (void)close(state);
    return status;
}

/* --- putting ------------------------------------------------------------------------------------------------------ */

typedef struct gathering_t {
    anshin_archive_t *archive;
    anshin_call_t *call;
    char *step; /* STEP octets */
} gathering_t;

/* As long as it is now: what grows meanwhile is the trail. */
static apr_status_t put_open(const gathering_t *gathering, const char *name, int fd)
{
    struct stat seen;
    apr_status_t status = fstat(fd, &seen) == 0 ? anshin_archive_begin(gathering->archive, name, seen.st_size)
                                                : failed(gathering->call, name);

    for (apr_off_t at = 0; status == APR_SUCCESS && at < seen.st_size;) {
        ssize_t got = pread(fd, gathering->step, seen.st_size - at < STEP ? (size_t)(seen.st_size - at) : STEP, at);

        if (got <= 0) {
            errno = got == 0 ? EIO : errno;
            return failed(gathering->call, name);
        }
        status = anshin_archive_put(gathering->archive, gathering->step, (apr_size_t)got);
        at += got;
    }
    return status;
}

static apr_status_t put_file(const gathering_t *gathering, int directory, const char *name, const char *whole)
{
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    apr_status_t status;

    if (fd < 0) {
        /* gone meanwhile: a segment that was retired */
        return errno == ENOENT ? APR_SUCCESS : failed(gathering->call, whole);
    }
    status = put_open(gathering, whole, fd);
    (void)close(fd);
    return status;
}

static apr_status_t put_directory(const gathering_t *gathering, const char *name)
{
    anshin_call_t *call = gathering->call;
    const char *path = apr_pstrcat(call->pool, call->state_dir, "/", name, NULL);
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = directory >= 0 ? fdopendir(directory) : NULL;
    apr_status_t status = APR_SUCCESS;
    const struct dirent *entry;

    if (stream == NULL) {
        return errno == ENOENT ? APR_SUCCESS : failed(call, name);
    }
    while (status == APR_SUCCESS && (entry = readdir(stream)) != NULL) {
        const char *whole = apr_pstrcat(call->pool, name, "/", entry->d_name, NULL);
        struct stat seen;

        if (anshin_source_is_name(whole) && fstatat(directory, entry->d_name, &seen, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(seen.st_mode)) {
            status = put_file(gathering, directory, entry->d_name, whole);
        }
    }
    (void)closedir(stream);
    return status;
}

/* --- the store ---------------------------------------------------------------------------------------------------- */

static apr_status_t store_begin(void *baton, const char *name, apr_off_t octets)
{
    char whole[ANSHIN_ARCHIVE_NAME_MAX + 1];

    (void)apr_snprintf(whole, sizeof(whole), ANSHIN_STATE_STORE "/%s", name);
    return anshin_archive_begin(baton, whole, octets);
}

static apr_status_t store_put(void *baton, const void *data, apr_size_t length)
{
    return anshin_archive_put(baton, data, length);
}

apr_status_t anshin_gather_put(anshin_archive_t *archive, anshin_call_t *call, const apr_array_header_t *files,
                               anshin_backup_keys_t keys)
{
    const anshin_store_sink_t sink = {store_begin, store_put, archive};
    const gathering_t gathering = {archive, call, apr_palloc(call->pool, STEP)};
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < files->nelts; i++) {
        const anshin_gathered_t *file = &APR_ARRAY_IDX(files, i, anshin_gathered_t);

        status = put_open(&gathering, file->name, file->fd);
    }
    if (keys == ANSHIN_BACKUP_ONLY || status != APR_SUCCESS) {
        return status;
    }
    status = anshin_store_copy(call->env.store, &sink, &call->op.error);
    if (status == APR_SUCCESS) {
        status = put_directory(&gathering, ANSHIN_STATE_AUDIT);
    }
    if (status == APR_SUCCESS) {
        status = put_directory(&gathering, ANSHIN_STATE_CRL);
    }
    return status == APR_SUCCESS
               ? put_file(&gathering, AT_FDCWD, apr_pstrcat(call->pool, call->state_dir, "/" ANSHIN_CONFIG_FILE, NULL),
                          ANSHIN_CONFIG_FILE)
               : status;
}
