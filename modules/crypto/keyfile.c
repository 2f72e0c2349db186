/*
 * The seal key file: 32 random octets, see crypto.h and keyfile.h.
 *
 * SECURITY: with this key whoever has the store can open every sealed thing in it. The file is made once, readable for
 * owner and group alone, and refused when it is wider than that.
 */
#include "crypto/keyfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_tables.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "crypto/cause.h"
#include "crypto/file.h"

#define WIDEST 0640
#define DRAFT 16 /* digits behind the name of a draft */

apr_status_t anshin_seal_key_read_in(int directory, unsigned char key[ANSHIN_SEAL_KEY_BYTES], const char *name,
                                     anshin_error_t *err)
{
    static const unsigned char zeros[ANSHIN_SEAL_KEY_BYTES];
    apr_size_t length = 0;
    apr_status_t status = anshin_file_load_in(directory, key, &length, ANSHIN_SEAL_KEY_BYTES, name, WIDEST, err);

    if (status == APR_SUCCESS && length != ANSHIN_SEAL_KEY_BYTES) {
        status =
            anshin_fail(err, ANSHIN_EINVALID, "AN0419", "seal key %s must hold %d octets", name, ANSHIN_SEAL_KEY_BYTES);
    }
    /* Everybody knows that one. */
    if (status == APR_SUCCESS && CRYPTO_memcmp(key, zeros, sizeof(zeros)) == 0) {
        status = anshin_fail(err, ANSHIN_EINVALID, "AN1802", "seal key %s is overwritten with zeros", name);
    }
    if (status != APR_SUCCESS) {
        OPENSSL_cleanse(key, ANSHIN_SEAL_KEY_BYTES);
    }
    return status;
}

apr_status_t anshin_seal_key_read(unsigned char key[ANSHIN_SEAL_KEY_BYTES], const char *path, anshin_error_t *err)
{
    return anshin_seal_key_read_in(AT_FDCWD, key, path, err);
}

/* A key under a name of its own, complete and on disk. */
static apr_status_t write_draft(const char *path, const unsigned char key[ANSHIN_SEAL_KEY_BYTES], gid_t group,
                                anshin_error_t *err)
{
    apr_status_t status = anshin_file_create(path, key, ANSHIN_SEAL_KEY_BYTES, WIDEST, err);

    if (status == APR_SUCCESS && group != (gid_t)-1 && lchown(path, (uid_t)-1, group) != 0) {
        status =
            anshin_fail(err, ANSHIN_EFAULT, "AN1028", "%s cannot be handed to its group: %s", path, strerror(errno));
        (void)anshin_file_wipe(path, &(anshin_error_t){0});
    }
    return status == APR_SUCCESS ? status : ANSHIN_EFAULT;
}

static const char *draft_of(const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    unsigned char suffix[DRAFT / 2];

    if (RAND_bytes(suffix, sizeof(suffix)) != 1) {
        (void)anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0426", "the system gives no random bytes for the seal key");
        return NULL;
    }
    return apr_pstrcat(pool, path, ".", anshin_hex(suffix, sizeof(suffix), pool), NULL);
}

/* Two may be at it (anshin_seal_key_tidy). */
static apr_status_t take_name(const char *draft, anshin_error_t *err)
{
    return unlink(draft) == 0 || errno == ENOENT
               ? APR_SUCCESS
               : anshin_fail(err, ANSHIN_EFAULT, "AN1803", "%s: %s", draft, strerror(errno));
}

