/*
 * Making a CA: see ca.h.
 *
 * SECURITY: makes the CA key. It is written once, mode 0600, encrypted where a passphrase is given, and not kept in
 * memory longer than that.
 */
#include "crypto/ca.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>

#include "crypto/build.h"
#include "crypto/cause.h"
#include "crypto/file.h"
#include "crypto/key_private.h"

#define SERIAL_BYTES 20
#define PASSPHRASE_ITERATIONS 600000 /* PBKDF2-HMAC-SHA-256; a person may have chosen it */

static apr_status_t fill_name(X509_NAME *name, const anshin_ca_wanted_t *wanted, anshin_error_t *err)
{
    const anshin_attribute_t attributes[] = {
        {NID_countryName, wanted->country, "country"},
        {NID_organizationName, wanted->organization, "organization"},
        {NID_commonName, wanted->common_name, "common name"},
    };
    const char *refused = anshin_build_name(name, attributes, sizeof(attributes) / sizeof(*attributes));

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
    apr_status_t rv = fill_name(name, wanted, err);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (RAND_bytes(serial, sizeof(serial)) != 1) {
        return anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0481", "no random numbers");
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

/* PKCS#8 in PEM, encrypted where there is a passphrase. 0: failed. */
static int write_key(BIO *bio, const EVP_PKEY *key, const char *passphrase)
{
    PKCS8_PRIV_KEY_INFO *plain;
    X509_SIG *encrypted = NULL;
    int written = 0;

    if (passphrase == NULL || passphrase[0] == '\0') {
        return PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    }
    plain = EVP_PKEY2PKCS8(key);
    if (plain != NULL) {
        encrypted = PKCS8_encrypt(-1, EVP_aes_256_cbc(), passphrase, (int)strlen(passphrase), NULL, 0,
                                  PASSPHRASE_ITERATIONS, plain);
    }
    if (encrypted != NULL) {
        written = PEM_write_bio_PKCS8(bio, encrypted);
    }
    PKCS8_PRIV_KEY_INFO_free(plain);
    X509_SIG_free(encrypted);
    return written;
}

static apr_status_t write_files(const char *certificate_file, const char *key_file, BIO *certificate, BIO *key,
                                anshin_error_t *err, apr_pool_t *pool)
{
    char *text;
    long length = BIO_get_mem_data(key, &text);
    apr_status_t rv = anshin_file_create(key_file, text, (apr_size_t)length, 0600, err);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    length = BIO_get_mem_data(certificate, &text);
    rv = anshin_file_create(certificate_file, text, (apr_size_t)length, 0644, err);
    if (rv != APR_SUCCESS) {
        unlink(key_file);
        return rv;
    }
    rv = anshin_directory_sync(key_file, err, pool);
    if (rv == APR_SUCCESS) {
        rv = anshin_directory_sync(certificate_file, err, pool);
    }
    if (rv != APR_SUCCESS) {
        unlink(key_file);
        unlink(certificate_file);
    }
    return rv;
}

static apr_status_t check(const anshin_ca_wanted_t *wanted, anshin_error_t *err)
{
    if (wanted->common_name == NULL || wanted->common_name[0] == '\0') {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0483", "CA: a common name is needed");
    }
    if (wanted->not_before < 0 || wanted->not_after <= wanted->not_before) {
        return anshin_fail(err, ANSHIN_EINVALID, "AN0484", "CA: its validity must end after it begins");
    }
    return APR_SUCCESS;
}

apr_status_t anshin_ca_create(const char *certificate_file, const char *key_file, const anshin_ca_wanted_t *wanted,
                              anshin_error_t *err, apr_pool_t *pool)
{
    apr_status_t rv = check(wanted, err);
    X509 *certificate = NULL;
    EVP_PKEY *key = NULL;
    BIO *certificate_bio = NULL;
    BIO *key_bio = NULL;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    key = anshin_pkey_make(wanted->key_type);
    certificate = X509_new();
    certificate_bio = BIO_new(BIO_s_mem());
    key_bio = BIO_new(BIO_s_secmem()); /* cleared as it is freed */
    if (key == NULL || certificate == NULL || certificate_bio == NULL || key_bio == NULL) {
        rv = anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0485", "no key could be made for the CA");
        goto end;
    }
    rv = build(certificate, key, wanted, err);
    if (rv != APR_SUCCESS) {
        goto end;
    }
    if (!PEM_write_bio_X509(certificate_bio, certificate) || !write_key(key_bio, key, wanted->passphrase)) {
        rv = anshin_openssl_fail(err, ANSHIN_EFAULT, "AN0486", "the CA could not be written");
        goto end;
    }
    rv = write_files(certificate_file, key_file, certificate_bio, key_bio, err, pool);
end:
    BIO_free(key_bio);
    BIO_free(certificate_bio);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return rv;
}

/* --- mending ---------------------------------------------------------------------------------------------------- */

#define FILE_MAX 65536

static apr_status_t read_certificate(X509 **certificate, const char *path, anshin_error_t *err)
{
    char text[FILE_MAX];
    apr_size_t length = 0;
    apr_status_t rv = anshin_file_load(text, &length, sizeof(text), path, 0777, err);
    BIO *bio = rv == APR_SUCCESS ? BIO_new_mem_buf(text, (int)length) : NULL;

    *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    if (rv == APR_SUCCESS && *certificate == NULL) {
        anshin_fail(err, ANSHIN_EINVALID, "AN1106", "%s is no certificate in PEM", path);
        return anshin_openssl_forget(ANSHIN_EINVALID);
    }
    return rv;
}

static int no_passphrase(char *buffer, int size, int writing, void *unused)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)unused;
    return -1;
}

