/*
 * Loading the CA certificates that client certificates are judged by: see trust.h.
 *
 * SECURITY: whoever may write the file decides who may log in; it belongs to the operator, like httpd's configuration.
 */
#include "crypto/pki/trust_private.h"

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
#include "crypto/pki/ca_id.h"

static apr_status_t free_trust(void *data)
{
    anshin_trust_t *trust = data;

    for (int i = 0; i < trust->asking->nelts; i++) {
        SSL_CTX_free(APR_ARRAY_IDX(trust->asking, i, SSL_CTX *));
    }
    for (int i = 0; i < trust->cas->nelts; i++) {
        X509_free(APR_ARRAY_IDX(trust->cas, i, anshin_trusted_t).certificate);
    }
    X509_STORE_free(trust->store);
    sk_X509_NAME_pop_free(trust->names, X509_NAME_free);
    return APR_SUCCESS;
}

static apr_status_t no_memory(anshin_error_t *err)
{
    return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0436", "no memory for CA certificates");
}

apr_status_t anshin_trust_create(anshin_trust_t **trust, anshin_error_t *err, apr_pool_t *pool)
{
    anshin_trust_t *made = apr_pcalloc(pool, sizeof(*made));

    made->pool = pool;
    made->asking = apr_array_make(pool, 4, sizeof(SSL_CTX *));
    made->cas = apr_array_make(pool, 2, sizeof(anshin_trusted_t));
    made->store = X509_STORE_new();
    made->names = sk_X509_NAME_new_null();
    apr_pool_cleanup_register(pool, made, free_trust, apr_pool_cleanup_null);
    if (made->store == NULL || made->names == NULL) {
        return no_memory(err);
    }
    *trust = made;
    return APR_SUCCESS;
}

/* --- one certificate --------------------------------------------------------------------------------------------- */

static int is_there(const anshin_trust_t *trust, const X509 *certificate)
{
    for (int i = 0; i < trust->cas->nelts; i++) {
        if (X509_cmp(APR_ARRAY_IDX(trust->cas, i, anshin_trusted_t).certificate, certificate) == 0) {
            return 1;
        }
    }
    return 0;
}

/* So that sessions of other CAs are not resumed: one hash over all so far. */
static int mix(anshin_trust_t *trust, const X509 *certificate)
{
    unsigned char both[sizeof(trust->id) + EVP_MAX_MD_SIZE];
    unsigned int length;

    memcpy(both, trust->id, sizeof(trust->id));
    return X509_digest(certificate, EVP_sha256(), both + sizeof(trust->id), &length) &&
           EVP_Digest(both, sizeof(trust->id) + length, trust->id, NULL, EVP_sha256(), NULL);
}

static int push_name(anshin_trust_t *trust, const X509 *certificate)
{
    X509_NAME *name = X509_NAME_dup(X509_get_subject_name(certificate));

    if (name != NULL && sk_X509_NAME_push(trust->names, name)) {
        return 1;
    }
    X509_NAME_free(name);
    return 0;
}

static apr_status_t add_certificate(anshin_trust_t *trust, X509 *certificate, const char *id, const char *file,
                                    anshin_error_t *err)
{
    if (is_there(trust, certificate)) {
        return APR_SUCCESS;
    }
    if (!push_name(trust, certificate)) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0431", file);
    }
    if (!X509_STORE_add_cert(trust->store, certificate) || !mix(trust, certificate) || !X509_up_ref(certificate)) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0432", file);
    }
    APR_ARRAY_PUSH(trust->cas, anshin_trusted_t) = (anshin_trusted_t){certificate, id};
    return APR_SUCCESS;
}

/* --- a file ------------------------------------------------------------------------------------------------------ */

/* One whose end cannot be read has none that is told of; its certificates are judged all the same. */
static apr_time_t end_of(const X509 *certificate)
{
    struct tm broken_down;

    return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &broken_down)
               ? apr_time_from_sec((apr_time_t)timegm(&broken_down))
               : 0;
}

