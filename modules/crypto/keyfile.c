/*
 * The seal key file: 32 random octets, see crypto.h and keyfile.h.
 *
 * SECURITY: with this key whoever has the store can open every sealed thing in it. The file is made once, readable for
 * owner and group alone, and refused when it is wider than that.
 */
#include "crypto/keyfile.h"

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

/* The key under a name of its own, complete and on disk. */
static apr_status_t write_draft(const char *path, gid_t group, anshin_error_t *err)
{
    unsigned char key[ANSHIN_SEAL_KEY_BYTES];
    apr_status_t status;

    if (RAND_priv_bytes(key, sizeof(key)) != 1) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0424", "the system gives no random bytes for the seal key");
    }
    status = anshin_file_create(path, key, sizeof(key), WIDEST, err);
    OPENSSL_cleanse(key, sizeof(key));
    if (status == APR_SUCCESS && group != (gid_t)-1 && lchown(path, (uid_t)-1, group) != 0) {
        status =
            anshin_fail(err, ANSHIN_EFAULT, "AN1028", "%s cannot be handed to its group: %s", path, strerror(errno));
        unlink(path);
    }
    return status == APR_SUCCESS ? status : ANSHIN_EFAULT;
}

apr_status_t anshin_seal_key_create(const char *path, gid_t group, anshin_error_t *err, apr_pool_t *pool)
{
    unsigned char suffix[8];
    const char *draft;
    struct stat facts;
    apr_status_t status;

    if (lstat(path, &facts) == 0) {
        return APR_SUCCESS;
    }
    if (RAND_bytes(suffix, sizeof(suffix)) != 1) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0426", "the system gives no random bytes for the seal key");
    }
    draft = apr_pstrcat(pool, path, ".", anshin_hex(suffix, sizeof(suffix), pool), NULL);
    status = write_draft(draft, group, err);
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