static apr_status_t read_plain_key(EVP_PKEY **key, const char *path, anshin_error_t *err)
{
    char text[FILE_MAX];
    apr_size_t length = 0;
    apr_status_t rv = anshin_file_load(text, &length, sizeof(text), path, 0600, err);
    BIO *bio = rv == APR_SUCCESS ? BIO_new_mem_buf(text, (int)length) : NULL;

    *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    OPENSSL_cleanse(text, sizeof(text));
    if (rv == APR_SUCCESS && *key == NULL) {
        anshin_fail(err, ANSHIN_EINVALID, "AN1107", "%s is no key in PEM without a passphrase", path);
        return anshin_openssl_forget(ANSHIN_EINVALID);
    }
    return rv;
}

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
    apr_status_t rv = read_certificate(&certificate, certificate_file, err);

    (void)pool;
    *strict = 1;
    if (rv == APR_SUCCESS) {
        (void)constraints_at(certificate, strict);
        X509_free(certificate);
    }
    return rv;
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
    const char *fresh = apr_pstrcat(pool, path, ".new", NULL);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long length = bio != NULL && PEM_write_bio_X509(bio, certificate) ? BIO_get_mem_data(bio, &text) : 0;
    apr_status_t rv = length > 0 ? APR_SUCCESS : anshin_openssl_fail(err, ANSHIN_EFAULT, "AN1108", "no memory");

    if (rv == APR_SUCCESS) {
        (void)unlink(fresh); /* left behind by one that died */
        rv = anshin_file_create(fresh, text, (apr_size_t)length, 0644, err);
    }
    if (rv == APR_SUCCESS && rename(fresh, path) != 0) {
        rv = anshin_fail(err, ANSHIN_EFAULT, "AN1109", "%s: %s", path, strerror(errno));
        (void)unlink(fresh);
    }
    BIO_free(bio);
    return rv == APR_SUCCESS ? anshin_directory_sync(path, err, pool) : rv;
}

apr_status_t anshin_ca_mend(const char *certificate_file, const char *key_file, anshin_error_t *err, apr_pool_t *pool)
{
    X509 *certificate = NULL;
    EVP_PKEY *key = NULL;
    int strict = 1;
    int at = 0;
    apr_status_t rv = read_certificate(&certificate, certificate_file, err);

    if (rv == APR_SUCCESS) {
        at = constraints_at(certificate, &strict);
        rv = strict ? anshin_fail(err, ANSHIN_ECONFLICT, "AN1110", "%s is as it should be", certificate_file)
                    : read_plain_key(&key, key_file, err);
    }
    if (rv == APR_SUCCESS && (X509_check_private_key(certificate, key) != 1 || X509_self_signed(certificate, 1) != 1)) {
        anshin_fail(err, ANSHIN_EINVALID, "AN1111", "%s is not signed by itself with the key of %s", certificate_file,
                    key_file);
        rv = anshin_openssl_forget(ANSHIN_EINVALID);
    }
    if (rv == APR_SUCCESS && !sign_anew(certificate, at, key)) {
        rv = anshin_openssl_fail(err, ANSHIN_EFAULT, "AN1112", "the CA certificate could not be signed");
    }
    if (rv == APR_SUCCESS) {
        rv = replace(certificate_file, certificate, err, pool);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return rv;
}
