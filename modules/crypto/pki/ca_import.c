/*
 * A CA below a company's own: see ca_import.h.
 *
 * SECURITY: httpd trusts the CA's own certificate and nothing above it, so the chain lies in a file of its own: a root
 * among the trusted ones would let in whatever the company has issued to others.
 */
#include "crypto/pki/ca_import.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/cause.h"
#include "crypto/file.h"
#include "crypto/pki/build.h"
#include "crypto/pki/ca_chain.h"
#include "crypto/pki/ca_file.h"
#include "crypto/pki/ca_key.h"
#include "crypto/pki/ca_private.h"

/* --- the request ------------------------------------------------------------------------------------------------ */

/* The extensions that a CA of ours has, as build.h makes them. 0: failed. */
static int ask_extensions(X509_REQ *request)
{
    X509 *model = X509_new();
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    int done = model != NULL && anshin_build_key_usage(model, KU_KEY_CERT_SIGN | KU_CRL_SIGN) &&
               anshin_build_constraints(model, 1);

    for (int i = 0; done && i < X509_get_ext_count(model); i++) {
        done = X509v3_add_ext(&extensions, X509_get_ext(model, i), -1) != NULL;
    }
    done = done && X509_REQ_add_extensions(request, extensions);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_free(model);
    return done;
}

/* The key that is there, or a new one. */
static apr_status_t find_key(anshin_ca_key_t **key, const anshin_ca_key_source_t *source, anshin_key_type_t type,
                             anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t status = anshin_ca_key_open(key, source, err, pool);

    if (status != ANSHIN_ENOTFOUND) {
        return status;
    }
    anshin_error_clear(err);
    status = anshin_ca_key_make(key, source, type, err, pool);
    return status == APR_SUCCESS ? anshin_file_sync_directory(source->key, err, pool) : status;
}

apr_status_t anshin_ca_request(const char *request_file, const anshin_ca_key_source_t *key,
                               const anshin_ca_wanted_t *wanted, anshin_error_t *err, apr_pool_t *pool)
{
    X509_REQ *request = X509_REQ_new();
    BIO *bio = BIO_new(BIO_s_mem());
    anshin_ca_key_t *opened = NULL;
    char *text = NULL;
    apr_status_t status = anshin_ca_fill_name(X509_REQ_get_subject_name(request), wanted, err);

    if (status == APR_SUCCESS) {
        status = find_key(&opened, key, wanted->key_type, err, pool);
    }
    if (status == APR_SUCCESS &&
        !(X509_REQ_set_version(request, X509_REQ_VERSION_1) && X509_REQ_set_pubkey(request, opened->pkey) &&
          ask_extensions(request) && X509_REQ_sign(request, opened->pkey, anshin_build_digest(opened->pkey)) > 0 &&
          PEM_write_bio_X509_REQ(bio, request))) {
        status = anshin_openssl_fail(err, ANSHIN_EFAULT, "AN1263", "the request for the CA's certificate");
    }
    if (status == APR_SUCCESS) {
        long length = BIO_get_mem_data(bio, &text);

        status = anshin_ca_file_replace(request_file, text, (apr_size_t)length, err, pool);
    }
    BIO_free(bio);
    X509_REQ_free(request);
    return status;
}

/* --- the certificate -------------------------------------------------------------------------------------------- */

static apr_status_t refuse(anshin_error_t *err, apr_status_t status, const char *why)
{
    anshin_fail(err, status, "AN1264", "the CA's certificate is not taken: %s", why);
    return anshin_openssl_forget(status);
}

/* Take the one of the key out of all; the caller's then. NULL: there is none. */
static X509 *take_own(STACK_OF(X509) * all, const EVP_PKEY *key)
{
    for (int i = 0; i < sk_X509_num(all); i++) {
        if (EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(all, i)), key) == 1) {
            return sk_X509_delete(all, i);
        }
    }
    return NULL;
}