static const char *name_of(const X509 *certificate, apr_pool_t *pool)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *name = "";
    char *text;
    long length;

    if (bio != NULL && X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0,
                                          XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) > 0) {
        length = BIO_get_mem_data(bio, &text);
        name = apr_pstrmemdup(pool, text, (apr_size_t)length);
    }
    BIO_free(bio);
    return name;
}

static apr_status_t describe(anshin_trust_ca_t *ca, X509 *certificate, const char *file, anshin_error_t *err,
                             apr_pool_t *pool)
{
    char id[ANSHIN_CA_ID_LENGTH + 1];

    if (X509_check_ca(certificate) != 1) { /* 1: version 3 with basicConstraints CA; the other forms are relics */
        return anshin_fail(err, ANSHIN_EINVALID, "AN0430", "%s holds a certificate that is not one of a CA", file);
    }
    if (!anshin_ca_id(id, certificate)) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0437", file);
    }
    *ca = (anshin_trust_ca_t){apr_pstrdup(pool, id), name_of(certificate, pool), end_of(certificate)};
    return APR_SUCCESS;
}

/* Every certificate of the file, in all. */
static apr_status_t read_certificates(STACK_OF(X509) * all, FILE *stream, const char *file, anshin_error_t *err)
{
    X509 *certificate;
    unsigned long reason;

    while ((certificate = PEM_read_X509(stream, NULL, NULL, NULL)) != NULL) {
        if (!sk_X509_push(all, certificate)) {
            X509_free(certificate);
            return no_memory(err);
        }
    }
    reason = ERR_peek_last_error();
    if (ERR_GET_LIB(reason) != ERR_LIB_PEM || ERR_GET_REASON(reason) != PEM_R_NO_START_LINE) {
        return anshin_openssl_fail(err, ANSHIN_EINVALID, "AN0433", file);
    }
    if (sk_X509_num(all) == 0) {
        return anshin_openssl_fail(err, ANSHIN_EINVALID, "AN0434", file);
    }
    return anshin_openssl_forget(APR_SUCCESS); /* no start line: the end of the file */
}

static apr_status_t add_all(anshin_trust_t *trust, STACK_OF(X509) * all, const char *file, apr_array_header_t *found,
                            anshin_error_t *err)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < sk_X509_num(all); i++) {
        status = describe(apr_array_push(found), sk_X509_value(all, i), file, err, trust->pool);
    }
    for (int i = 0; status == APR_SUCCESS && i < sk_X509_num(all); i++) {
        status =
            add_certificate(trust, sk_X509_value(all, i), APR_ARRAY_IDX(found, i, anshin_trust_ca_t).id, file, err);
    }
    return status;
}

apr_status_t anshin_trust_add(anshin_trust_t *trust, int fd, const char *file, apr_array_header_t **found,
                              anshin_error_t *err)
{
    FILE *stream = fdopen(fd, "rb");
    STACK_OF(X509) * all;
    apr_status_t status;

    if (stream == NULL) {
        status = anshin_fail(err, ANSHIN_EFAULT, "AN1171", "%s: %s", file, strerror(errno));
        (void)close(fd);
        return status;
    }
    *found = apr_array_make(trust->pool, 1, sizeof(anshin_trust_ca_t));
    all = sk_X509_new_null();
    status = all != NULL ? read_certificates(all, stream, file, err) : no_memory(err);
    if (status == APR_SUCCESS) {
        status = add_all(trust, all, file, *found, err);
    }
    sk_X509_pop_free(all, X509_free);
    fclose(stream);
    return status;
}

apr_status_t anshin_trust_load(anshin_trust_t **trust, const char *file, apr_array_header_t **found,
                               anshin_error_t *err, apr_pool_t *pool)
{
    apr_array_header_t *ignored;
    apr_status_t status = anshin_trust_create(trust, err, pool);
    int fd = open(file, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return anshin_fail(err, errno == ENOENT ? ANSHIN_ENOTFOUND : ANSHIN_EFAULT, "AN0435", "%s: %s", file,
                           strerror(errno));
    }
    if (status != APR_SUCCESS) {
        (void)close(fd);
        return status;
    }
    return anshin_trust_add(*trust, fd, file, found != NULL ? found : &ignored, err);
}