static apr_status_t put(const char *path, const unsigned char key[ANSHIN_SEAL_KEY_BYTES], gid_t group,
                        anshin_error_t *err, apr_pool_t *pool)
{
    const char *draft = draft_of(path, err, pool);
    apr_status_t status = draft != NULL ? write_draft(draft, key, group, err) : ANSHIN_EFAULT;

    if (status != APR_SUCCESS) {
        return status;
    }
    /* link() puts a complete file there or nothing, and never over another: a reader sees no half key. */
    if (link(draft, path) == 0) {
        status = take_name(draft, err);
    } else {
        int code = errno;

        status = anshin_file_wipe(draft, err);
        if (code != EEXIST) {
            status = anshin_fail(err, ANSHIN_EFAULT, "AN0425", "%s: %s", path, strerror(code));
        }
    }
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

static int is_same_file(const char *one, const char *other)
{
    struct stat a, b;

    return lstat(one, &a) == 0 && lstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int is_same_key(const char *one, const char *other)
{
    unsigned char a[ANSHIN_SEAL_KEY_BYTES], b[ANSHIN_SEAL_KEY_BYTES];
    anshin_error_t err;
    int same;

    anshin_error_clear(&err);
    same = anshin_seal_key_read(a, one, &err) == APR_SUCCESS && anshin_seal_key_read(b, other, &err) == APR_SUCCESS &&
           CRYPTO_memcmp(a, b, sizeof(a)) == 0;
    OPENSSL_cleanse(a, sizeof(a));
    OPENSSL_cleanse(b, sizeof(b));
    return same;
}

static int is_draft(const char *end)
{
    return strlen(end) == DRAFT && strspn(end, "0123456789abcdef") == DRAFT;
}

/* Behind "seal.key.": what was old is on its way out. */
static int is_going(const char *end)
{
    return strncmp(end, "old.", 4) == 0 && is_draft(end + 4);
}

/* The draft of whoever was killed, which holds a key as well. What else lies there is the operator's. */
static int is_ours(const char *end)
{
    return is_going(end) || is_draft(end) || (strncmp(end, "new.", 4) == 0 && is_draft(end + 4));
}

/* The names beside the key file, of one kind. NULL: the directory cannot be read. */
static apr_array_header_t *list(const char *path, int (*is)(const char *end), anshin_error_t *err, apr_pool_t *pool)
{
    const char *slash = strrchr(path, '/');
    const char *directory = slash != NULL ? apr_pstrmemdup(pool, path, (apr_size_t)(slash - path) + 1) : "./";
    const char *base = apr_pstrcat(pool, slash != NULL ? slash + 1 : path, ".", NULL);
    apr_array_header_t *names = apr_array_make(pool, 4, sizeof(const char *));
    DIR *stream = opendir(directory);
    const struct dirent *entry;

    if (stream == NULL) {
        (void)anshin_fail(err, ANSHIN_EFAULT, "AN1644", "%s: %s", directory, strerror(errno));
        return NULL;
    }
    while ((entry = readdir(stream)) != NULL) {
        if (strncmp(entry->d_name, base, strlen(base)) == 0 && is(entry->d_name + strlen(base))) {
            APR_ARRAY_PUSH(names, const char *) = apr_pstrcat(pool, directory, entry->d_name, NULL);
        }
    }
    (void)closedir(stream);
    return names;
}

static int has_other_name(const char *path)
{
    struct stat facts;

    return lstat(path, &facts) == 0 && facts.st_nlink > 1;
}

apr_status_t anshin_seal_key_tidy(const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    const apr_array_header_t *drafts = list(path, is_ours, err, pool);
    apr_status_t status = drafts != NULL ? APR_SUCCESS : ANSHIN_EFAULT;

    for (int i = 0; status == APR_SUCCESS && i < drafts->nelts; i++) {
        const char *draft = APR_ARRAY_IDX(drafts, i, const char *);

        if (has_other_name(draft)) {
            status = take_name(draft, err);
        }
    }
    return status;
}

/* Drafts of whoever was killed, of a key that nobody uses. */
static apr_status_t clean(const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    const apr_array_header_t *drafts;
    apr_status_t status;
    struct stat facts;

    if (lstat(path, &facts) == 0 && !S_ISREG(facts.st_mode)) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN1804", "%s is not a regular file", path);
    }
    status = anshin_seal_key_tidy(path, err, pool);
    if (status != APR_SUCCESS || (drafts = list(path, is_ours, err, pool)) == NULL) {
        return ANSHIN_EFAULT;
    }
    for (int i = 0; status == APR_SUCCESS && i < drafts->nelts; i++) {
        status = anshin_file_wipe(APR_ARRAY_IDX(drafts, i, const char *), err);
    }
    return status == APR_SUCCESS ? anshin_file_sync_directory(path, err, pool) : status;
}

/* First under a name that nobody reads a key from: zeros must never be one. */
static apr_status_t wipe_old(const char *old, anshin_error_t *err, apr_pool_t *pool)
{
    const char *gone = draft_of(old, err, pool);
    apr_status_t status;

    if (gone == NULL) {
        return ANSHIN_EFAULT;
    }
    if (rename(old, gone) != 0) {
        return anshin_fail(err, ANSHIN_EFAULT, "AN1805", "%s: %s", old, strerror(errno));
    }
    status = anshin_file_sync_directory(old, err, pool);
    status = status == APR_SUCCESS ? anshin_file_wipe(gone, err) : status;
    return status == APR_SUCCESS ? anshin_file_sync_directory(old, err, pool) : status;
}

anshin_seal_key_stage_t anshin_seal_key_stage(const char *path, apr_pool_t *pool)
{
    const char *old = apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_OLD, NULL);
    const apr_array_header_t *going;
    anshin_error_t err;

    if (is_there(apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_NEW, NULL))) {
        return ANSHIN_SEAL_KEY_ANNOUNCED;
    }
    /* The same key twice: the power went within a change, and somebody took away the new one. */
    if (is_there(old) && !is_same_key(path, old)) {
        return ANSHIN_SEAL_KEY_CHANGED;
    }
    anshin_error_clear(&err);
    going = list(path, is_going, &err, pool);
    return going != NULL && going->nelts > 0 ? ANSHIN_SEAL_KEY_GOING : ANSHIN_SEAL_KEY_ALONE;
}

