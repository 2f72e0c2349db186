/*
 * Making a CA: see ca.h.
 *
 * SECURITY: makes the CA key. It is written once, mode 0600, encrypted where a passphrase is given, and not kept in
 * memory longer than that.
 */
#include "crypto/pki/ca.h"

#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/rand.h>

#include "core/config/key_reference.h"
#include "crypto/cause.h"
#include "crypto/file.h"
#include "crypto/pki/build.h"
#include "crypto/pki/ca_file.h"
#include "crypto/pki/ca_key.h"
#include "crypto/pki/ca_private.h"

#define SERIAL_BYTES 20

apr_status_t anshin_ca_fill_name(X509_NAME *name, const anshin_ca_wanted_t *wanted, anshin_error_t *err)
{
    const anshin_attribute_t attributes[] = {
        {NID_countryName, wanted->country, "country"},
        {NID_organizationName, wanted->organization, "organization"},
        {NID_commonName, wanted->common_name, "common name"},
    };
    const char *refused = anshin_build_name(name, attributes, sizeof(attributes) / sizeof(*attributes));

    if (wanted->common_name == NULL || wanted->common_name[0] == '\0') {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0483", "CA: a common name is needed");
    }
    if (refused != NULL) {
        anshin_fail(err, ANSHIN_EINVALID, "AN0480", "CA: %s is not acceptable", refused);
        return anshin_openssl_forget(ANSHIN_EINVALID);
    }
    return APR_SUCCESS;
}

/* Fill and sign certificate. */
static apr_status_t build(X509 *certificate, EVP_PKEY *key, const anshin_ca_wanted_t *wanted, anshin_error_t *err)
{
    unsigned char serial[SERIAL_BYTES];
    X509_NAME *name = X509_get_subject_name(certificate);
    apr_status_t status = anshin_ca_fill_name(name, wanted, err);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (RAND_bytes(serial, sizeof(serial)) != 1) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0481", "the system gives no random bytes");
    }
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40); /* positive, and always of 20 octets */
    if (!X509_set_version(certificate, X509_VERSION_3) || !anshin_build_serial(certificate, serial, sizeof(serial)) ||
        !anshin_build_dates(certificate, wanted->not_before, wanted->not_after) ||
        !X509_set_issuer_name(certificate, name) || !X509_set_pubkey(certificate, key) ||
        !anshin_build_subject_key(certificate) || !anshin_build_authority_key(certificate, certificate) ||
        !anshin_build_key_usage(certificate, KU_KEY_CERT_SIGN | KU_CRL_SIGN) ||
        !anshin_build_constraints(certificate, 1) || X509_sign(certificate, key, anshin_build_digest(key)) <= 0) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0482", "the CA's certificate could not be made");
    }
    return APR_SUCCESS;
}

static apr_status_t check(const anshin_ca_wanted_t *wanted, anshin_error_t *err)
{
    if (wanted->not_before < 0 || wanted->not_after <= wanted->not_before) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0484", "CA: its validity must end after it begins");
    }
    return APR_SUCCESS;
}

static apr_status_t write_certificate(const char *file, const X509 *certificate, anshin_error_t *err, apr_pool_t *pool)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    apr_status_t status;

    if (bio == NULL || !PEM_write_bio_X509(bio, certificate)) {
        BIO_free(bio);
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0486", "the CA could not be written");
    }
    status = anshin_file_create(file, text, (apr_size_t)BIO_get_mem_data(bio, &text), 0644, err);
    BIO_free(bio);
    return status == APR_SUCCESS ? anshin_file_sync_directory(file, err, pool) : status;
}

apr_status_t anshin_ca_create(const char *certificate_file, const anshin_ca_key_source_t *key,
                              const anshin_ca_wanted_t *wanted, anshin_error_t *err, apr_pool_t *pool)
{
    int on_token = anshin_key_is_on_token(key->key);
    X509 *certificate = X509_new();
    anshin_ca_key_t *opened = NULL;
    int made = 0;
    apr_status_t status = check(wanted, err);

    if (status == APR_SUCCESS && on_token) {
        status = anshin_ca_key_open(&opened, key, err, pool);
    } else if (status == APR_SUCCESS) {
        status = anshin_ca_key_make(&opened, key, wanted->key_type, err, pool);
        made = status == APR_SUCCESS;
    }
    if (status == APR_SUCCESS) {
        status = build(certificate, opened->pkey, wanted, err);
    }
    if (status == APR_SUCCESS && made) {
        status = anshin_file_sync_directory(key->key, err, pool);
    }
    if (status == APR_SUCCESS) {
        status = write_certificate(certificate_file, certificate, err, pool);
    }
    if (status != APR_SUCCESS && made) {
        unlink(key->key);
    }
    X509_free(certificate);
    return status;
}