/* What of it does not fit; NULL: nothing. */
static const char *fault_of(X509 *own)
{
    unsigned int both = KU_KEY_CERT_SIGN | KU_CRL_SIGN;

    if (X509_check_ca(own) != 1) {
        return "it is not one of a CA (basicConstraints CA:TRUE)";
    }
    if ((X509_get_extension_flags(own) & EXFLAG_KUSAGE) == 0 || (X509_get_key_usage(own) & both) != both) {
        return "its keyUsage must have keyCertSign and cRLSign";
    }
    if (X509_check_purpose(own, X509_PURPOSE_SSL_CLIENT, 1) <= 0) {
        return "its extendedKeyUsage does not admit certificates of clients";
    }
    if (X509_cmp_current_time(X509_get0_notBefore(own)) > 0 || X509_cmp_current_time(X509_get0_notAfter(own)) < 0) {
        return "it is not valid today";
    }
    return X509_self_signed(own, 0) == 1 ? "it is signed by itself; give the one that the company's CA has made" : NULL;
}

/* What is above it must hold: up to a root where one is given, else to its issuer. */
static int prepare_store(X509_STORE *store, STACK_OF(X509) * above)
{
    int roots = 0;

    for (int i = 0; i < sk_X509_num(above); i++) {
        roots += X509_self_signed(sk_X509_value(above, i), 0) == 1;
    }
    for (int i = 0; i < sk_X509_num(above); i++) {
        X509 *one = sk_X509_value(above, i);

        if ((roots == 0 || X509_self_signed(one, 0) == 1) && !X509_STORE_add_cert(store, one)) {
            return 0;
        }
    }
    return X509_STORE_set_flags(store, roots == 0 ? X509_V_FLAG_PARTIAL_CHAIN : 0);
}

/* *chain: the issuer first; the caller frees. */
static apr_status_t verify(STACK_OF(X509) * *chain, X509 *own, STACK_OF(X509) * above, anshin_error_t *err,
                           apr_pool_t *pool)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    apr_status_t status = ANSHIN_EFAULT;
    const char *why = "no memory";

    *chain = NULL;
    if (store != NULL && context != NULL && prepare_store(store, above) &&
        X509_STORE_CTX_init(context, store, own, above)) {
        if (X509_verify_cert(context) == 1) {
            *chain = X509_STORE_CTX_get1_chain(context);
            X509_free(sk_X509_shift(*chain)); /* itself */
            status = APR_SUCCESS;
        } else {
            status = ANSHIN_EINVALID;
            why = apr_psprintf(pool, "%s, %d above it; the file must hold those above it as well",
                               X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)),
                               X509_STORE_CTX_get_error_depth(context));
        }
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return status == APR_SUCCESS ? status : refuse(err, status, why);
}

/* Users' certificates hang one deeper than the CA, which the path lengths above must admit (RFC 5280 4.2.1.9). */
static apr_status_t check_lengths(STACK_OF(X509) * chain, anshin_error_t *err)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        long admitted = X509_get_pathlen(sk_X509_value(chain, i));

        if (admitted >= 0 && admitted <= i) {
            return refuse(err, ANSHIN_EINVALID,
                          i == 0 ? "the path length of its issuer admits no CA below it"
                                 : "the path length of a CA above its issuer admits no CA so deep");
        }
    }
    return APR_SUCCESS;
}

/* The one that is there may be replaced by one of the same key and name alone. */
static apr_status_t check_former(const char *file, const X509 *own, anshin_error_t *err)
{
    X509 *former = NULL;
    apr_status_t status = anshin_ca_file_read(&former, file, err);

    if (status == ANSHIN_ENOTFOUND) {
        anshin_error_clear(err);
        return APR_SUCCESS;
    }
    if (status == APR_SUCCESS && (X509_NAME_cmp(X509_get_subject_name(former), X509_get_subject_name(own)) != 0 ||
                                  EVP_PKEY_eq(X509_get0_pubkey(former), X509_get0_pubkey(own)) != 1)) {
        status = refuse(err, ANSHIN_ECONFLICT,
                        "the CA that is there has another name or key, and what it issued would lose its issuer; use "
                        "its name, or make a new CA by ca create --next");
    }
    X509_free(former);
    return status;
}

