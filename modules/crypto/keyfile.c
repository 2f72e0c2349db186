/*
 * The seal key file: 32 random octets, see crypto.h and keyfile.h.
 *
 * SECURITY: with this key whoever has the store can open every sealed thing in it. The file is made once, readable for
 * owner and group alone, and refused when it is wider than that.
 */
#include "crypto/keyfile.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "crypto/cause.h"
#include "crypto/file.h"

#define WIDEST 0640
#define DRAFT 16 /* digits behind the name of a draft */

apr_status_t anshin_seal_key_read(unsigned char key[ANSHIN_SEAL_KEY_BYTES], const char *path, anshin_error_t *err)
{
    apr_size_t length;
    apr_status_t status = anshin_file_load(key, &length, ANSHIN_SEAL_KEY_BYTES, path, WIDEST, err);

    if (status == APR_SUCCESS && length != ANSHIN_SEAL_KEY_BYTES) {
        OPENSSL_cleanse(key, ANSHIN_SEAL_KEY_BYTES);
        status =
            anshin_fail(err, ANSHIN_EINVALID, "AN0419", "seal key %s must hold %d octets", path, ANSHIN_SEAL_KEY_BYTES);
    }
    return status;
}

/* A key under a name of its own, complete and on disk. */
static apr_status_t write_draft(const char *path, const unsigned char key[ANSHIN_SEAL_KEY_BYTES], gid_t group,
                                anshin_error_t *err)
{
    apr_status_t status = anshin_file_create(path, key, ANSHIN_SEAL_KEY_BYTES, WIDEST, err);

    if (status == APR_SUCCESS && group != (gid_t)-1 && lchown(path, (uid_t)-1, group) != 0) {
        status =
            anshin_fail(err, ANSHIN_EFAULT, "AN1028", "%s cannot be handed to its group: %s", path, strerror(errno));
        unlink(path);
    }
    return status == APR_SUCCESS ? status : ANSHIN_EFAULT;
}

static apr_status_t put(const char *path, const unsigned char key[ANSHIN_SEAL_KEY_BYTES], gid_t group,
                        anshin_error_t *err, apr_pool_t *pool)
{
    unsigned char suffix[DRAFT / 2];
    const char *draft;
    apr_status_t status;

    if (RAND_bytes(suffix, sizeof(suffix)) != 1) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0426", "the system gives no random bytes for the seal key");
    }
    draft = apr_pstrcat(pool, path, ".", anshin_hex(suffix, sizeof(suffix), pool), NULL);
    status = write_draft(draft, key, group, err);
    if (status != APR_SUCCESS) {
        return status;
    }
    /* link() puts a complete file there or nothing, and never over another: a reader sees no half key. */
    if (link(draft, path) != 0 && errno != EEXIST) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN0425", "%s: %s", path, strerror(errno));
    }
    unlink(draft);
    return status == APR_SUCCESS ? anshin_file_sync_directory(path, err, pool) : status;
}

apr_status_t anshin_seal_key_create(const char *path, gid_t group, anshin_error_t *err, apr_pool_t *pool)
{
    unsigned char key[ANSHIN_SEAL_KEY_BYTES];
    struct stat facts;
    apr_status_t status;

    if (lstat(path, &facts) == 0) {
        return APR_SUCCESS;
    }
    if (RAND_priv_bytes(key, sizeof(key)) != 1) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0424", "the system gives no random bytes for the seal key");
    }
    status = put(path, key, group, err, pool);
    OPENSSL_cleanse(key, sizeof(key));
    return status;
}

/* --- rotation ----------------------------------------------------------------------------------------------------- */

static int is_there(const char *path)
{
    struct stat facts;

    return lstat(path, &facts) == 0;
}

anshin_seal_key_stage_t anshin_seal_key_stage(const char *path, apr_pool_t *pool)
{
    if (is_there(apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_NEW, NULL))) {
        return ANSHIN_SEAL_KEY_ANNOUNCED;
    }
    return is_there(apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_OLD, NULL)) ? ANSHIN_SEAL_KEY_CHANGED
                                                                        : ANSHIN_SEAL_KEY_ALONE;
}

apr_status_t anshin_seal_key_announce(const char *path, gid_t group, anshin_error_t *err, apr_pool_t *pool)
{
    const char *next = apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_NEW, NULL);

    if (anshin_seal_key_stage(path, pool) == ANSHIN_SEAL_KEY_CHANGED) {
        return anshin_fail(err, ANSHIN_ECONFLICT, "AN1642", "%s" ANSHIN_SEAL_KEY_OLD " is still there", path);
    }
    return anshin_seal_key_create(next, group, err, pool);
}

/* The old one is a copy, not a second name: a file of keys with two names is nobody's (runtime/state_files.c). Where it
 * is there already, the power went between it and the rename. */
apr_status_t anshin_seal_key_change(const char *path, gid_t group, anshin_error_t *err, apr_pool_t *pool)
{
    const char *next = apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_NEW, NULL);
    unsigned char key[ANSHIN_SEAL_KEY_BYTES];
    apr_status_t status = anshin_seal_key_read(key, next, err);

    if (status == APR_SUCCESS) {
        status = anshin_seal_key_read(key, path, err);
    }
    if (status == APR_SUCCESS) {
        status = put(apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_OLD, NULL), key, group, err, pool);
    }
    OPENSSL_cleanse(key, sizeof(key));
    if (status == APR_SUCCESS && rename(next, path) != 0) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN1643", "%s: %s", path, strerror(errno));
    }
    return status == APR_SUCCESS ? anshin_file_sync_directory(path, err, pool) : status;
}

/* Behind "seal.key.": the old one, or the draft of whoever was killed, which holds a key as well. What else lies there
 * is the operator's. */
static int is_ours(const char *end)
{
    const char *draft = strncmp(end, "old.", 4) == 0 || strncmp(end, "new.", 4) == 0 ? end + 4 : end;

    return strcmp(end, "old") == 0 || (strlen(draft) == DRAFT && strspn(draft, "0123456789abcdef") == DRAFT);
}

apr_status_t anshin_seal_key_forget(const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    const char *slash = strrchr(path, '/');
    const char *directory = slash != NULL ? apr_pstrmemdup(pool, path, (apr_size_t)(slash - path) + 1) : "./";
    const char *base = apr_pstrcat(pool, slash != NULL ? slash + 1 : path, ".", NULL);
    DIR *stream = opendir(directory);
    const struct dirent *entry;
    apr_status_t status = APR_SUCCESS;

    if (stream == NULL) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1644", "%s: %s", directory, strerror(errno));
    }
    while (status == APR_SUCCESS && (entry = readdir(stream)) != NULL) {
        if (strncmp(entry->d_name, base, strlen(base)) == 0 && is_ours(entry->d_name + strlen(base))) {
            status = anshin_file_wipe(apr_pstrcat(pool, directory, entry->d_name, NULL), err);
        }
    }
    (void)closedir(stream);
    return status == APR_SUCCESS ? anshin_file_sync_directory(path, err, pool) : status;
}
