/*
 * Making a CA: see ca.h.
 *
 * SECURITY: makes the CA key. It is written once, mode 0600, encrypted where a passphrase is given, and not kept in
 * memory longer than that.
 */
#include "crypto/ca.h"

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