static apr_status_t write_out(const char *file, STACK_OF(X509) * certificates, anshin_error_t *err, apr_pool_t *pool)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    int whole = bio != NULL;
    long length;
    apr_status_t status;

    for (int i = 0; whole && i < sk_X509_num(certificates); i++) {
        whole = PEM_write_bio_X509(bio, sk_X509_value(certificates, i));
    }
    length = whole ? BIO_get_mem_data(bio, &text) : 0;
    status = whole ? anshin_ca_file_replace(file, text, (apr_size_t)length, err, pool)
                   : refuse(err, ANSHIN_EFAULT, "no memory");
    BIO_free(bio);
    return status;
}

static const char *name_text(const X509_NAME *name, apr_pool_t *pool)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long length = bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0
                      ? BIO_get_mem_data(bio, &text)
                      : 0;
    const char *copied = apr_pstrmemdup(pool, text != NULL ? text : "", (apr_size_t)length);

    BIO_free(bio);
    return copied;
}

static apr_time_t time_of(const ASN1_TIME *time)
{
    struct tm parts;

    return ASN1_TIME_to_tm(time, &parts) ? apr_time_from_sec((apr_time_t)timegm(&parts)) : 0;
}

/* own is shown to be good: chain first, so that no certificate is there without it. */
static apr_status_t keep(anshin_ca_imported_t *imported, const char *file, X509 *own, STACK_OF(X509) * chain,
                         anshin_error_t *err, apr_pool_t *pool)
{
    STACK_OF(X509) *alone = sk_X509_new_null();
    apr_status_t status = write_out(apr_pstrcat(pool, file, ANSHIN_CA_CHAIN_SUFFIX, NULL), chain, err, pool);

    if (status == APR_SUCCESS) {
        status = alone != NULL && sk_X509_push(alone, own) ? write_out(file, alone, err, pool) : ANSHIN_EFAULT;
    }
    sk_X509_free(alone);
    imported->subject = name_text(X509_get_subject_name(own), pool);
    imported->issuer = name_text(X509_get_issuer_name(own), pool);
    imported->not_after = time_of(X509_get0_notAfter(own));
    imported->chain = sk_X509_num(chain);
    return status;
}

apr_status_t anshin_ca_import(anshin_ca_imported_t *imported, const char *certificate_file,
                              const anshin_ca_key_source_t *key, const anshin_bytes_t *pem, anshin_error_t *err,
                              apr_pool_t *pool)
{
    STACK_OF(X509) *above = NULL;
    STACK_OF(X509) *chain = NULL;
    anshin_ca_key_t *opened = NULL;
    X509 *own = NULL;
    const char *fault;
    apr_status_t status = anshin_ca_file_parse(&above, pem->data, pem->length, ANSHIN_CA_CHAIN_MAX + 1)
                              ? anshin_ca_key_open(&opened, key, err, pool)
                              : refuse(err, ANSHIN_EINVALID,
                                       "the file holds no certificates in PEM, or more "
                                       "than nine");

    if (status == APR_SUCCESS) {
        own = take_own(above, opened->pkey);
        fault = own == NULL ? "none in the file is of the CA's key" : fault_of(own);
        status = fault == NULL ? APR_SUCCESS : refuse(err, ANSHIN_EINVALID, fault);
    }
    if (status == APR_SUCCESS) {
        status = check_former(certificate_file, own, err);
    }
    if (status == APR_SUCCESS) {
        status = verify(&chain, own, above, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = check_lengths(chain, err);
    }
    if (status == APR_SUCCESS) {
        status = keep(imported, certificate_file, own, chain, err, pool);
    }
    sk_X509_pop_free(chain, X509_free);
    sk_X509_pop_free(above, X509_free);
    X509_free(own);
    return status;
}
