/*
 * Loading the CA certificates that client certificates are judged by: see x509.h.
 *
 * SECURITY: whoever may write the file decides who may log in; it belongs to the operator, like httpd's configuration.
 */
#include "crypto/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/cause.h"

static apr_status_t free_trust(void *data)
{
    anshin_trust_t *trust = data;

    for (int i = 0; i < trust->asking->nelts; i++) {
        SSL_CTX_free(APR_ARRAY_IDX(trust->asking, i, SSL_CTX *));
    }
    X509_STORE_free(trust->store);
    sk_X509_NAME_pop_free(trust->names, X509_NAME_free);
    return APR_SUCCESS;
}

static apr_status_t add_certificate(anshin_trust_t *trust, EVP_MD_CTX *digest, X509 *certificate, const char *file,
                                    anshin_error_t *err)
{
    X509_NAME *name;
    unsigned char der_digest[EVP_MAX_MD_SIZE];
    unsigned int digest_length;

    if (X509_check_ca(certificate) != 1) { /* 1: version 3 with basicConstraints CA; the other forms are relics */
        return anshin_fail(err, ANSHIN_EINVALID, "AN0430", "%s holds a certificate that is not one of a CA", file);
    }
    name = X509_NAME_dup(X509_get_subject_name(certificate));
    if (name == NULL || !sk_X509_NAME_push(trust->names, name)) {
        X509_NAME_free(name);
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0431", file);
    }
    if (!X509_STORE_add_cert(trust->store, certificate) ||
        !X509_digest(certificate, EVP_sha256(), der_digest, &digest_length) ||
        !EVP_DigestUpdate(digest, der_digest, digest_length)) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0432", file);
    }
    return APR_SUCCESS;
}

/* One whose end cannot be read has none that is told of; its certificates are judged all the same. */
static void note_end(anshin_trust_t *trust, const X509 *certificate)
{
    struct tm broken_down;
    apr_time_t end;

    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &broken_down)) {
        end = apr_time_from_sec((apr_time_t)timegm(&broken_down));
        trust->end = end > trust->end ? end : trust->end;
    }
}

apr_time_t anshin_trust_end(const anshin_trust_t *trust)
{
    return trust->end;
}

/* Every certificate of the file. */
static apr_status_t read_certificates(anshin_trust_t *trust, EVP_MD_CTX *digest, BIO *bio, const char *file,
                                      anshin_error_t *err)
{
    apr_status_t rv = APR_SUCCESS;
    X509 *certificate = NULL;
    unsigned long reason;

    while (rv == APR_SUCCESS && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        rv = add_certificate(trust, digest, certificate, file, err);
        note_end(trust, certificate);
        X509_free(certificate);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    reason = ERR_peek_last_error();
    if (ERR_GET_LIB(reason) != ERR_LIB_PEM || ERR_GET_REASON(reason) != PEM_R_NO_START_LINE) {
        return anshin_openssl_fail(err, ANSHIN_EINVALID, "AN0433", file);
    }
    if (sk_X509_NAME_num(trust->names) == 0) {
        return anshin_openssl_fail(err, ANSHIN_EINVALID, "AN0434", file);
    }
    return anshin_openssl_forget(APR_SUCCESS); /* no start line: the end of the file */
}

apr_status_t anshin_trust_load(anshin_trust_t **trust, const char *file, anshin_error_t *err, apr_pool_t *pool)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return anshin_fail(err, errno == ENOENT ? ANSHIN_ENOTFOUND : ANSHIN_EFAULT, "AN0435", "%s: %s", file,
                           strerror(errno));
    }
    return anshin_trust_read(trust, fd, file, err, pool);
}

apr_status_t anshin_trust_read(anshin_trust_t **trust, int fd, const char *file, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_trust_t *made = apr_pcalloc(pool, sizeof(*made));
    FILE *stream = fdopen(fd, "rb");
    EVP_MD_CTX *digest;
    apr_status_t rv;
    BIO *bio;

    if (stream == NULL) {
        rv = anshin_fail(err, ANSHIN_EFAULT, "AN1171", "%s: %s", file, strerror(errno));
        (void)close(fd);
        return rv;
    }
    made->asking = apr_array_make(pool, 4, sizeof(SSL_CTX *));
    made->store = X509_STORE_new();
    made->names = sk_X509_NAME_new_null();
    apr_pool_cleanup_register(pool, made, free_trust, apr_pool_cleanup_null);
    digest = EVP_MD_CTX_new();
    bio = BIO_new_fp(stream, BIO_NOCLOSE);
    if (made->store == NULL || made->names == NULL || digest == NULL || bio == NULL ||
        !EVP_DigestInit_ex(digest, EVP_sha256(), NULL)) {
        rv = anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0436", file);
        goto end;
    }
    rv = read_certificates(made, digest, bio, file, err);
    if (rv == APR_SUCCESS && !EVP_DigestFinal_ex(digest, made->id, NULL)) {
        rv = anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0437", file);
    }
    if (rv == APR_SUCCESS) {
        *trust = made;
    }
end:
    BIO_free(bio);
    EVP_MD_CTX_free(digest);
    fclose(stream);
    return rv;
}
