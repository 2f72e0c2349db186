/*
 * The seal key file: 32 random octets, see crypto.h and keyfile.h.
 *
 * SECURITY: with this key whoever has the store can open every sealed thing in it. The file is made once, readable for
 * owner and group alone, and refused when it is wider than that.
 */
#include "crypto/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "crypto/cause.h"

#define WIDEST 0640

apr_status_t anshin_seal_key_read(unsigned char key[ANSHIN_SEAL_KEY_BYTES], const char *path, anshin_error_t *err)
{
    unsigned char octets[ANSHIN_SEAL_KEY_BYTES + 1]; /* one more, to see that there is no more */
    struct stat facts;
    ssize_t got;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (file < 0) {
        return anshin_fail(err, errno == ENOENT ? ANSHIN_ENOTFOUND : ANSHIN_EFAULT, "AN0411", "seal key %s: %s", path,
                           strerror(errno));
    }
    if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        close(file);
        return anshin_fail(err, ANSHIN_EINVALID, "AN0412", "seal key %s is not a regular file", path);
    }
    if ((facts.st_mode & 07777 & ~(mode_t)WIDEST) != 0) {
        close(file);
        return anshin_fail(err, ANSHIN_EINVALID, "AN0413", "seal key %s has mode %04o: make it %04o or narrower", path,
                           (unsigned int)(facts.st_mode & 07777), WIDEST);
    }
    got = read(file, octets, sizeof(octets));
    close(file);
    if (got == ANSHIN_SEAL_KEY_BYTES) {
        memcpy(key, octets, ANSHIN_SEAL_KEY_BYTES);
    }
    OPENSSL_cleanse(octets, sizeof(octets));
    if (got != ANSHIN_SEAL_KEY_BYTES) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0414", "seal key %s must hold exactly %d octets", path,
                           ANSHIN_SEAL_KEY_BYTES);
    }
    return APR_SUCCESS;
}

/* The key under a name of its own, complete and on disk. */
static apr_status_t write_draft(const char *path, anshin_error_t *err)
{
    unsigned char key[ANSHIN_SEAL_KEY_BYTES];
    int file;
    int written;

    if (RAND_priv_bytes(key, sizeof(key)) != 1) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0415", "no random numbers for the seal key");
    }
    file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        OPENSSL_cleanse(key, sizeof(key));
        return anshin_fail(err, ANSHIN_EFAULT, "AN0416", "%s: %s", path, strerror(errno));
    }
    written = write(file, key, sizeof(key)) == (ssize_t)sizeof(key) && fchmod(file, WIDEST) == 0 && fsync(file) == 0;
    OPENSSL_cleanse(key, sizeof(key));
    if (!written) {
        anshin_fail(err, ANSHIN_EFAULT, "AN0417", "%s: %s", path, strerror(errno));
        unlink(path);
    }
    close(file);
    return written ? APR_SUCCESS : ANSHIN_EFAULT;
}

static apr_status_t sync_directory(const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    const char *slash = strrchr(path, '/');
    const char *directory = slash == NULL   ? "."
                            : slash == path ? "/"
                                            : apr_pstrmemdup(pool, path, (apr_size_t)(slash - path));
    int file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int synced = file >= 0 && fsync(file) == 0;

    if (!synced) {
        anshin_fail(err, ANSHIN_EFAULT, "AN0418", "%s: %s", directory, strerror(errno));
    }
    if (file >= 0) {
        close(file);
    }
    return synced ? APR_SUCCESS : ANSHIN_EFAULT;
}

apr_status_t anshin_seal_key_create(const char *path, anshin_error_t *err, apr_pool_t *pool)
{
    const char *draft = apr_psprintf(pool, "%s.%" APR_PID_T_FMT, path, getpid());
    struct stat facts;
    apr_status_t rv;

    if (lstat(path, &facts) == 0) {
        return APR_SUCCESS;
    }
    rv = write_draft(draft, err);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    /* link() puts a complete file there or nothing, and never over another: a reader sees no half key. */
    if (link(draft, path) != 0 && errno != EEXIST) {
        rv = anshin_fail(err, ANSHIN_EFAULT, "AN0419", "%s: %s", path, strerror(errno));
    }
    unlink(draft);
    return rv == APR_SUCCESS ? sync_directory(path, err, pool) : rv;
}