apr_status_t anshin_ca_try_key(const char *certificate_file, const anshin_ca_key_source_t *key, anshin_error_t *err,
                               apr_pool_t *pool)
{
    X509 *certificate = NULL;
    anshin_ca_key_t *opened = NULL;
    apr_status_t status = anshin_ca_file_read(&certificate, certificate_file, err);

    if (status == ANSHIN_ENOTFOUND) {
        anshin_error_clear(err);
        status = APR_SUCCESS;
    }
    if (status == APR_SUCCESS) {
        status = anshin_ca_key_open(&opened, key, err, pool);
    }
    if (status == APR_SUCCESS && certificate != NULL && X509_check_private_key(certificate, opened->pkey) != 1) {
        anshin_fail(err, ANSHIN_EINVALID, "AN1107", "%s is not the certificate of the key %s", certificate_file,
                    key->key);
        status = anshin_openssl_forget(ANSHIN_EINVALID);
    }
    if (status == APR_SUCCESS) {
        status =
            anshin_ca_key_try(opened->pkey, certificate != NULL ? X509_get0_pubkey(certificate) : opened->pkey, err);
    }
    X509_free(certificate);
    return status;
}

/* --- mending ---------------------------------------------------------------------------------------------------- */

/* Where basicConstraints stand, and whether their BOOLEAN is as DER has it; absent or FALSE is (-1: absent). */
static int constraints_at(const X509 *certificate, int *strict)
{
    int at = X509_get_ext_by_NID(certificate, NID_basic_constraints, -1);
    const ASN1_OCTET_STRING *value = at >= 0 ? X509_EXTENSION_get_data(X509_get_ext(certificate, at)) : NULL;
    const unsigned char *octets = value != NULL ? ASN1_STRING_get0_data(value) : NULL;

    *strict = octets == NULL || ASN1_STRING_length(value) < 5 || octets[2] != V_ASN1_BOOLEAN || octets[4] == 0xff;
    return at;
}

apr_status_t anshin_ca_is_strict(int *strict, const char *certificate_file, anshin_error_t *err, apr_pool_t *pool)
{
    X509 *certificate;
    apr_status_t status = anshin_ca_file_read(&certificate, certificate_file, err);

    (void)pool;
    *strict = 1;
    if (status == APR_SUCCESS) {
        (void)constraints_at(certificate, strict);
        X509_free(certificate);
    }
    return status;
}

/* The same once more, with basicConstraints decoded and encoded again where they stood. 0: failed. */
static int sign_anew(X509 *certificate, int at, EVP_PKEY *key)
{
    unsigned char serial[SERIAL_BYTES];
    BASIC_CONSTRAINTS *constraints = X509_get_ext_d2i(certificate, NID_basic_constraints, NULL, NULL);
    X509_EXTENSION *made = NULL;
    int done = 0;

    if (constraints != NULL && RAND_bytes(serial, sizeof(serial)) == 1) {
        constraints->ca = constraints->ca ? 0xff : 0;
        made = X509V3_EXT_i2d(NID_basic_constraints, 1, constraints);
        serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40);
    }
    if (made != NULL) {
        X509_EXTENSION_free(X509_delete_ext(certificate, at));
        done = X509_add_ext(certificate, made, at) && anshin_build_serial(certificate, serial, sizeof(serial)) &&
               X509_sign(certificate, key, anshin_build_digest(key)) > 0;
    }
    X509_EXTENSION_free(made);
    BASIC_CONSTRAINTS_free(constraints);
    return done;
}

static apr_status_t replace(const char *path, X509 *certificate, anshin_error_t *err, apr_pool_t *pool)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long length = bio != NULL && PEM_write_bio_X509(bio, certificate) ? BIO_get_mem_data(bio, &text) : 0;
    apr_status_t status = length > 0 ? anshin_ca_file_replace(path, text, (apr_size_t)length, err, pool)
                                     : anshin_openssl_fail(err, ANSHIN_EFAULT, "AN1108", "no memory");

    BIO_free(bio);
    return status;
}

apr_status_t anshin_ca_mend(const char *certificate_file, const char *key_file, anshin_error_t *err, apr_pool_t *pool)
{
    const anshin_ca_key_source_t source = {.key = key_file};
    X509 *certificate = NULL;
    anshin_ca_key_t *key = NULL;
    int strict = 1;
    int at = 0;
    apr_status_t status = anshin_ca_file_read(&certificate, certificate_file, err);

    if (status == APR_SUCCESS) {
        at = constraints_at(certificate, &strict);
        if (strict) {
            X509_free(certificate);
            return anshin_fail(err, ANSHIN_ECONFLICT, "AN1110", "%s is as it should be", certificate_file);
        }
        status = anshin_ca_key_open(&key, &source, err, pool);
    }
    if (status == APR_SUCCESS &&
        (X509_check_private_key(certificate, key->pkey) != 1 || X509_self_signed(certificate, 1) != 1)) {
        anshin_fail(err, ANSHIN_EINVALID, "AN1111", "%s is not signed by itself with the key of %s", certificate_file,
                    key_file);
        status = anshin_openssl_forget(ANSHIN_EINVALID);
    }
    if (status == APR_SUCCESS && !sign_anew(certificate, at, key->pkey)) {
        status = anshin_openssl_fail(err, ANSHIN_EFAULT, "AN1112", "the CA certificate could not be signed");
    }
    if (status == APR_SUCCESS) {
        status = replace(certificate_file, certificate, err, pool);
    }
    X509_free(certificate);
    return status;
}