apr_status_t anshin_seal_key_announce(const char *path, gid_t group, anshin_error_t *err, apr_pool_t *pool)
{
    const char *next = apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_NEW, NULL);
    const char *old = apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_OLD, NULL);
    apr_status_t status = clean(path, err, pool);
    anshin_seal_key_stage_t stage = anshin_seal_key_stage(path, pool);

    if (status == APR_SUCCESS && stage == ANSHIN_SEAL_KEY_CHANGED) {
        status = anshin_fail(err, ANSHIN_ECONFLICT, "AN1642", "%s is still there", old);
    }
    if (status == APR_SUCCESS && stage != ANSHIN_SEAL_KEY_ANNOUNCED && is_there(old)) {
        status = wipe_old(old, err, pool);
    }
    return status == APR_SUCCESS ? anshin_seal_key_create(next, group, err, pool) : status;
}

/* The old one is the very file that was in use, so that what is overwritten in the end is that, and no copy of it.
 * Where it is there already, the power went between it and the rename. */
static apr_status_t set_old(const char *path, const char *old, anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = APR_SUCCESS;

    if (is_same_file(path, old)) {
        return APR_SUCCESS;
    }
    if (is_there(old)) {
        if (!is_same_key(path, old)) {
            return anshin_fail(err, ANSHIN_ECONFLICT, "AN1806",
                               "%s is there, and another key than %s: what is sealed with it would be lost. Nothing "
                               "was done; take %s away and say key rotate again",
                               old, path, apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_NEW, NULL));
        }
        status = wipe_old(old, err, pool);
    }
    if (status == APR_SUCCESS && link(path, old) != 0) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN1807", "%s: %s", old, strerror(errno));
    }
    return status == APR_SUCCESS ? anshin_file_sync_directory(path, err, pool) : status;
}

apr_status_t anshin_seal_key_change(const char *path, gid_t group, anshin_error_t *err, apr_pool_t *pool)
{
    const char *next = apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_NEW, NULL);
    unsigned char key[ANSHIN_SEAL_KEY_BYTES];
    apr_status_t status = clean(path, err, pool);

    (void)group; /* both files are there, and have theirs */
    if (status == APR_SUCCESS) {
        status = anshin_seal_key_read(key, next, err);
    }
    if (status == APR_SUCCESS) {
        status = anshin_seal_key_read(key, path, err);
    }
    OPENSSL_cleanse(key, sizeof(key));
    if (status == APR_SUCCESS) {
        status = set_old(path, apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_OLD, NULL), err, pool);
    }
    if (status == APR_SUCCESS && rename(next, path) != 0) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN1643", "%s: %s", path, strerror(errno));
    }
    return status == APR_SUCCESS ? anshin_file_sync_directory(path, err, pool) : status;
}

apr_status_t anshin_seal_key_forget(const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    const char *old = apr_pstrcat(pool, path, ANSHIN_SEAL_KEY_OLD, NULL);
    apr_status_t status = clean(path, err, pool);

    return status == APR_SUCCESS && is_there(old) ? wipe_old(old, err, pool) : status;
}
