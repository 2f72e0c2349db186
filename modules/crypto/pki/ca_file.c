/*
 * Files of certificates in PEM: see ca_file.h.
 */
#include "crypto/pki/ca_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/cause.h"
#include "crypto/file.h"

apr_status_t anshin_ca_file_read(X509 **certificate, const char *path, anshin_error_t *err)
{
    char text[ANSHIN_PEM_MAX];
    apr_size_t length = 0;
    apr_status_t status = anshin_file_load(text, &length, sizeof(text), path, 0777, err);
    BIO *bio = status == APR_SUCCESS ? BIO_new_mem_buf(text, (int)length) : NULL;

    *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    if (status == APR_SUCCESS && *certificate == NULL) {
        anshin_fail(err, ANSHIN_EINVALID, "AN1106", "%s does not hold a certificate in PEM", path);
        return anshin_openssl_forget(ANSHIN_EINVALID);
    }
    return status;
}

int anshin_ca_file_parse(STACK_OF(X509) * *all, const void *text, apr_size_t length, int most)
{
    STACK_OF(X509) *read = sk_X509_new_null();
    BIO *bio = length <= ANSHIN_PEM_MAX ? BIO_new_mem_buf(text, (int)length) : NULL;
    X509 *one;
    int whole;

    while (read != NULL && bio != NULL && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        if (!sk_X509_push(read, one)) {
            X509_free(one);
            break;
        }
    }
    whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE; /* the end, and not something broken */
    ERR_clear_error();
    BIO_free(bio);
    if (!whole || sk_X509_num(read) == 0 || sk_X509_num(read) > most) {
        sk_X509_pop_free(read, X509_free);
        read = NULL;
    }
    *all = read;
    return read != NULL;
}

apr_status_t anshin_ca_file_replace(const char *path, const void *text, apr_size_t length, anshin_error_t *err,
                                    apr_pool_t *pool)
{
    const char *fresh = apr_pstrcat(pool, path, ".new", NULL);
    apr_status_t status;

    (void)unlink(fresh); /* left behind by one that died */
    status = anshin_file_create(fresh, text, length, 0644, err);
    if (status == APR_SUCCESS && rename(fresh, path) != 0) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN1109", "%s: %s", path, strerror(errno));
        (void)unlink(fresh);
    }
    return status == APR_SUCCESS ? anshin_file_sync_directory(path, err, pool) : status;
}
